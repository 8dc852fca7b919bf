//! Brings a leg from its plan to its start: a place, its concurrency group, its environment, then the order or the call.

use api::Conclusion;
use expr::{Context, Value};
use workflow::{CacheMode, Grant, JobKind, StepsJob, Template, effective_cache_mode, effective_permissions};

use crate::contexts::JobContext;
use crate::effect::{Effect, Holder, JobOrder, Why};
use crate::environment::environment;
use crate::run::Run;
use crate::state::LegStage;
use crate::value::{evaluated_boolean, failed, number, text};

impl Run {
    /// Starts as many of a job's ready legs as `max-parallel` has places for.
    pub(crate) fn launch_ready(&mut self, node: usize) {
        while let state = &mut self.nodes[node]
            && state.taken < state.max_parallel
            && let Some(&leg) = state.legs.get(state.cursor)
        {
            state.cursor += 1;
            if self.legs[leg].stage == LegStage::Ready {
                self.launch(leg);
            }
        }
    }

    fn launch(&mut self, leg: usize) {
        let scope = &self.scopes[self.nodes[self.legs[leg].node].scope];
        let workflow = scope.program.workflow.clone();
        let Some(concurrency) = &workflow.jobs[self.nodes[self.legs[leg].node].job].concurrency else {
            self.pass_group(leg);
            return;
        };
        let held = self.groups_above_leg(leg);
        let holder = Holder::Leg(self.legs[leg].id);
        match self.enter_effect(holder, concurrency, &self.leg_context(&self.legs[leg]), &held) {
            Ok((group, effect)) => {
                self.occupy(leg, LegStage::Group);
                self.legs[leg].group = Some(group);
                let why = Why::new("concurrency", "waits for its concurrency group", Some(concurrency.span));
                self.effects.push(Effect::Waiting { leg: self.legs[leg].id, reason: why });
                self.effects.push(effect);
            }
            Err(why) => self.finish_leg(leg, Conclusion::Failure, Some(why), Vec::new()),
        }
    }

    /// The leg has its group (or needs none): prepare it, then its environment, then start.
    pub(crate) fn pass_group(&mut self, leg: usize) {
        let node = &self.nodes[self.legs[leg].node];
        let workflow = self.scopes[node.scope].program.workflow.clone();
        let outcome = match &workflow.jobs[node.job].kind {
            JobKind::Call(call) => self.call(leg, call),
            JobKind::Steps(steps) => self.prepare(leg, steps),
        };
        if let Err(why) = outcome {
            self.finish_leg(leg, Conclusion::Failure, Some(why), Vec::new());
        }
    }

    /// Moves a leg to a stage in which it takes a place.
    pub(crate) fn occupy(&mut self, leg: usize, stage: LegStage) {
        let node = self.legs[leg].node;
        self.nodes[node].taken += usize::from(!self.legs[leg].takes_place());
        self.legs[leg].stage = stage;
    }

    fn prepare(&mut self, leg: usize, steps: &StepsJob) -> Result<(), Why> {
        let context = self.leg_context(&self.legs[leg]);
        let node = self.legs[leg].node;
        let scope = &self.scopes[self.nodes[node].scope];
        let continue_on_error = evaluated_boolean(steps.continue_on_error.as_ref(), "continue-on-error", &context)?;
        let environment = match &steps.environment {
            None => None,
            Some(template) => environment(template, &context)?,
        };
        let (labels, group) = runs_on(&steps.runs_on, &context)?;
        let order = JobOrder {
            leg: self.legs[leg].id,
            path: format!("{}{}", scope.path_prefix, self.job(node).id.value),
            name: self.legs[leg].name.clone(),
            workflow: scope.program.workflow.clone(),
            job: self.nodes[node].job,
            secrets: scope.secrets.clone(),
            runs_on: labels,
            runner_group: group,
            timeout_minutes: minutes(steps.timeout_minutes.as_ref(), "timeout-minutes", &context)?,
            cancel_timeout_minutes: minutes(steps.cancel_timeout_minutes.as_ref(), "cancel-timeout-minutes", &context)?,
            environment: environment.clone(),
            grant: self.grant(node),
            cache_mode: self.cache_mode(node),
            github: context.github,
            inputs: context.inputs,
            vars: context.vars,
            needs: context.needs,
            strategy: context.strategy,
            matrix: context.matrix,
        };
        self.legs[leg].continue_on_error = continue_on_error.unwrap_or(false);
        self.legs[leg].order = Some(Box::new(order));
        match environment {
            None => self.start_leg(leg),
            Some(environment) => {
                self.occupy(leg, LegStage::Gate);
                self.effects.push(Effect::Gate { leg: self.legs[leg].id, environment });
            }
        }
        Ok(())
    }

    pub(crate) fn start_leg(&mut self, leg: usize) {
        if let Some(order) = self.legs[leg].order.take() {
            self.nodes[self.legs[leg].node].reran = true;
            self.occupy(leg, LegStage::Running);
            self.effects.push(Effect::Start(order));
        }
    }

    pub(crate) fn grant(&self, node: usize) -> Grant {
        let scope = &self.scopes[self.nodes[node].scope];
        let default = self.facts.default_grant.clone().unwrap_or_else(Grant::restricted);
        effective_permissions(&scope.program.workflow, self.job(node), scope.caller_grant.as_ref(), &default)
    }

    pub(crate) fn cache_mode(&self, node: usize) -> Option<CacheMode> {
        let scope = &self.scopes[self.nodes[node].scope];
        effective_cache_mode(&scope.program.workflow, self.job(node), scope.caller_cache_mode)
    }
}

/// Labels and group of `runs-on`: a string, a list, or `{group, labels}`.
fn runs_on(template: &Template, context: &JobContext) -> Result<(Vec<String>, Option<String>), Why> {
    let value = template.evaluate(context).map_err(failed)?;
    let (labels, group) = match &value {
        Value::Object(object) => {
            let group = object.get("group").filter(|group| !group.is_null());
            let group = group.map(|group| text(group, "group", template.span)).transpose()?;
            (object.get("labels").filter(|labels| !labels.is_null()).cloned(), group.filter(|group| !group.is_empty()))
        }
        other => (Some(other.clone()), None),
    };
    let labels = match &labels {
        Some(Value::Array(items)) => items.iter().map(|item| text(item, "runs-on", template.span)).collect(),
        Some(one) => text(one, "runs-on", template.span).map(|one| vec![one]),
        None => Ok(Vec::new()),
    }?;
    if labels.iter().any(String::is_empty) || (labels.is_empty() && group.is_none()) {
        return Err(Why::new("runs-on", "`runs-on` is empty; it names the label of a runner", Some(template.span)));
    }
    Ok((labels, group))
}

fn minutes(template: Option<&Template>, key: &'static str, context: &dyn Context) -> Result<Option<f64>, Why> {
    let Some(template) = template else {
        return Ok(None);
    };
    let value = template.evaluate(context).map_err(failed)?;
    let minutes = number(&value, key, template.span)?;
    if minutes.is_finite() && minutes > 0.0 {
        return Ok(Some(minutes));
    }
    let text = format!("`{key}` is a number of minutes above 0, not `{}`", value.to_display_string());
    Err(Why::new("timeout", text, Some(template.span)))
}
