use span::Severity;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::WorkflowSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/schedule-without-cron",
    severity: Severity::Error,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["actionlint:events"],
    summary: "`schedule` has no times, so that it never comes",
    page: page!("correctness/schedule-without-cron"),
    checks: &[Check::Workflow(check)],
};

fn check(subject: &WorkflowSubject<'_>, report: &mut Report<'_>) {
    let Some(schedule) = subject.workflow.on.event("schedule") else { return };
    // Times that are wrong are told as that.
    if schedule.schedules.is_empty() && !subject.document.is_broken() {
        report
            .at(schedule.name.span, "`schedule` without times starts nothing")
            .help("write `schedule: [{cron: '30 5 * * 1-5'}]` as a key of `on`");
    }
}
