//! Decides a job whose needs are done: skip it, fail it, or expand it into its legs.

use std::sync::Arc;

use api::{Conclusion, LegId};
use expr::{Context, Value};
use workflow::{EvaluationFailure, JobKind, Leg as MatrixLeg, Template, expand_matrix, leg_name};

use crate::contexts::JobContext;
use crate::effect::{Effect, PlannedJob, Why};
use crate::run::Run;
use crate::state::{Leg, LegStage, NodeStage};

/// A strategy with its expressions worked out.
struct Plan {
    fail_fast: bool,
    max_parallel: usize,
    /// `None` for a job without a matrix, which has one leg.
    legs: Option<Vec<MatrixLeg>>,
}

impl Run {
    pub(crate) fn decide(&mut self, node: usize) {
        let context = self.node_context(node);
        match self.condition_holds(node, &context) {
            Ok(true) => {}
            Ok(false) => {
                let why = self.skip_reason(node, &context);
                self.end_node_early(node, Conclusion::Skipped, why);
                return;
            }
            Err(why) => {
                self.fail_node(node, why);
                return;
            }
        }
        match self.plan(node, &context) {
            Ok(plan) => self.expand(node, plan),
            Err(why) => self.fail_node(node, why),
        }
    }

    /// The job's `if`; without one, `success()`.
    pub(crate) fn condition_holds(&self, node: usize, context: &JobContext) -> Result<bool, Why> {
        let job = self.job(node);
        let Some(condition) = &job.condition else {
            return Ok(matches!(context.call("success", &[]), Some(Ok(value)) if value.truthy()));
        };
        condition.condition.evaluate(context).map_err(|error| {
            Why::new("if-error", format!("`if` could not be evaluated: {}", error.message), Some(condition.span))
        })
    }

    fn skip_reason(&self, node: usize, context: &JobContext) -> Why {
        let succeeded = matches!(context.call("success", &[]), Some(Ok(value)) if value.truthy());
        let condition = self.job(node).condition.as_ref();
        let span = condition.map(|condition| condition.span);
        if self.scopes[self.nodes[node].scope].cancelled {
            return Why::new("cancelled", "the run was cancelled before it started", span);
        }
        if !succeeded && let Some((name, result)) = self.unsuccessful_ancestor(node) {
            return Why::new("needs", format!("`{name}`, which it depends on, ended as {result}"), span);
        }
        match condition {
            Some(condition) => {
                let (_, trace) = condition.condition.evaluate_traced(context);
                Why::new("if", format!("`if` is false: {}", expr::explain::one_line(&trace)), span)
            }
            None => Why::new("needs", "a job it depends on did not succeed", None),
        }
    }

    fn unsuccessful_ancestor(&self, node: usize) -> Option<(String, Conclusion)> {
        // The direct needs first: they are what the user wrote.
        self.nodes[node].needs.iter().chain(&self.nodes[node].ancestors).find_map(|&ancestor| {
            let result = self.nodes[ancestor].result()?;
            (result != Conclusion::Success).then(|| (self.job(ancestor).id.value.to_string(), result))
        })
    }

    fn plan(&self, node: usize, context: &JobContext) -> Result<Plan, Why> {
        let Some(strategy) = &self.job(node).strategy else {
            return Ok(Plan { fail_fast: true, max_parallel: usize::MAX, legs: None });
        };
        let fail_fast = optional(strategy.fail_fast.as_ref(), context)?.is_none_or(|value| value.truthy());
        let max_parallel = match optional(strategy.max_parallel.as_ref(), context)? {
            None | Some(Value::Null) => usize::MAX,
            Some(value) => match value.to_number() {
                number if number >= 1.0 => number as usize,
                _ => {
                    let text = format!("`max-parallel` must be a number of 1 or more, not `{}`", value.to_display_string());
                    return Err(Why::new("strategy", text, strategy.max_parallel.as_ref().map(|one| one.span)));
                }
            },
        };
        let legs = match &strategy.matrix {
            None => None,
            Some(matrix) => {
                let value = matrix.evaluate(context).map_err(failed)?;
                Some(expand_matrix(&value).map_err(|error| Why::new("matrix", error.to_string(), Some(matrix.span)))?)
            }
        };
        Ok(Plan { fail_fast, max_parallel, legs })
    }

    fn expand(&mut self, node: usize, plan: Plan) {
        self.nodes[node].fail_fast = plan.fail_fast;
        self.nodes[node].max_parallel = plan.max_parallel;
        let matrix_legs: Vec<Option<MatrixLeg>> = match plan.legs {
            None => vec![None],
            Some(legs) => legs.into_iter().map(Some).collect(),
        };
        let count = matrix_legs.len();
        for (index, matrix) in matrix_legs.into_iter().enumerate() {
            if matrix.as_ref().is_some_and(|leg| !self.selected(leg)) {
                continue;
            }
            self.add_leg(node, index, matrix);
        }
        if self.nodes[node].legs.is_empty() {
            let text = match count {
                0 => "its matrix is empty".to_owned(),
                _ => "none of its matrix legs was asked for".to_owned(),
            };
            let span = self.job(node).strategy.as_ref().map(|strategy| strategy.span);
            self.end_node_early(node, Conclusion::Skipped, Why::new("matrix", text, span));
            return;
        }
        // Names may use `strategy.job-total`, so they come after all legs are there.
        let mut unnamed = Vec::new();
        for leg in self.nodes[node].legs.clone() {
            unnamed.extend(self.name_leg(leg).err().map(|why| (leg, why)));
            self.plan_leg(leg);
        }
        // The node counts as expanded, and its legs may be launched, only when all of them are planned.
        for (leg, why) in unnamed {
            self.finish_leg(leg, Conclusion::Failure, Some(why), Vec::new());
        }
        for leg in self.nodes[node].legs.clone() {
            self.adopt_known(leg);
        }
        if self.nodes[node].result().is_none() {
            self.nodes[node].stage = NodeStage::Expanded;
            self.launch_ready(node);
        }
    }

