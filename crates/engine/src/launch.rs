//! Brings a leg from its plan to its start: places, concurrency group, environment, order or call.

use api::Conclusion;
use expr::{Context, Object, Value};
use workflow::{
    CallJob, CallSecrets, Concurrency, Grant, InputSource, JobKind, StepsJob, Template, TemplateKind, coerce_inputs,
    effective_permissions,
};

use crate::contexts::JobContext;
use crate::effect::{Effect, EnvironmentRef, Holder, JobOrder, Why};
use crate::expand::{failed, optional};
use crate::run::Run;
use crate::state::{LegStage, Scope, ScopeStage};

impl Run {
    /// Starts as many of a job's ready legs as `max-parallel` has places for.
    pub(crate) fn launch_ready(&mut self, node: usize) {
        let mut taken = self.nodes[node].legs.iter().filter(|&&leg| self.legs[leg].takes_place()).count();
        for leg in self.nodes[node].legs.clone() {
            if taken >= self.nodes[node].max_parallel {
                break;
            }
            if self.legs[leg].stage == LegStage::Ready {
                self.launch(leg);
                taken += usize::from(self.legs[leg].takes_place());
            }
        }
    }

    fn launch(&mut self, leg: usize) {
        let job = self.job(self.legs[leg].node);
        let Some(concurrency) = job.concurrency.clone() else {
            self.pass_group(leg);
            return;
        };
        let holder = Holder::Leg(self.legs[leg].id);
        match self.enter_effect(holder, &concurrency, &self.leg_context(&self.legs[leg])) {
            Ok(effect) => {
                self.legs[leg].stage = LegStage::Group;
                self.legs[leg].in_group = true;
                let why = Why::new("concurrency", "waits for its concurrency group", Some(concurrency.span));
                self.effects.push(Effect::Waiting { leg: self.legs[leg].id, reason: why });
                self.effects.push(effect);
            }
            Err(why) => self.finish_leg(leg, Conclusion::Failure, Some(why), Vec::new()),
        }
    }

    pub(crate) fn enter_effect(
        &self,
        holder: Holder,
        concurrency: &Concurrency,
        context: &dyn Context,
    ) -> Result<Effect, Why> {
        let group = concurrency.group.evaluate(context).map_err(failed)?.to_display_string().into_owned();
        if group.is_empty() {
            return Err(Why::new("concurrency", "the concurrency group is empty", Some(concurrency.group.span)));
        }
        let cancel = optional(concurrency.cancel_in_progress.as_ref(), context)?;
        let keep_all_pending = concurrency.queue.as_ref().is_some_and(|queue| queue.value.as_ref() == "max");
        Ok(Effect::Enter {
            holder,
            group,
            cancel_in_progress: cancel.is_some_and(|value| value.truthy()),
            keep_all_pending,
        })
    }

    /// The leg has its group (or needs none): prepare it, then its environment, then start.
    pub(crate) fn pass_group(&mut self, leg: usize) {
        let workflow = self.workflow_of(self.legs[leg].node);
        let job = self.nodes[self.legs[leg].node].job;
        let outcome = match &workflow.jobs[job].kind {
            JobKind::Call(call) => self.call(leg, call),
            JobKind::Steps(steps) => self.prepare(leg, steps),
        };
        if let Err(why) = outcome {
            self.finish_leg(leg, Conclusion::Failure, Some(why), Vec::new());
        }
    }

    fn prepare(&mut self, leg: usize, steps: &StepsJob) -> Result<(), Why> {
        let context = self.leg_context(&self.legs[leg]);
        let node = self.legs[leg].node;
        let scope = &self.scopes[self.nodes[node].scope];
        let environment = match &steps.environment {
            None => None,
            Some(template) => environment(template, &context)?,
        };
        let order = JobOrder {
            leg: self.legs[leg].id,
            path: format!("{}{}", scope.path_prefix, self.job(node).id.value),
            name: self.legs[leg].name.clone(),
            workflow: scope.program.workflow.clone(),
            job: self.nodes[node].job,
            github: context.value("github"),
            inputs: context.value("inputs"),
            vars: context.value("vars"),
            needs: context.value("needs"),
            strategy: context.value("strategy"),
            matrix: context.value("matrix"),
            secrets: scope.secrets.clone(),
            runs_on: runs_on(&steps.runs_on, &context)?,
            timeout_minutes: minutes(steps.timeout_minutes.as_ref(), &context)?,
            cancel_timeout_minutes: minutes(steps.cancel_timeout_minutes.as_ref(), &context)?,
            environment: environment.clone(),
            container: optional(steps.container.as_ref(), &context)?.filter(|value| value.truthy()),
            services: optional(steps.services.as_ref(), &context)?.filter(|value| value.truthy()),
            grant: self.grant(node),
        };
        let continue_on_error = optional(steps.continue_on_error.as_ref(), &context)?;
        self.legs[leg].continue_on_error = continue_on_error.is_some_and(|value| value.truthy());
        self.legs[leg].order = Some(Box::new(order));
        match environment {
            None => self.start_leg(leg),
            Some(environment) => {
                self.legs[leg].stage = LegStage::Gate;
                self.effects.push(Effect::Gate { leg: self.legs[leg].id, environment });
            }
        }
        Ok(())
    }

