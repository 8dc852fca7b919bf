//! Decides a job whose needs are done: skip it, fail it, or expand it into its legs.

use api::{Conclusion, LegId, Part};
use expr::Value;
use workflow::{JobKind, Leg as MatrixLeg, Template, leg_name};

use crate::contexts::JobContext;
use crate::effect::{Effect, PlannedJob, Why};
use crate::run::{MAX_JOBS, Run};
use crate::state::{Leg, LegStage, NodeStage};
use crate::strategy::Plan;
use crate::value::{failed, text};

impl Run {
    pub(crate) fn decide(&mut self, node: usize) {
        self.nodes[node].needs_value = self.needs_value(node);
        let context = self.node_context(node);
        let (holds, condition) = self.decide_condition(node, &context);
        self.nodes[node].condition = condition;
        match holds {
            Ok(true) => {}
            Ok(false) => {
                let why = self.skip_reason(node, &context);
                self.end_node_early(node, Conclusion::Skipped, why);
                return;
            }
            Err(why) => {
                self.end_node_early(node, Conclusion::Failure, why);
                return;
            }
        }
        match Plan::of(self.job(node).strategy.as_ref(), &context).and_then(|plan| self.bounded(node, plan)) {
            Ok(plan) => self.expand(node, plan),
            Err(why) => self.end_node_early(node, Conclusion::Failure, why),
        }
    }

    /// The job's `if`; without one, `success()`.
    pub(crate) fn condition_holds(&self, node: usize, context: &JobContext) -> Result<bool, Why> {
        let Some(condition) = &self.job(node).condition else {
            return Ok(context.succeeded());
        };
        condition.condition.evaluate(context).map_err(|error| if_error(&error, condition.span))
    }

    /// The same, with the value of each part.
    fn decide_condition(&self, node: usize, context: &JobContext) -> (Result<bool, Why>, Option<Part>) {
        let Some(condition) = &self.job(node).condition else {
            return (Ok(context.succeeded()), None);
        };
        let (result, trace) = condition.condition.evaluate_traced(context);
        let mask = |text: &str| self.facts.mask.apply(text);
        let part = expr::explain::fold(&trace, &mask, &mut |shown, parts| Part {
            text: shown.text,
            value: shown.value,
            error: shown.error,
            parts,
        });
        (result.map_err(|error| if_error(&error, condition.span)), Some(part))
    }

    fn skip_reason(&self, node: usize, context: &JobContext) -> Why {
        let condition = self.job(node).condition.as_ref();
        let span = condition.map(|condition| condition.span);
        let implicit = condition.is_none_or(|condition| condition.condition.is_implicit_success());
        if implicit && self.scopes[self.nodes[node].scope].cancelled {
            return Why::new("cancelled", "the run was cancelled before it started", span);
        }
        if implicit && let Some(culprit) = self.nodes[node].past.culprit {
            let result = self.nodes[culprit].result().unwrap_or(Conclusion::Skipped);
            let name = &self.job(culprit).id.value;
            return Why::new("needs", format!("`{name}`, which it depends on, ended as {result}"), span);
        }
        match condition {
            Some(condition) => {
                let (_, trace) = condition.condition.evaluate_traced(context);
                let mask = |text: &str| self.facts.mask.apply(text);
                let shown = expr::explain::one_line(&trace, &mask);
                Why::new("if", format!("`if` is false: {shown}"), span)
            }
            None => Why::new("needs", "a job it depends on did not succeed", None),
        }
    }

    fn bounded(&self, node: usize, plan: Plan) -> Result<Plan, Why> {
        if self.legs.len() + plan.legs.len() <= MAX_JOBS {
            return Ok(plan);
        }
        let span = self.job(node).strategy.as_ref().map(|strategy| strategy.span);
        Err(Why::new("too-many-jobs", format!("this run has more than {MAX_JOBS} jobs"), span))
    }

    fn expand(&mut self, node: usize, plan: Plan) {
        let count = plan.legs.len();
        let state = &mut self.nodes[node];
        state.stage = NodeStage::Expanded;
        state.fail_fast = plan.fail_fast;
        state.max_parallel = plan.max_parallel.map_or(usize::MAX, |number| number as usize);
        state.job_total = count.max(1);
        // Without a matrix the context says 1, whatever was given.
        state.told_max_parallel = plan.max_parallel.filter(|_| count > 0).unwrap_or(count.max(1) as f64);
        let mut unnamed = Vec::new();
        if count == 0 {
            unnamed.extend(self.add_named_leg(node, 0, None));
        }
        for (index, leg) in plan.legs.into_iter().enumerate() {
            if self.selected(&leg) {
                unnamed.extend(self.add_named_leg(node, index, Some(leg)));
            }
        }
        if self.nodes[node].legs.is_empty() {
            let span = self.job(node).strategy.as_ref().map(|strategy| strategy.span);
            let why = Why::new("matrix", "none of its matrix legs was asked for", span);
            self.nodes[node].stage = NodeStage::Waiting;
            self.end_node_early(node, Conclusion::Skipped, why);
            return;
        }
        // Nothing ends and nothing starts before all legs are planned.
        for (leg, why) in unnamed {
            self.finish_leg(leg, Conclusion::Failure, Some(why), Vec::new());
        }
        let scope = self.nodes[node].scope;
        if !self.nodes[node].past.reran && !self.scopes[scope].reran {
            self.adopt_known(node);
        }
        self.wake.push_back(node);
    }

