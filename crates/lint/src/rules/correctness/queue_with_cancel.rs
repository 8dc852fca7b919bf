use span::Severity;
use workflow::{Concurrency, TemplateKind};

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::JobSubject;
use crate::subject::WorkflowSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/queue-with-cancel",
    severity: Severity::Error,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &[],
    summary: "a concurrency group queues its runs and cancels them at once",
    page: page!("correctness/queue-with-cancel"),
    checks: &[Check::Workflow(workflow), Check::Job(job)],
};

fn workflow(subject: &WorkflowSubject<'_>, report: &mut Report<'_>) {
    check(subject.workflow.concurrency.as_ref(), report);
}

fn job(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    check(subject.job.concurrency.as_ref(), report);
}

fn check(concurrency: Option<&Concurrency>, report: &mut Report<'_>) {
    let Some(concurrency) = concurrency else { return };
    let Some(queue) = concurrency.queue.as_ref().filter(|queue| &*queue.value == "max") else { return };
    let Some(cancel) = &concurrency.cancel_in_progress else { return };
    if matches!(cancel.kind, TemplateKind::Literal(expr::Value::Bool(true))) {
        report
            .at(cancel.span, "runs that are cancelled by the next one never queue")
            .related(queue.span, "this keeps all of them waiting")
            .help("leave out `cancel-in-progress: true` or `queue: max`");
    }
}