    pub(crate) fn start_leg(&mut self, leg: usize) {
        if let Some(order) = self.legs[leg].order.take() {
            self.legs[leg].stage = LegStage::Running;
            self.effects.push(Effect::Start(order));
        }
    }

    fn call(&mut self, leg: usize, call: &CallJob) -> Result<(), Why> {
        let node = self.legs[leg].node;
        let scope = self.nodes[node].scope;
        let id = self.job(node).id.value.clone();
        let Some(callee) = self.scopes[scope].program.callee(self.job(node)).cloned() else {
            let text = format!("the called workflow `{}` was not loaded", call.uses.value);
            return Err(Why::new("call", text, Some(call.uses.span)));
        };
        let context = self.leg_context(&self.legs[leg]);
        let mut given = Object::new();
        for (name, template) in &call.with {
            given.insert(name.value.clone(), template.evaluate(&context).map_err(failed)?);
        }
        let declared = callee.workflow.on.call().map(|call| call.inputs.clone()).unwrap_or_default();
        let inputs = coerce_inputs(&declared, &given, InputSource::Call, &context).map_err(|problems| {
            let text = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            Why::new("inputs", text, Some(call.uses.span))
        })?;
        let secrets = match &call.secrets {
            CallSecrets::None => Value::from(Object::new()),
            CallSecrets::Inherit(_) => self.scopes[scope].secrets.clone(),
            CallSecrets::Map(pairs) => {
                let context = self.leg_context(&self.legs[leg]).with("secrets", self.scopes[scope].secrets.clone());
                let mut secrets = Object::new();
                for (name, template) in pairs {
                    let value = template.evaluate(&context).map_err(failed)?;
                    secrets.insert(name.value.clone(), Value::string(value.to_display_string().into_owned()));
                }
                Value::from(secrets)
            }
        };
        let caller_grant = Some(self.grant(node));
        let path = format!("{}{id}", self.scopes[scope].path_prefix);
        let suffix = if self.legs[leg].matrix.is_some() { format!("#{}", self.legs[leg].index) } else { String::new() };
        let child = self.add_scope(Scope {
            program: callee,
            caller: Some(leg),
            path_prefix: format!("{path}{suffix}/"),
            name_prefix: format!("{} / ", self.legs[leg].name),
            inputs,
            secrets,
            caller_grant,
            nodes: Vec::new(),
            stage: ScopeStage::Waiting,
            cancelled: false,
            in_group: false,
        });
        self.legs[leg].stage = LegStage::Calling(child);
        self.open_scope(child);
        Ok(())
    }
}

impl Run {
    fn grant(&self, node: usize) -> Grant {
        let scope = &self.scopes[self.nodes[node].scope];
        effective_permissions(&scope.program.workflow, self.job(node), scope.caller_grant.as_ref(), &Grant::restricted())
    }
}

fn runs_on(template: &Template, context: &JobContext) -> Result<Vec<String>, Why> {
    let value = template.evaluate(context).map_err(failed)?;
    let labels = match &value {
        Value::Object(object) => object.get("labels").cloned().unwrap_or(Value::Null),
        other => other.clone(),
    };
    let labels = match &labels {
        Value::Array(items) => items.iter().map(|item| item.to_display_string().into_owned()).collect(),
        Value::Null if value.as_object().is_some() => Vec::new(),
        one => vec![one.to_display_string().into_owned()],
    };
    if value.as_object().is_none() && labels.iter().all(String::is_empty) {
        return Err(Why::new("runs-on", "`runs-on` is empty; it names the label of a runner", Some(template.span)));
    }
    Ok(labels)
}

fn minutes(template: Option<&Template>, context: &JobContext) -> Result<Option<f64>, Why> {
    let Some(template) = template else { return Ok(None) };
    let value = template.evaluate(context).map_err(failed)?;
    if value.is_null() {
        return Ok(None);
    }
    let number = value.to_number();
    if number.is_finite() && number > 0.0 {
        return Ok(Some(number));
    }
    let text = format!("a timeout is a number of minutes above 0, not `{}`", value.to_display_string());
    Err(Why::new("timeout", text, Some(template.span)))
}

/// `url` is kept as a template: it sees the steps, which have not run.
fn environment(template: &Template, context: &JobContext) -> Result<Option<EnvironmentRef>, Why> {
    let (name, url, deployment) = match template.entries() {
        [] => (template.evaluate(context).map_err(failed)?, None, true),
        _ => {
            let name = optional(template.get("name"), context)?.unwrap_or(Value::Null);
            let deployment = optional(template.get("deployment"), context)?;
            (name, template.get("url").cloned(), deployment.is_none_or(|value| value.truthy()))
        }
    };
    let (name, url) = match &name {
        // `environment: ${{ fromJSON(…) }}` may give the whole mapping.
        Value::Object(object) => (
            object.get("name").map(|name| name.to_display_string().into_owned()).unwrap_or_default(),
            object.get("url").map(|url| Template { span: template.span, kind: TemplateKind::Literal(url.clone()) }),
        ),
        name => (name.to_display_string().into_owned(), url),
    };
    // An empty name means no environment, as `environment: ${{ condition && 'x' || '' }}` is used.
    Ok((!name.is_empty()).then_some(EnvironmentRef { name, url, deployment }))
}
