use span::Severity;
use workflow::{JobKind, Step, StepKind};

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::JobSubject;
use crate::worlds::{World, with_matrix, worlds};

pub(super) static RULE: Rule = Rule {
    id: "correctness/unreachable-step",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &[],
    summary: "the condition of a step is false for every event and every leg of the matrix",
    page: page!("correctness/unreachable-step"),
    checks: &[Check::Job(check)],
};

fn check(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    let JobKind::Steps(job) = &subject.job.kind else { return };
    if !job.steps.iter().any(|step| step.condition.is_some() || matches!(step.kind, StepKind::Parallel { .. })) {
        return;
    }
    let worlds = worlds(subject.workflow).unwrap_or_else(|| vec![World::unknown()]);
    let worlds = with_matrix(&worlds, subject.job);
    steps(&job.steps, &worlds, report);
}

fn steps(list: &[Step], worlds: &[World], report: &mut Report<'_>) {
    for step in list {
        if let StepKind::Parallel { steps: inner } = &step.kind {
            steps(inner, worlds, report);
        }
        let Some(condition) = &step.condition else { continue };
        let expr = condition.condition.expr();
        if expr.is_empty() || World::unknown().truth(expr).is_some() {
            continue;
        }
        if worlds.iter().all(|world| world.truth(expr) == Some(false)) {
            report.at(condition.span, "this step never runs: the condition is false in every run of this job");
        }
    }
}
