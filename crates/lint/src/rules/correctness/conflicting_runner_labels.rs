use span::Severity;
use workflow::{JobKind, TemplateKind};

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::runners::system;
use crate::subject::JobSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/conflicting-runner-labels",
    severity: Severity::Error,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["actionlint:runner-label"],
    summary: "a job asks for a runner that has two systems at once",
    page: page!("correctness/conflicting-runner-labels"),
    checks: &[Check::Job(check)],
};

fn check(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    let JobKind::Steps(job) = &subject.job.kind else { return };
    let runs_on = job.runs_on.get("labels").unwrap_or(&job.runs_on);
    let TemplateKind::Sequence(items) = &runs_on.kind else { return };
    // Runners of one's own have the labels that they are given.
    let own = |label: &str| label.eq_ignore_ascii_case("self-hosted");
    if items.iter().any(|item| item.literal_str().is_some_and(own)) {
        return;
    }
    let hosted: Vec<_> = items
        .iter()
        .filter_map(|item| Some((item, item.literal_str()?)))
        .filter(|(_, label)| system(label).is_some())
        .collect();
    if let [(first, first_label), (second, label), ..] = hosted[..]
        && !first_label.eq_ignore_ascii_case(label)
    {
        report
            .at(second.span, format!("no runner is `{first_label}` and `{label}` at once"))
            .related(first.span, "the labels of a list have to be those of one runner")
            .help("to run on both, make them an axis of `strategy.matrix`");
    }
}
