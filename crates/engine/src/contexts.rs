//! What a job's own keys (`if`, `strategy`, `name`, `with`, …) can read.

use api::Conclusion;
use expr::{Context, Object, Value};

use crate::run::Run;
use crate::state::Leg;

/// Contexts and status functions at the level of a job.
pub(crate) struct JobContext {
    values: Object,
    status: Status,
}

struct Status {
    /// Results of everything the job depends on, directly or not.
    ancestors: Vec<Conclusion>,
    /// Direct needs by key, for `success('build')`.
    needs: Vec<(String, Conclusion)>,
    cancelled: bool,
}

impl JobContext {
    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.values.insert(name, value);
        self
    }

    /// The same contexts in a run that is being cancelled.
    pub(crate) fn cancelled(mut self) -> Self {
        self.status.cancelled = true;
        self
    }

    pub(crate) fn value(&self, name: &str) -> Value {
        self.values.get(name).cloned().unwrap_or(Value::Null)
    }

    fn results(&self, args: &[Value]) -> Result<Vec<Conclusion>, String> {
        if args.is_empty() {
            return Ok(self.status.ancestors.clone());
        }
        args.iter()
            .map(|arg| {
                let name = arg.to_display_string();
                self.status
                    .needs
                    .iter()
                    .find(|(key, _)| key.eq_ignore_ascii_case(&name))
                    .map(|(_, result)| *result)
                    .ok_or_else(|| format!("'{name}' is not among the jobs that this job needs"))
            })
            .collect()
    }
}

impl Context for JobContext {
    fn named(&self, name: &str) -> Option<Value> {
        self.values.get(name).cloned()
    }

    fn call(&self, name: &str, args: &[Value]) -> Option<Result<Value, String>> {
        let cancelled = self.status.cancelled;
        let answer = match name.to_ascii_lowercase().as_str() {
            "always" => Ok(true),
            "cancelled" => Ok(cancelled),
            // actions/runner#491: a skipped or failed ancestor counts even past a job that ran with `always()`.
            "success" => {
                self.results(args).map(|results| !cancelled && results.iter().all(|one| *one == Conclusion::Success))
            }
            "failure" => {
                self.results(args).map(|results| !cancelled && results.contains(&Conclusion::Failure))
            }
            _ => return None,
        };
        Some(answer.map(Value::Bool))
    }
}

impl Run {
    /// Contexts of a job before its matrix is known: `github inputs vars needs`.
    pub(crate) fn node_context(&self, node: usize) -> JobContext {
        let node = &self.nodes[node];
        let scope = &self.scopes[node.scope];
        let mut needs = Object::new();
        let mut results = Vec::new();
        for &needed in &node.needs {
            let key = &self.scopes[node.scope].job(self.nodes[needed].job).id.value;
            let result = self.nodes[needed].result().unwrap_or(Conclusion::Skipped);
            let mut entry = Object::new();
            entry.insert("result", Value::string(result.as_str()));
            entry.insert("outputs", Value::from(self.nodes[needed].outputs.clone()));
            needs.insert(key.clone(), Value::from(entry));
            results.push((key.to_string(), result));
        }
        let mut values = Object::new();
        values.insert("github", self.facts.github.clone());
        values.insert("inputs", scope.inputs.clone());
        values.insert("vars", self.facts.vars.clone());
        values.insert("needs", Value::from(needs));
        let ancestors = node
            .ancestors
            .iter()
            .map(|&ancestor| self.nodes[ancestor].result().unwrap_or(Conclusion::Skipped))
            .collect();
        JobContext { values, status: Status { ancestors, needs: results, cancelled: scope.cancelled } }
    }

    /// Contexts of a leg: those of its job, and `strategy matrix`.
    pub(crate) fn leg_context(&self, leg: &Leg) -> JobContext {
        let node = &self.nodes[leg.node];
        let total = node.legs.len().max(1);
        let mut strategy = Object::new();
        strategy.insert("fail-fast", Value::Bool(node.fail_fast));
        strategy.insert("job-index", Value::Number(leg.index as f64));
        strategy.insert("job-total", Value::Number(total as f64));
        strategy.insert("max-parallel", Value::Number(node.max_parallel.min(total) as f64));
        let matrix = leg.matrix.as_ref().map_or(Value::Null, |leg| Value::Object(leg.values.clone()));
        self.node_context(leg.node).with("strategy", Value::from(strategy)).with("matrix", matrix)
    }

    /// Contexts of a called workflow's outputs: `github inputs vars jobs`.
    pub(crate) fn outputs_context(&self, scope: usize) -> JobContext {
        let scope = &self.scopes[scope];
        let mut jobs = Object::new();
        for &node in &scope.nodes {
            let node = &self.nodes[node];
            let mut entry = Object::new();
            entry.insert("result", Value::string(node.result().unwrap_or(Conclusion::Skipped).as_str()));
            entry.insert("outputs", Value::from(node.outputs.clone()));
            jobs.insert(scope.job(node.job).id.value.clone(), Value::from(entry));
        }
        let mut values = Object::new();
        values.insert("github", self.facts.github.clone());
        values.insert("inputs", scope.inputs.clone());
        values.insert("vars", self.facts.vars.clone());
        values.insert("jobs", Value::from(jobs));
        JobContext { values, status: Status { ancestors: Vec::new(), needs: Vec::new(), cancelled: scope.cancelled } }
    }

    /// Contexts of a workflow's own keys: `github inputs vars`.
    pub(crate) fn scope_context(&self, scope: usize) -> JobContext {
        let scope = &self.scopes[scope];
        let mut values = Object::new();
        values.insert("github", self.facts.github.clone());
        values.insert("inputs", scope.inputs.clone());
        values.insert("vars", self.facts.vars.clone());
        JobContext { values, status: Status { ancestors: Vec::new(), needs: Vec::new(), cancelled: scope.cancelled } }
    }
}
