//! Cancellation: by the user, a newer run, or `fail-fast`.

use api::Conclusion;

use crate::effect::{Effect, Why};
use crate::run::Run;
use crate::state::{LegStage, NodeStage, ScopeStage};

impl Run {
    /// Cancels a workflow. Jobs whose `if` still holds in a cancelled run (`always()`, `cancelled()`) go on.
    ///
    /// In a workflow that is called, its own jobs' `if` decides, whatever that of the call says.
    pub(crate) fn cancel_scope(&mut self, scope: usize) {
        if self.scopes[scope].cancelled || self.scopes[scope].stage == ScopeStage::Done {
            return;
        }
        self.scopes[scope].cancelled = true;
        if self.scopes[scope].stage == ScopeStage::Waiting {
            let why = Why::new("cancelled", "cancelled before it could start", None);
            self.end_scope_unopened(scope, Conclusion::Cancelled, why);
            return;
        }
        let why = Why::new("cancelled", "the run was cancelled", None);
        for node in self.scopes[scope].nodes.clone() {
            if self.nodes[node].stage != NodeStage::Expanded {
                continue;
            }
            let keep = self.condition_holds(node, &self.node_context(node)).unwrap_or(false);
            for leg in self.nodes[node].legs.clone() {
                if let LegStage::Calling(child) = self.legs[leg].stage {
                    self.cancel_scope(child);
                } else if !keep {
                    self.cancel_leg(leg, &why);
                }
            }
        }
        self.wake.extend(&self.scopes[scope].nodes);
    }

    /// Ends everything that has not started, and cancels what has.
    pub(crate) fn kill(&mut self) {
        let why = Why::new("cancelled", "the run was stopped at once", None);
        // A called workflow comes after its caller, so what its caller's cancellation has left of it is ended too.
        for scope in 0..self.scopes.len() {
            match self.scopes[scope].stage {
                ScopeStage::Done => {}
                ScopeStage::Waiting => {
                    self.scopes[scope].cancelled = true;
                    self.end_scope_unopened(scope, Conclusion::Cancelled, why.clone());
                }
                ScopeStage::Running => {
                    self.scopes[scope].cancelled = true;
                    for node in self.scopes[scope].nodes.clone() {
                        self.end_node_early(node, Conclusion::Cancelled, why.clone());
                        self.cancel_node(node, &why);
                    }
                }
            }
        }
    }

    /// Cancels a job's legs. Places that get free are given away only afterwards, when no leg waits for one any more.
    pub(crate) fn cancel_node(&mut self, node: usize, why: &Why) {
        for leg in self.nodes[node].legs.clone() {
            self.cancel_leg(leg, why);
        }
    }

    /// Cancels one leg whatever its `if` says.
    pub(crate) fn cancel_leg(&mut self, leg: usize, why: &Why) {
        match self.legs[leg].stage {
            LegStage::Done(_) => {}
            LegStage::Ready | LegStage::Group | LegStage::Gate => {
                self.finish_leg(leg, Conclusion::Cancelled, Some(why.clone()), Vec::new());
            }
            LegStage::Running => {
                if !std::mem::replace(&mut self.legs[leg].cancelling, true) {
                    self.effects.push(Effect::Cancel { leg: self.legs[leg].id });
                }
            }
            LegStage::Calling(child) => self.cancel_scope(child),
        }
    }
}
