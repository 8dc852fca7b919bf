use span::Severity;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::runners::{HOSTED, SELF_HOSTED, gone, labels};
use crate::subject::JobSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/unknown-runner-label",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["actionlint:runner-label"],
    summary: "no runner has this label",
    page: page!("correctness/unknown-runner-label"),
    checks: &[Check::Job(check)],
};

fn check(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    let labels = labels(subject.job);
    let own = &subject.project.facts.config.runner_labels;
    let adopted = &subject.project.facts.adopted;
    let is_own = |label: &str| own.iter().any(|pattern| fits(pattern, label)) || adopted.has_label(label);
    // Runners of one's own have labels of one's own.
    let self_hosted = labels.iter().any(|label| label.text.eq_ignore_ascii_case("self-hosted"));
    for label in labels.iter().filter(|_| !self_hosted) {
        let known = HOSTED.iter().chain(SELF_HOSTED).any(|known| known.eq_ignore_ascii_case(label.text));
        if known || gone(label.text).is_some() || is_own(label.text) || label.text.is_empty() {
            continue;
        }
        let finding = report.at(label.span, format!("GitHub has no runner with the label `{}`", label.text));
        match span::did_you_mean(label.text, HOSTED.iter().copied()) {
            // Larger runners are often called like the image with a suffix.
            Some(meant) if !label.text.starts_with(&format!("{meant}-")) && is_like(label.text, meant) => {
                finding.help(format!("did you mean `{meant}`?"));
            }
            _ => {
                finding.confidence(Confidence::Low);
            }
        }
        finding.help("runners of your own: list their labels in `trunkline.toml` as `runner-labels` of `[lint]`");
    }
}

/// A letter or two of difference: whole words of it are another name.
fn is_like(label: &str, meant: &str) -> bool {
    label.len().abs_diff(meant.len()) <= 1
        && label.split('-').count() == meant.split('-').count()
        && !label
            .bytes()
            .zip(meant.bytes())
            .any(|(a, b)| a != b && a.is_ascii_digit() && b.is_ascii_digit() && label.len() == meant.len())
        || meant.starts_with(label)
}

/// `*` stands for anything.
fn fits(pattern: &str, label: &str) -> bool {
    let (pattern, label) = (pattern.to_lowercase(), label.to_lowercase());
    match pattern.split_once('*') {
        None => pattern == label,
        Some((start, end)) => {
            label.len() >= start.len() + end.len() && label.starts_with(start) && label.ends_with(end)
        }
    }
}
