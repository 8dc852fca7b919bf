use span::Severity;
use std::sync::Arc;
use workflow::{JobKind, Spanned, StepKind};

use crate::finding::Confidence;
use crate::knowledge::popular;
use crate::knowledge::uses::Uses;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::{JobSubject, StepSubject};

pub(super) static RULE: Rule = Rule {
    id: "security/typosquat-uses",
    severity: Severity::Error,
    confidence: Confidence::High,
    profile: Profile::Default,
    aliases: &["zizmor:typosquat-uses"],
    summary: "the name of an action is one slip away from that of a popular one",
    page: page!("security/typosquat-uses"),
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
    let Some(popular) = popular::resembles(known.owner, known.repo) else { return };
    report
        .at(uses.span, format!("`{}` is not `{popular}`, but looks like it", known.repository()))
        .help(format!("write `{popular}` if that is meant; names like this are registered to be mistaken"));
}
