//! Results: a leg ends, its job may end, its workflow may end.

use api::Conclusion;
use expr::Value;

use crate::effect::{Effect, Holder, Why};
use crate::run::Run;
use crate::state::{LegStage, NodeStage};
use crate::value::{failed, text};

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
        let node = self.legs[leg].node;
        self.nodes[node].taken -= usize::from(self.legs[leg].takes_place());
        self.nodes[node].unfinished -= 1;
        self.legs[leg].stage = LegStage::Done(conclusion);
        self.legs[leg].order = None;
        // A leg never sends empty outputs, so an empty one cannot overwrite what another leg has set.
        for (name, value) in outputs.iter().filter(|(_, value)| !value.is_empty()) {
            self.nodes[node].outputs.insert(name.as_str(), Value::string(value.as_str()));
        }
        let id = self.legs[leg].id;
        self.effects.push(Effect::Finished { leg: id, conclusion, reason, outputs });
        if self.legs[leg].group.take().is_some() {
            self.effects.push(Effect::Leave(Holder::Leg(id)));
        }
        let counts = conclusion == Conclusion::Failure && !self.legs[leg].continue_on_error;
        if counts && self.nodes[node].fail_fast && self.nodes[node].unfinished > 0 {
            let why = Why::new("fail-fast", format!("`{}` failed and `fail-fast` is on", self.legs[leg].name), None);
            self.cancel_node(node, &why);
        }
        if self.nodes[node].unfinished == 0 {
            self.finish_node(node);
        } else {
            self.wake.push_back(node);
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
        for dependent in self.nodes[node].dependents.clone() {
            self.nodes[dependent].missing -= 1;
            if self.nodes[dependent].missing == 0 {
                self.wake.push_back(dependent);
            }
        }
        let scope = self.nodes[node].scope;
        self.scopes[scope].unfinished -= 1;
        if self.scopes[scope].unfinished == 0 {
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
        let mut reason = self.scopes[scope].failure.take();
        let mut conclusion = conclusion;
        for output in program.workflow.on.call().into_iter().flat_map(|call| &call.outputs) {
            let value = output.value.evaluate(&context).map_err(failed);
            match value.and_then(|value| text(&value, "value", output.value.span)) {
                Ok(text) if text.is_empty() => {}
                Ok(text) => outputs.push((output.name.value.to_string(), text)),
                Err(why) => {
                    conclusion = Conclusion::Failure;
                    reason.get_or_insert(why);
                }
            }
        }
        self.finish_leg(leg, conclusion, reason, outputs);
    }
}
