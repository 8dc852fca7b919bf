//! The state machine itself: construction and dispatch of inputs.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use api::{Conclusion, LegId};
use workflow::Program;

use crate::effect::{Effect, Holder, Input, Why};
use crate::facts::{Facts, Selection};
use crate::state::{Leg, LegStage, Node, Scope, ScopeStage};

/// Jobs and legs of a run, those of called workflows included: calls with matrices multiply.
pub(crate) const MAX_JOBS: usize = 10_000;

/// One workflow's run.
#[derive(Clone)]
pub struct Run {
    pub(crate) facts: Facts,
    pub(crate) selection: Selection,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) legs: Vec<Leg>,
    pub(crate) effects: Vec<Effect>,
    /// Nodes that may be ready to be decided or to launch a leg; keeps each input's work to what it touches.
    pub(crate) wake: VecDeque<usize>,
    started: bool,
    pub(crate) done: Option<Conclusion>,
}

/// Says how far it is; secrets stay out of it.
impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("legs", &self.legs.len()).field("done", &self.done).finish_non_exhaustive()
    }
}

impl Run {
    /// A run that has not started. `program` has been linked: every called workflow is there.
    #[must_use]
    pub fn new(program: Arc<Program>, facts: Facts, selection: Selection) -> Self {
        let mut run = Self {
            selection,
            scopes: Vec::new(),
            nodes: Vec::new(),
            legs: Vec::new(),
            effects: Vec::new(),
            wake: VecDeque::new(),
            started: false,
            done: None,
            facts,
        };
        let (inputs, secrets) = (run.facts.inputs.clone(), run.facts.secrets.clone());
        run.add_scope(Scope {
            program,
            caller: None,
            path_prefix: String::new(),
            name_prefix: String::new(),
            inputs,
            secrets,
            caller_grant: None,
            caller_cache_mode: None,
            nodes: Vec::new(),
            unfinished: 0,
            stage: ScopeStage::Waiting,
            cancelled: false,
            reran: false,
            group: None,
            failure: None,
        });
        run
    }

    /// Feeds one input and returns what is to be done, in order.
    pub fn apply(&mut self, input: Input) -> Vec<Effect> {
        if self.done.is_none() {
            match input {
                Input::Start => {
                    if !std::mem::replace(&mut self.started, true) {
                        self.open_scope(0);
                    }
                }
                Input::Ended { leg, conclusion, outputs } => {
                    if let Some(leg) = self.leg_index(leg)
                        && self.legs[leg].stage == LegStage::Running
                    {
                        self.finish_leg(leg, conclusion, None, outputs);
                    }
                }
                Input::Cancel => self.cancel_scope(0),
                Input::Kill => self.kill(),
                Input::Entered(holder) => self.entered(holder),
                Input::Evicted(holder) => self.evicted(holder),
                Input::Refused { holder, reason } => self.refused(holder, &reason),
                Input::Gate { leg, refused } => self.gate(leg, refused),
            }
            self.advance();
        }
        std::mem::take(&mut self.effects)
    }

    /// How the run ended, once it has.
    #[must_use]
    pub fn conclusion(&self) -> Option<Conclusion> {
        self.done
    }

    /// The id after the last leg of this run so far.
    #[must_use]
    pub fn next_leg(&self) -> LegId {
        LegId(self.first_leg().saturating_add(u32::try_from(self.legs.len()).unwrap_or(u32::MAX)))
    }

    pub(crate) fn first_leg(&self) -> u32 {
        self.selection.first_leg.map_or(0, |leg| leg.0)
    }

    pub(crate) fn leg_index(&self, leg: LegId) -> Option<usize> {
        let index = leg.0.checked_sub(self.first_leg())? as usize;
        (index < self.legs.len()).then_some(index)
    }

    fn entered(&mut self, holder: Holder) {
        match holder {
            Holder::Workflow(scope) => {
                let scope = scope as usize;
                if self.scopes.get(scope).is_some_and(|one| one.stage == ScopeStage::Waiting && one.group.is_some()) {
                    self.activate_scope(scope);
                }
            }
            Holder::Leg(leg) => {
                if let Some(leg) = self.leg_index(leg)
                    && self.legs[leg].stage == LegStage::Group
                {
                    self.pass_group(leg);
                }
            }
        }
    }

    /// Who has no group and waits for none is not concerned.
    fn evicted(&mut self, holder: Holder) {
        let why = || Why::new("concurrency", "a newer one took its place in the concurrency group", None);
        match holder {
            Holder::Workflow(scope) => {
                let scope = scope as usize;
                match self.scopes.get(scope) {
                    Some(one) if one.group.is_none() => {}
                    Some(one) if one.stage == ScopeStage::Waiting => {
                        self.scopes[scope].cancelled = true;
                        self.end_scope_unopened(scope, Conclusion::Cancelled, why());
                    }
                    Some(_) => self.cancel_scope(scope),
                    None => {}
                }
            }
            Holder::Leg(leg) => {
                if let Some(leg) = self.leg_index(leg)
                    && self.legs[leg].group.is_some()
                {
                    self.cancel_leg(leg, &why());
                }
            }
        }
    }

    /// The group is neither held nor waited for, so there is none to give back.
    fn refused(&mut self, holder: Holder, reason: &str) {
        match holder {
            Holder::Workflow(scope) => {
                let scope = scope as usize;
                let Some(one) = self.scopes.get_mut(scope) else { return };
                if one.stage == ScopeStage::Waiting && one.group.take().is_some() {
                    let span = one.program.workflow.concurrency.as_ref().map(|concurrency| concurrency.span);
                    self.end_scope_unopened(scope, Conclusion::Failure, Why::new("concurrency", reason, span));
                }
            }
            Holder::Leg(leg) => {
                let Some(leg) = self.leg_index(leg).filter(|leg| self.legs[*leg].stage == LegStage::Group) else {
                    return;
                };
                self.legs[leg].group = None;
                let node = &self.nodes[self.legs[leg].node];
                let workflow = &self.scopes[node.scope].program.workflow;
                let span = workflow.jobs[node.job].concurrency.as_ref().map(|concurrency| concurrency.span);
                self.finish_leg(leg, Conclusion::Failure, Some(Why::new("concurrency", reason, span)), Vec::new());
            }
        }
    }

    fn gate(&mut self, leg: LegId, refused: Option<String>) {
        let Some(leg) = self.leg_index(leg) else {
            return;
        };
        if self.legs[leg].stage != LegStage::Gate {
            return;
        }
        match refused {
            None => self.start_leg(leg),
            Some(reason) => {
                let why = Why::new("environment", reason, None);
                self.finish_leg(leg, Conclusion::Failure, Some(why), Vec::new());
            }
        }
    }
}
