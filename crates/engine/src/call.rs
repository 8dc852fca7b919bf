//! Calls of reusable workflows.

use expr::{Object, Value};
use workflow::{CallJob, CallSecrets, InputSource, Program, coerce_inputs};

use crate::contexts::JobContext;
use crate::effect::Why;
use crate::run::{MAX_JOBS, Run};
use crate::state::{LegStage, Scope, ScopeStage};
use crate::value::{failed, text};

/// The token is there in every workflow, whatever the caller passes on.
const TOKEN: &str = "GITHUB_TOKEN";

impl Run {
    pub(crate) fn call(&mut self, leg: usize, call: &CallJob) -> Result<(), Why> {
        let node = self.legs[leg].node;
        let scope = self.nodes[node].scope;
        let Some(callee) = self.scopes[scope].program.callee(self.job(node)).cloned() else {
            let text = format!("the called workflow `{}` was not loaded", call.uses.value);
            return Err(Why::new("call", text, Some(call.uses.span)));
        };
        if self.nodes.len() + callee.workflow.jobs.len() > MAX_JOBS {
            let text = format!("this run has more than {MAX_JOBS} jobs");
            return Err(Why::new("too-many-jobs", text, Some(call.uses.span)));
        }
        let context = self.leg_context(&self.legs[leg]);
        let inputs = inputs(call, &callee, &context)?;
        let secrets = secrets(call, &self.scopes[scope].secrets, context)?;
        let suffix = if self.legs[leg].matrix.is_some() { format!("#{}", self.legs[leg].index) } else { String::new() };
        let child = Scope {
            program: callee,
            caller: Some(leg),
            path_prefix: format!("{}{}{suffix}/", self.scopes[scope].path_prefix, self.job(node).id.value),
            name_prefix: format!("{} / ", self.legs[leg].name),
            inputs,
            secrets,
            caller_grant: Some(self.grant(node)),
            caller_cache_mode: self.cache_mode(node),
            nodes: Vec::new(),
            unfinished: 0,
            stage: ScopeStage::Waiting,
            // `cancelled()` is about the run: a workflow called while it is being cancelled is cancelled too.
            cancelled: self.scopes[scope].cancelled,
            reran: self.scopes[scope].reran || self.nodes[node].past.reran,
            group: None,
            failure: None,
        };
        let child = self.add_scope(child);
        self.nodes[node].reran = true;
        self.occupy(leg, LegStage::Calling(child));
        self.open_scope(child);
        Ok(())
    }
}

fn inputs(call: &CallJob, callee: &Program, context: &JobContext) -> Result<Value, Why> {
    let mut given = Object::new();
    for (name, template) in &call.with {
        given.insert(name.value.clone(), template.evaluate(context).map_err(failed)?);
    }
    let declared = callee.workflow.on.call().map(|call| call.inputs.as_slice()).unwrap_or_default();
    coerce_inputs(declared, &given, InputSource::Call, context).map_err(|problems| {
        let text = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        Why::new("inputs", text, Some(call.uses.span))
    })
}

/// Secrets of a called workflow: those named, or all; empty ones are as good as absent.
fn secrets(call: &CallJob, own: &Value, mut context: JobContext) -> Result<Value, Why> {
    let token = own.as_object().and_then(|own| own.get(TOKEN));
    let mut secrets: Object = token.map(|token| (TOKEN, token.clone())).into_iter().collect();
    match &call.secrets {
        CallSecrets::None => {}
        CallSecrets::Inherit(_) => return Ok(own.clone()),
        CallSecrets::Map(pairs) => {
            context.secrets = own.clone();
            for (name, template) in pairs {
                let value = template.evaluate(&context).map_err(failed)?;
                // The reason must not show what a secret holds, so the value stays out of it.
                let value = text(&value, "secrets", template.span).map_err(|_| {
                    let text = format!("the secret `{}` is a string, the expression gives something else", name.value);
                    Why::new("value", text, Some(template.span))
                })?;
                if !value.is_empty() {
                    secrets.insert(name.value.clone(), Value::string(value));
                }
            }
        }
    }
    Ok(Value::from(secrets))
}
