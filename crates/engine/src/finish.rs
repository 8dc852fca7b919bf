//! Results: a leg ends, its job may end, its workflow may end.

use api::Conclusion;
use expr::Value;

use crate::effect::{Effect, Holder, Why};
use crate::expand::failed;
use crate::run::Run;
use crate::state::{LegStage, NodeStage};

impl Run {
    pub(crate) fn finish_leg(
        &mut self,
        leg: usize,
        conclusion: Conclusion,
        reason: Option<Why>,
        outputs: Vec<(String, String)>,
    ) {
        if self.legs[leg].is_done() {
            return;
        }
        self.legs[leg].stage = LegStage::Done(conclusion);
        self.legs[leg].order = None;
        let node = self.legs[leg].node;
        // A leg never sends empty outputs, so an empty one cannot overwrite what another leg has set.
        for (name, value) in outputs.iter().filter(|(_, value)| !value.is_empty()) {
            self.nodes[node].outputs.insert(name.as_str(), Value::string(value.as_str()));
        }
        let id = self.legs[leg].id;
        self.effects.push(Effect::Finished { leg: id, conclusion, reason, outputs });
        if std::mem::take(&mut self.legs[leg].in_group) {
            self.effects.push(Effect::Leave(Holder::Leg(id)));
        }
        let counts = conclusion == Conclusion::Failure && !self.legs[leg].continue_on_error;
        if counts && self.nodes[node].fail_fast {
            let why = Why::new("fail-fast", format!("`{}` failed and `fail-fast` is on", self.legs[leg].name), None);
            for other in self.nodes[node].legs.clone() {
                self.cancel_leg(other, &why);
            }
        }
        if self.nodes[node].legs.iter().all(|&leg| self.legs[leg].is_done()) {
            self.finish_node(node);
        } else if self.nodes[node].stage == NodeStage::Expanded {
            self.launch_ready(node);
        }
    }

    fn finish_node(&mut self, node: usize) {
        if self.nodes[node].result().is_some() {
            return;
        }
        let results: Vec<Conclusion> = self.nodes[node].legs.iter().map(|&leg| self.leg_result(leg)).collect();
        let result = [Conclusion::Failure, Conclusion::Cancelled]
            .into_iter()
            .find(|worst| results.contains(worst))
            .unwrap_or(if results.iter().all(|one| *one == Conclusion::Skipped) {
                Conclusion::Skipped
            } else {
                Conclusion::Success
            });
        self.nodes[node].stage = NodeStage::Done(result);
        let scope = self.nodes[node].scope;
        let nodes = &self.scopes[scope].nodes;
        self.wake.extend(nodes.iter().copied().filter(|&other| self.nodes[other].needs.contains(&node)));
        if nodes.iter().all(|&node| self.nodes[node].result().is_some()) {
            self.finish_scope(scope);
        }
    }

    /// What dependants see: a failure under `continue-on-error` counts as success.
    fn leg_result(&self, leg: usize) -> Conclusion {
        match self.legs[leg].stage {
            LegStage::Done(Conclusion::Failure) if self.legs[leg].continue_on_error => Conclusion::Success,
            LegStage::Done(conclusion) => conclusion,
            _ => Conclusion::Cancelled,
        }
    }

    /// A called workflow ended: its outputs become those of the calling job.
    pub(crate) fn return_from_call(&mut self, leg: usize, scope: usize, conclusion: Conclusion) {
        let context = self.outputs_context(scope);
        let program = self.scopes[scope].program.clone();
        let mut outputs = Vec::new();
        let mut reason = None;
        let mut conclusion = conclusion;
        for output in program.workflow.on.call().into_iter().flat_map(|call| &call.outputs) {
            match output.value.evaluate(&context) {
                Ok(value) => {
                    let text = value.to_display_string().into_owned();
                    if !text.is_empty() {
                        outputs.push((output.name.value.to_string(), text));
                    }
                }
                Err(failure) => {
                    conclusion = Conclusion::Failure;
                    reason = Some(failed(failure));
                }
            }
        }
        self.finish_leg(leg, conclusion, reason, outputs);
    }
}
