use span::Severity;

use crate::finding::Confidence;
use crate::fix::Fix;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::runners::{gone, labels};
use crate::subject::JobSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/deprecated-runner-label",
    severity: Severity::Error,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["jactionlint:deprecated-runner-label", "actionlint:runner-label"],
    summary: "the runners with this label are gone: the job waits for a day and is cancelled",
    page: page!("correctness/deprecated-runner-label"),
    checks: &[Check::Job(check)],
};

fn check(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    let labels = labels(subject.job);
    if labels.iter().any(|label| label.text.eq_ignore_ascii_case("self-hosted")) {
        return;
    }
    for label in &labels {
        let Some((since, instead)) = gone(label.text) else { continue };
        report
            .at(label.span, format!("GitHub has had no `{}` since {since}", label.text))
            .help(format!("use `{instead}`, or the version that you need"))
            .fix(Fix::unsafe_(format!("use `{instead}`")).replace(label.span, instead));
    }
}
