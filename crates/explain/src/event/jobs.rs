//! Each job of a workflow that runs: whether it does, and what decided.

use api::{Conclusion, JobFinished, JobPlanned, Location, Part};
use serde::Serialize;
use workflow::{Job, JobKind, Program, Template};

use super::limits::Limits;
use crate::reads::reads_of_condition;

/// What was found out about one job by playing the run through, with every job that starts taken to succeed.
#[derive(Clone, Debug)]
pub struct JobFacts {
    pub planned: JobPlanned,
    /// Where the play-through ended it before it could start.
    pub ended: Option<JobFinished>,
    /// Where it would run; none for a job that is not started, and for a call.
    pub runner: Option<Runner>,
    pub environment: Option<Environment>,
    /// Its concurrency group, when it has one.
    pub group: Option<String>,
    pub limits: Option<Limits>,
}

/// Who would take the job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Runner {
    pub labels: Vec<String>,
    /// `sandbox`, `host` or an image; none when no runner here has these labels.
    pub place: Option<String>,
}

/// What the rules of the job's environment say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Environment {
    pub name: String,
    /// Why the ref may not deploy there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    pub approval: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JobVerdict {
    Runs,
    Skipped,
    /// It ends as a failure before its first step.
    Fails,
    /// Somebody has to agree first.
    Waits,
    /// No runner has its labels.
    NoRunner,
    /// It depends on what is only known when other jobs have run.
    Undetermined,
}

/// One job, or one leg of its matrix.
#[derive(Clone, Debug, Serialize)]
pub struct JobExplanation {
    /// `deploy/test#2`.
    pub key: String,
    pub name: String,
    pub verdict: JobVerdict,
    /// `needs`, `if`, `environment`, `runs-on`, `matrix`, …; `runs` when nothing stands against it.
    pub code: String,
    pub reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matrix: Option<serde_json::Value>,
    /// Its `if`, part by part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<Part>,
    /// For a job that was skipped because of others: from the next one to the one that it goes back to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cascade: Vec<Cause>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runner: Option<Runner>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
}

/// A job of a cascade and what it came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    pub job: String,
    pub code: String,
    pub reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Location>,
}

/// Explains every job. `program` is the workflow whose run was played through, with those that it calls.
#[must_use]
pub fn explain(program: &Program, facts: Vec<JobFacts>) -> Vec<JobExplanation> {
    let causes: Vec<(String, Vec<Cause>)> =
        facts.iter().map(|one| (one.planned.job.clone(), cascade(&facts, &one.planned))).collect();
    let mut jobs: Vec<JobExplanation> = Vec::with_capacity(facts.len());
    for (one, (_, cascade)) in facts.into_iter().zip(causes) {
        let standing = standing(program, &one.planned.job);
        let open = standing.as_ref().and_then(|standing| open_question(standing, &one, &jobs));
        let mut job = explained(one, cascade, open);
        if job.code == "if" && standing.as_ref().is_some_and(|standing| asks_for_failure(standing.job)) {
            job.reason.push_str(" as long as every job before it succeeds");
        }
        jobs.push(job);
    }
    jobs
}

fn explained(one: JobFacts, cascade: Vec<Cause>, open: Option<String>) -> JobExplanation {
    let reason = one.ended.as_ref().and_then(|ended| ended.reason.clone());
    let (verdict, code, text) = match (&one.ended, &one.environment, &one.runner) {
        _ if open.is_some() => (JobVerdict::Undetermined, "undetermined", open.unwrap_or_default()),
        (_, Some(Environment { refused: Some(why), .. }), _) => (JobVerdict::Fails, "environment", why.clone()),
        (Some(ended), ..) => {
            let verdict = match ended.conclusion {
                Conclusion::Failure => JobVerdict::Fails,
                _ => JobVerdict::Skipped,
            };
            let code = reason.as_ref().map_or("", |reason| reason.code.as_str());
            (verdict, code, reason.as_ref().map(|reason| reason.reason.clone()).unwrap_or_default())
        }
        (None, Some(Environment { approval: true, name, .. }), _) => {
            (JobVerdict::Waits, "approval", format!("waits for approval to deploy to {name}"))
        }
        (None, _, Some(Runner { place: None, labels })) => {
            let text = format!("no runner here has the label {}", quoted(labels));
            (JobVerdict::NoRunner, "runs-on", text)
        }
        (None, ..) => (JobVerdict::Runs, "runs", runs_because(&one.planned)),
    };
    JobExplanation {
        code: code.to_owned(),
        reason: text,
        place: reason.and_then(|reason| reason.location),
        verdict,
        key: one.planned.job,
        name: one.planned.name,
        needs: one.planned.needs,
        matrix: one.planned.matrix,
        condition: one.planned.condition.map(|part| *part),
        cascade,
        runner: one.runner,
        environment: one.environment,
        group: one.group,
        limits: one.limits,
    }
}

