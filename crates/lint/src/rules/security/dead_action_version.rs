use span::Severity;

use crate::finding::Confidence;
use crate::knowledge::uses::Version;
use crate::knowledge::versions::{self, Age};
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::steps::ActionStep;
use crate::subject::StepSubject;

pub(super) static RULE: Rule = Rule {
    id: "security/dead-action-version",
    severity: Severity::Error,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["actionlint:action", "jactionlint:outdated-action"],
    summary: "a version of an action is used that has been shut down",
    page: page!("security/dead-action-version"),
    checks: &[Check::Step(check)],
};

fn check(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    let Some(action) = ActionStep::of(subject) else { return };
    // A hash is what its comment says.
    let version = action.uses.version().or_else(|| {
        let comment = subject.document.comment_after(action.span).filter(|_| action.uses.is_hash())?;
        comment
            .text
            .trim_start_matches('#')
            .split_whitespace()
            .find_map(|word| word.contains(['.', 'v']).then(|| Version::parse(word))?)
    });
    match versions::age(&action.uses, version) {
        Some(Age::Dead { works_from, why }) => {
            report
                .at(action.span, format!("this version of {} does not work any more: {why}", action.uses.name()))
                .help(format!("use version {works_from} or a newer one"));
        }
        Some(Age::Old { newest }) => {
            report
                .at(action.span, format!("{} is at version {newest}", action.uses.name()))
                .severity(Severity::Info)
                .profile(Profile::Pedantic)
                .help("older versions run on older releases of Node.js, and get no mends");
        }
        None => {}
    }
}
