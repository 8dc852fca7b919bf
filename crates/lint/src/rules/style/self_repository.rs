use span::Severity;
use std::sync::Arc;
use workflow::{JobKind, Spanned, StepKind};

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::{JobSubject, StepSubject};

pub(super) static RULE: Rule = Rule {
    id: "style/self-repository",
    severity: Severity::Info,
    confidence: Confidence::High,
    profile: Profile::Pedantic,
    aliases: &["zizmor:self-repository"],
    summary: "an action or workflow of the same repository is named by the workspace",
    page: page!("style/self-repository"),
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

/// `./` is the workspace, which a checkout fills; `$/` is the repository of the file, at its own commit.
fn check(uses: &Spanned<Arc<str>>, report: &mut Report<'_>) {
    if let Some(path) = uses.value.strip_prefix("./") {
        report
            .at(uses.span, "`./` is whatever lies in the workspace by then")
            .help(format!("`$/{path}` is the same repository at the workflow's own commit, without a checkout"));
    }
}