fn runs_because(planned: &JobPlanned) -> String {
    match (&planned.condition, planned.needs.is_empty()) {
        (Some(_), _) => "its `if` holds".to_owned(),
        (None, true) => "it needs nothing and has no `if`".to_owned(),
        (None, false) => format!("it runs when {} succeeded", quoted(&planned.needs)),
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// From the job that stands in the way back to the one that began it.
fn cascade(facts: &[JobFacts], planned: &JobPlanned) -> Vec<Cause> {
    let find = |key: &str| facts.iter().find(|one| job_key(&one.planned.job) == key);
    let mut causes: Vec<Cause> = Vec::new();
    let mut at = facts.iter().find(|one| one.planned.leg == planned.leg);
    while let Some(one) = at
        && one.ended.as_ref().and_then(|ended| ended.reason.as_ref()).is_some_and(|reason| reason.code == "needs")
        && causes.len() < facts.len()
    {
        let failed = |key: &&String| find(key).is_some_and(|need| need.ended.is_some());
        let next = one.planned.needs.iter().find(failed).and_then(|key| find(key));
        if let Some(need) = next {
            let reason = need.ended.as_ref().and_then(|ended| ended.reason.clone());
            causes.push(Cause {
                job: need.planned.job.clone(),
                code: reason.as_ref().map(|reason| reason.code.clone()).unwrap_or_default(),
                place: reason.as_ref().and_then(|reason| reason.location.clone()),
                reason: reason.map(|reason| reason.reason).unwrap_or_default(),
            });
        }
        at = next;
    }
    causes
}

/// `test#2` is a leg of `test`.
fn job_key(key: &str) -> &str {
    key.rsplit_once('#').map_or(key, |(job, _)| job)
}

/// A job where it stands.
struct Standing<'a> {
    job: &'a Job,
    /// The jobs that call its workflow, the outermost first.
    calls: Vec<&'a Job>,
}

/// The job of a key such as `deploy#2/test`: each part but the last is a call.
fn standing<'a>(program: &'a Program, key: &str) -> Option<Standing<'a>> {
    let (mut at, mut calls) = (program, Vec::new());
    let mut parts = key.split('/').peekable();
    loop {
        let job = at.workflow.job(job_key(parts.next()?))?;
        if parts.peek().is_none() {
            return Some(Standing { job, calls });
        }
        at = at.callee(job)?;
        calls.push(job);
    }
}

/// What only a real run can tell.
fn open_question(standing: &Standing<'_>, one: &JobFacts, before: &[JobExplanation]) -> Option<String> {
    let Standing { job, calls } = standing;
    if let Some(condition) = &job.condition {
        let open = reads_of_condition(condition).into_iter().find_map(|read| open_read(&read.path, calls));
        if let Some(read) = open {
            return Some(format!("its `if` reads {read}, which is only known when that job has run"));
        }
    }
    if let Some(strategy) = &job.strategy {
        let mut templates = [&strategy.whole, &strategy.matrix].into_iter().flatten();
        if let Some(read) = templates.find_map(|template| open_template(template, calls)) {
            return Some(format!("its matrix is made of {read}, which is only known when that job has run"));
        }
    }
    let open = |key: &&String| {
        before.iter().any(|other| job_key(&other.key) == key.as_str() && other.verdict == JobVerdict::Undetermined)
    };
    let need = one.planned.needs.iter().find(open).filter(|_| !goes_on_anyway(job))?;
    Some(format!("it needs `{need}`, of which it is not known whether it runs"))
}

/// Whether its `if` asks how things stand, but not whether the jobs before it went well.
fn goes_on_anyway(job: &Job) -> bool {
    job.condition.as_ref().is_some_and(|one| {
        let expr = one.condition.expr();
        expr.calls_any(&["always", "cancelled"]) && !expr.calls_any(&["success", "failure"])
    })
}

fn asks_for_failure(job: &Job) -> bool {
    job.condition.as_ref().is_some_and(|one| one.condition.expr().calls_any(&["failure"]))
}

/// What a read comes down to that no run has made yet: an output of a job, or an input that is made of one.
fn open_read(path: &[std::sync::Arc<str>], calls: &[&Job]) -> Option<String> {
    if is_output(path) {
        return Some(format!("`{}`", path.join(".")));
    }
    let [context, name, ..] = path else { return None };
    let (caller, outer) = calls.split_last()?;
    let JobKind::Call(call) = &caller.kind else { return None };
    if !context.eq_ignore_ascii_case("inputs") {
        return None;
    }
    let (_, value) = call.with.iter().find(|(input, _)| input.value.eq_ignore_ascii_case(name))?;
    let made_of = open_template(value, outer)?;
    Some(format!("`inputs.{name}`, made of {made_of}"))
}

fn open_template(template: &Template, calls: &[&Job]) -> Option<String> {
    let mut found = None;
    template.each_expression(&mut |template, _| {
        let mut references = template.expressions().flat_map(expr::Expr::references);
        found = found.take().or_else(|| references.find_map(|reference| open_read(&reference.path, calls)));
    });
    found
}

/// `needs.job.outputs.name`
fn is_output(path: &[std::sync::Arc<str>]) -> bool {
    matches!(path, [context, _, part, ..] if context.eq_ignore_ascii_case("needs") && part.eq_ignore_ascii_case("outputs"))
}
