use span::Severity;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::JobSubject;
use crate::worlds::{World, worlds};

pub(super) static RULE: Rule = Rule {
    id: "correctness/unreachable-job",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &[],
    summary: "the condition of a job is false for every event that starts the workflow",
    page: page!("correctness/unreachable-job"),
    checks: &[Check::Job(check)],
};

fn check(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    let Some(condition) = &subject.job.condition else { return };
    let expr = condition.condition.expr();
    // What is false without knowing anything is a constant, and told as that.
    if expr.is_empty() || World::unknown().truth(expr).is_some() {
        return;
    }
    let Some(worlds) = worlds(subject.workflow) else { return };
    if worlds.iter().all(|world| world.truth(expr) == Some(false)) {
        let events: Vec<String> = worlds.iter().map(|world| format!("`{}`", world.event)).collect();
        report
            .at(condition.span, format!("the job `{}` never runs: this is false for every event", subject.job.id.value))
            .related(subject.workflow.on.span, format!("the workflow runs for {}", events.join(", ")));
    }
}
