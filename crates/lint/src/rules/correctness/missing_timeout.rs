use span::Severity;
use workflow::{JobKind, StepKind};

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::JobSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/missing-timeout",
    severity: Severity::Info,
    confidence: Confidence::High,
    profile: Profile::Pedantic,
    aliases: &["jactionlint:missing-timeout"],
    summary: "a job may hang for six hours: nothing says how long it can take",
    page: page!("correctness/missing-timeout"),
    checks: &[Check::Job(check)],
};

fn check(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    let JobKind::Steps(job) = &subject.job.kind else { return };
    // A step that can take long is the point; a job whose every step says how long cannot hang.
    let bounded = job
        .steps
        .iter()
        .filter(|step| matches!(step.kind, StepKind::Run { .. } | StepKind::Uses { .. }))
        .all(|step| step.timeout_minutes.is_some());
    if job.timeout_minutes.is_none() && !bounded {
        let id = &subject.job.id;
        report
            .at(id.span, format!("the job `{}` has no `timeout-minutes`", id.value))
            .help("a job that hangs is stopped after 360 minutes unless `timeout-minutes` says less");
    }
}
