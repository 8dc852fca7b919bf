use span::Severity;

use crate::finding::Confidence;
use crate::javascript::problem;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::steps::ActionStep;
use crate::subject::StepSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/github-script-syntax",
    severity: Severity::Error,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["jactionlint:github-script-syntax"],
    summary: "the script of actions/github-script is no JavaScript",
    page: page!("correctness/github-script-syntax"),
    checks: &[Check::Step(check)],
};

fn check(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    let Some(step) = ActionStep::of(subject).filter(|step| step.uses.is("actions/github-script")) else { return };
    let Some(script) = step.input("script") else { return };
    let Some(text) = script.source_text() else { return };
    if let Some(problem) = problem(&text) {
        report.at(subject.place(script.span, problem.at), problem.message);
    }
}
