use span::Severity;
use std::sync::Arc;
use workflow::{JobKind, Spanned, StepKind};

use crate::finding::Confidence;
use crate::knowledge::archived;
use crate::knowledge::uses::Uses;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::{JobSubject, StepSubject};

pub(super) static RULE: Rule = Rule {
    id: "security/archived-uses",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Default,
    aliases: &["zizmor:archived-uses"],
    summary: "an action comes from a repository that its owner has archived",
    page: page!("security/archived-uses"),
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
    let Some(replacement) = archived::replacement(&known.repository()) else { return };
    let finding =
        report.at(uses.span, format!("`{}` is archived: nobody mends what is found in it", known.repository()));
    if !replacement.is_empty() {
        finding.help(format!("instead: {replacement}"));
    }
}