    fn selected(&self, leg: &MatrixLeg) -> bool {
        self.selection.matrix.iter().all(|(key, wanted)| match leg.values.get(key) {
            Some(value) => value.to_display_string() == *wanted,
            None => true,
        })
    }

    /// The leg with what is wrong with its name, if anything is.
    fn add_named_leg(&mut self, node: usize, index: usize, matrix: Option<MatrixLeg>) -> Option<(usize, Why)> {
        let leg = self.add_leg(node, index, matrix);
        let problem = match self.leg_name(leg) {
            Ok(name) => {
                self.legs[leg].name = name;
                None
            }
            Err(why) => Some((leg, why)),
        };
        self.plan_leg(leg);
        problem
    }

    fn add_leg(&mut self, node: usize, index: usize, matrix: Option<MatrixLeg>) -> usize {
        let leg = self.legs.len();
        let scope = &self.scopes[self.nodes[node].scope];
        self.legs.push(Leg {
            id: LegId(self.first_leg().saturating_add(u32::try_from(leg).unwrap_or(u32::MAX))),
            node,
            index,
            matrix,
            name: format!("{}{}", scope.name_prefix, self.job(node).id.value),
            stage: LegStage::Ready,
            group: None,
            cancelling: false,
            continue_on_error: false,
            order: None,
        });
        self.nodes[node].legs.push(leg);
        self.nodes[node].unfinished += 1;
        leg
    }

    fn leg_name(&self, leg: usize) -> Result<String, Why> {
        let leg = &self.legs[leg];
        let prefix = &self.scopes[self.nodes[leg.node].scope].name_prefix;
        let job = self.job(leg.node);
        let suffixed = |own: &str| leg.matrix.as_ref().map_or_else(|| own.to_owned(), |matrix| leg_name(own, matrix));
        // A name that holds expressions stands as it is, unless it comes out empty; a plain one gets the leg's values.
        let name = match &job.name {
            None => suffixed(&job.id.value),
            Some(name) if name.is_literal() => match literal(name) {
                Some(own) => suffixed(&own),
                None => suffixed(&job.id.value),
            },
            Some(name) => {
                let value = name.evaluate(&self.leg_context(leg)).map_err(failed)?;
                match text(&value, "name", name.span)? {
                    own if own.is_empty() => suffixed(&job.id.value),
                    own => own,
                }
            }
        };
        Ok(format!("{prefix}{name}"))
    }

    fn plan_leg(&mut self, leg: usize) {
        let (id, node) = (self.legs[leg].id, self.legs[leg].node);
        let scope = &self.scopes[self.nodes[node].scope];
        let job = self.job(node);
        let needs = self.nodes[node].needs.iter();
        let planned = PlannedJob {
            leg: id,
            key: self.leg_key(leg),
            path: format!("{}{}", scope.path_prefix, job.id.value),
            name: self.legs[leg].name.clone(),
            needs: needs.map(|&need| format!("{}{}", scope.path_prefix, self.job(need).id.value)).collect(),
            matrix: self.legs[leg].matrix.as_ref().map(|leg| Value::Object(leg.values.clone())),
            condition: self.nodes[node].condition.clone(),
            call: matches!(job.kind, JobKind::Call(_)),
        };
        self.effects.push(Effect::Planned(planned));
    }

    /// Takes over what an earlier attempt has already done.
    fn adopt_known(&mut self, node: usize) {
        if self.selection.known.is_empty() {
            return;
        }
        for leg in self.nodes[node].legs.clone() {
            if let Some(known) = self.selection.known.get(&self.leg_key(leg)).cloned() {
                let why = Why::new("kept", "kept from the earlier attempt", None);
                self.finish_leg(leg, known.conclusion, Some(why), known.outputs);
            }
        }
    }

    fn leg_key(&self, leg: usize) -> String {
        let leg = &self.legs[leg];
        let prefix = &self.scopes[self.nodes[leg.node].scope].path_prefix;
        let id = &self.job(leg.node).id.value;
        if leg.matrix.is_some() { format!("{prefix}{id}#{}", leg.index) } else { format!("{prefix}{id}") }
    }

    /// Ends a job that never got legs: one leg stands for it in the plan.
    pub(crate) fn end_node_early(&mut self, node: usize, conclusion: Conclusion, why: Why) {
        if self.nodes[node].stage != NodeStage::Waiting {
            return;
        }
        self.nodes[node].stage = NodeStage::Expanded;
        let leg = self.add_leg(node, 0, None);
        if let Some(name) = self.job(node).name.as_ref().and_then(literal) {
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
}

fn if_error(error: &expr::EvalError, span: span::Span) -> Why {
    Why::new("if-error", format!("`if` could not be evaluated: {}", error.message), Some(span))
}

/// A name without expressions; none if it is empty.
fn literal(name: &Template) -> Option<String> {
    let text = if name.is_literal() { name.source_text() } else { None };
    text.filter(|text| !text.is_empty()).map(std::borrow::Cow::into_owned)
}
