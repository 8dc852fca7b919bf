use span::Severity;
use std::sync::Arc;
use workflow::{JobKind, Spanned, StepKind};

use crate::finding::Confidence;
use crate::knowledge::renamed;
use crate::knowledge::uses::Uses;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::{JobSubject, StepSubject};

pub(super) static RULE: Rule = Rule {
    id: "security/repojacking",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Default,
    aliases: &["jactionlint:repojacking"],
    summary: "an action is named by a place it has left, which others can take",
    page: page!("security/repojacking"),
    checks: &[Check::Step(of_step), Check::Job(of_job)],
};

fn of_step(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    if let StepKind::Uses { uses, .. } = &subject.step.kind {
        check(uses, report);
    }
}

fn of_job(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    if let JobKind::Call(call) = &subject.job.kind {
        check(&call.uses, report);
    }
}

fn check(uses: &Spanned<Arc<str>>, report: &mut Report<'_>) {
    let Some(known) = Uses::parse(&uses.value) else { return };
    let Some(new) = renamed::new_name(&known.repository()) else { return };
    report
        .at(uses.span, format!("`{}` has moved: the old name works only until somebody takes it", known.repository()))
        .help(format!("write `{new}`"));
}
