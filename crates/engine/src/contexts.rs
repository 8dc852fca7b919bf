//! What a job's own keys (`if`, `strategy`, `name`, `with`, …) can read.

use api::Conclusion;
use expr::{Context, Object, Value};

use crate::run::Run;
use crate::state::Leg;

/// Contexts and status functions at the level of a job. Contexts that are not available are null; that a file does not
/// name them was checked when it was read.
#[derive(Clone, Default)]
pub(crate) struct JobContext {
    pub(crate) github: Value,
    pub(crate) inputs: Value,
    pub(crate) vars: Value,
    pub(crate) needs: Value,
    pub(crate) strategy: Value,
    pub(crate) matrix: Value,
    pub(crate) jobs: Value,
    pub(crate) secrets: Value,
    status: Status,
}

/// What the status functions say.
#[derive(Clone, Debug, Default)]
struct Status {
    all_succeeded: bool,
    any_failed: bool,
    cancelled: bool,
}

impl JobContext {
    pub(crate) fn succeeded(&self) -> bool {
        !self.status.cancelled && self.status.all_succeeded
    }

    /// Results of the needs that `success('build', …)` names.
    fn results(&self, args: &[Value]) -> Result<Vec<String>, String> {
        args.iter()
            .map(|arg| {
                let name = arg.to_display_string();
                let need = self.needs.as_object().and_then(|needs| needs.get(&name)).and_then(Value::as_object);
                let result = need.and_then(|need| need.get("result"));
                result
                    .map(|result| result.to_display_string().into_owned())
                    .ok_or_else(|| format!("'{name}' is not among the jobs that this job needs"))
            })
            .collect()
    }
}

impl Context for JobContext {
    fn named(&self, name: &str) -> Option<Value> {
        let value = match name {
            "github" => &self.github,
            "inputs" => &self.inputs,
            "vars" => &self.vars,
            "needs" => &self.needs,
            "strategy" => &self.strategy,
            "matrix" => &self.matrix,
            "jobs" => &self.jobs,
            "secrets" => &self.secrets,
            _ => return None,
        };
        Some(value.clone())
    }

    fn call(&self, name: &str, args: &[Value]) -> Option<Result<Value, String>> {
        let cancelled = self.status.cancelled;
        let answer = match name {
            "always" => Ok(true),
            "cancelled" => Ok(cancelled),
            // actions/runner#491: a skipped or failed ancestor counts even past a job that ran with `always()`.
            "success" if args.is_empty() => Ok(self.succeeded()),
            "failure" if args.is_empty() => Ok(!cancelled && self.status.any_failed),
            "success" => self
                .results(args)
                .map(|results| !cancelled && results.iter().all(|one| one == Conclusion::Success.as_str())),
            "failure" => self
                .results(args)
                .map(|results| !cancelled && results.iter().any(|one| one == Conclusion::Failure.as_str())),
            _ => return None,
        };
        Some(answer.map(Value::Bool))
    }
}

impl Run {
    /// The `needs` context of a job whose needs are done.
    pub(crate) fn needs_value(&self, node: usize) -> Value {
        let needs = self.nodes[node].needs.iter().map(|&need| (self.job(need).id.value.clone(), self.job_value(need)));
        Value::object(needs)
    }

    /// A job as others see it: its result and outputs.
    fn job_value(&self, node: usize) -> Value {
        let node = &self.nodes[node];
        let result = node.result().unwrap_or(Conclusion::Skipped);
        Value::object([("result", Value::string(result.as_str())), ("outputs", Value::from(node.outputs.clone()))])
    }

    /// Contexts of a workflow's own keys: `github inputs vars`.
    pub(crate) fn scope_context(&self, scope: usize) -> JobContext {
        let scope = &self.scopes[scope];
        JobContext {
            github: self.facts.github.clone(),
            inputs: scope.inputs.clone(),
            vars: self.facts.vars.clone(),
            status: Status { all_succeeded: true, any_failed: false, cancelled: scope.cancelled },
            ..JobContext::default()
        }
    }

    /// Contexts of a job before its matrix is known: `github inputs vars needs`.
    pub(crate) fn node_context(&self, node: usize) -> JobContext {
        let node = &self.nodes[node];
        let scope = self.scope_context(node.scope);
        JobContext {
            needs: node.needs_value.clone(),
            status: Status {
                all_succeeded: node.past.all_succeeded,
                any_failed: node.past.any_failed,
                cancelled: scope.status.cancelled,
            },
            ..scope
        }
    }

    /// Contexts of a leg: those of its job, and `strategy matrix`.
    pub(crate) fn leg_context(&self, leg: &Leg) -> JobContext {
        let node = &self.nodes[leg.node];
        let strategy = [
            ("fail-fast", Value::Bool(node.fail_fast)),
            ("job-index", Value::Number(leg.index as f64)),
            ("job-total", Value::Number(node.job_total as f64)),
            ("max-parallel", Value::Number(node.told_max_parallel)),
        ];
        JobContext {
            strategy: Value::object(strategy),
            matrix: leg.matrix.as_ref().map_or(Value::Null, |leg| Value::Object(leg.values.clone())),
            ..self.node_context(leg.node)
        }
    }

    /// Contexts of a called workflow's outputs: `github inputs vars jobs`.
    pub(crate) fn outputs_context(&self, scope: usize) -> JobContext {
        let jobs: Object = self.scopes[scope]
            .nodes
            .iter()
            .map(|&node| (self.job(node).id.value.clone(), self.job_value(node)))
            .collect();
        JobContext { jobs: Value::from(jobs), ..self.scope_context(scope) }
    }
}