    fn selected(&self, leg: &MatrixLeg) -> bool {
        self.selection.matrix.iter().all(|(key, wanted)| match leg.values.get(key) {
            Some(value) => value.to_display_string() == *wanted,
            None => true,
        })
    }

    fn add_leg(&mut self, node: usize, index: usize, matrix: Option<MatrixLeg>) -> usize {
        let leg = self.legs.len();
        self.legs.push(Leg {
            id: LegId(self.first_leg() + u32::try_from(leg).unwrap_or(u32::MAX)),
            node,
            index,
            matrix,
            name: self.default_name(node),
            stage: LegStage::Ready,
            in_group: false,
            cancelling: false,
            continue_on_error: false,
            order: None,
        });
        self.nodes[node].legs.push(leg);
        leg
    }

    fn default_name(&self, node: usize) -> String {
        let scope = &self.scopes[self.nodes[node].scope];
        format!("{}{}", scope.name_prefix, self.job(node).id.value)
    }

    fn name_leg(&mut self, leg: usize) -> Result<(), Why> {
        let node = self.legs[leg].node;
        let scope = &self.scopes[self.nodes[node].scope];
        let job = self.job(node);
        let matrix = self.legs[leg].matrix.as_ref();
        let own = match &job.name {
            None => job.id.value.to_string(),
            Some(name) => {
                name.evaluate(&self.leg_context(&self.legs[leg])).map_err(failed)?.to_display_string().into_owned()
            }
        };
        // A name that holds expressions stands as it is; a plain one gets the leg's values.
        let name = match matrix {
            Some(matrix) if job.name.as_ref().is_none_or(Template::is_literal) => leg_name(&own, matrix),
            _ => own,
        };
        self.legs[leg].name = format!("{}{name}", scope.name_prefix);
        Ok(())
    }

    fn plan_leg(&mut self, leg: usize) {
        let (id, node, index) = (self.legs[leg].id, self.legs[leg].node, self.legs[leg].index);
        let scope = &self.scopes[self.nodes[node].scope];
        let job = self.job(node);
        let path = format!("{}{}", scope.path_prefix, job.id.value);
        let matrix = self.legs[leg].matrix.as_ref().map(|leg| Value::Object(leg.values.clone()));
        let needs = job.needs.iter().map(|need| format!("{}{}", scope.path_prefix, need.value)).collect();
        let planned = PlannedJob {
            leg: id,
            key: if matrix.is_some() { format!("{path}#{index}") } else { path.clone() },
            path,
            name: self.legs[leg].name.clone(),
            needs,
            matrix,
            call: matches!(job.kind, JobKind::Call(_)),
        };
        self.effects.push(Effect::Planned(planned));
    }

    /// Takes over what an earlier attempt has already done.
    fn adopt_known(&mut self, leg: usize) {
        if self.selection.known.is_empty() || self.legs[leg].is_done() {
            return;
        }
        let key = self.leg_key(leg);
        if let Some(known) = self.selection.known.get(&key).cloned() {
            let why = Why::new("kept", "kept from the earlier attempt", None);
            self.finish_leg(leg, known.conclusion, Some(why), known.outputs);
        }
    }

    pub(crate) fn leg_key(&self, leg: usize) -> String {
        let leg = &self.legs[leg];
        let scope = &self.scopes[self.nodes[leg.node].scope];
        let path = format!("{}{}", scope.path_prefix, self.job(leg.node).id.value);
        if leg.matrix.is_some() { format!("{path}#{}", leg.index) } else { path }
    }

    fn fail_node(&mut self, node: usize, why: Why) {
        self.end_node_early(node, Conclusion::Failure, why);
    }

    /// Ends a job that never got legs: one leg stands for it in the plan.
    pub(crate) fn end_node_early(&mut self, node: usize, conclusion: Conclusion, why: Why) {
        if self.nodes[node].result().is_some() {
            return;
        }
        self.nodes[node].stage = NodeStage::Expanded;
        let leg = self.add_leg(node, 0, None);
        if let Some(name) = self.job(node).name.as_ref().and_then(Template::literal_str) {
            let prefix = &self.scopes[self.nodes[node].scope].name_prefix;
            self.legs[leg].name = format!("{prefix}{name}");
        }
        self.plan_leg(leg);
        self.finish_leg(leg, conclusion, Some(why), Vec::new());
    }

    pub(crate) fn job(&self, node: usize) -> &workflow::Job {
        let node = &self.nodes[node];
        self.scopes[node.scope].job(node.job)
    }

    pub(crate) fn workflow_of(&self, node: usize) -> Arc<workflow::Workflow> {
        self.scopes[self.nodes[node].scope].program.workflow.clone()
    }
}

pub(crate) fn optional(template: Option<&Template>, context: &dyn Context) -> Result<Option<Value>, Why> {
    template.map(|template| template.evaluate(context).map_err(failed)).transpose()
}

pub(crate) fn failed(failure: EvaluationFailure) -> Why {
    Why::new("expression", failure.message, Some(failure.span))
}
