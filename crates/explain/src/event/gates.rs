use serde::Serialize;
use trigger::{Gate, Runs, Verdict};

/// A gate and what it said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Passed {
    /// 0 to 10, in the order in which they are asked.
    pub number: u8,
    pub code: &'static str,
    pub title: &'static str,
    pub state: GateState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GateState {
    Passed,
    /// It keeps the workflow from running, for now or for good.
    Stopped,
    Undetermined,
    /// An earlier one stopped it.
    NotAsked,
}

/// Every gate in order. The one that decided is the last that was asked, unless everything passed.
pub(super) fn passed(verdict: &Verdict) -> Vec<Passed> {
    let state = |gate: Gate| match verdict.runs {
        Runs::Yes => GateState::Passed,
        _ if gate < verdict.gate => GateState::Passed,
        _ if gate > verdict.gate => GateState::NotAsked,
        Runs::Undetermined => GateState::Undetermined,
        Runs::No | Runs::AwaitsApproval => GateState::Stopped,
    };
    Gate::ALL
        .into_iter()
        .map(|gate| Passed { number: gate.number(), code: gate.code(), title: gate.title(), state: state(gate) })
        .collect()
}
