use span::Severity;
use workflow::{Template, TemplateKey, TemplateKind};

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::JobSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/matrix-exclude-nothing",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["actionlint:matrix"],
    summary: "an `exclude` takes away no combination of the matrix",
    page: page!("correctness/matrix-exclude-nothing"),
    checks: &[Check::Job(check)],
};

fn check(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    let Some(matrix) = subject.job.strategy.as_ref().and_then(|strategy| strategy.matrix.as_ref()) else { return };
    let Some(Template { kind: TemplateKind::Sequence(excludes), .. }) = matrix.get("exclude") else { return };
    for exclude in excludes {
        for entry in exclude.entries() {
            let TemplateKey::Literal(name) = &entry.key else { continue };
            // A key that is no axis is told elsewhere.
            let Some(axis) = matrix.get(name) else { continue };
            let TemplateKind::Sequence(values) = &axis.kind else { continue };
            if values.iter().any(|value| may_match(&entry.value, value)) {
                continue;
            }
            let finding =
                report.at(entry.value.span, format!("the axis `{name}` has no such value: nothing is excluded"));
            finding.related(axis.span, format!("the values of `{name}`"));
            if let Some(wanted) = entry.value.source_text() {
                let texts: Vec<String> =
                    values.iter().filter_map(|value| Some(value.source_text()?.into_owned())).collect();
                if let Some(meant) = span::did_you_mean(&wanted, texts.iter().map(String::as_str)) {
                    finding.help(format!("did you mean `{meant}`?"));
                }
            }
        }
    }
}

/// Whether a value of an `exclude` can be the same as a value of an axis, compared as GitHub compares them.
fn may_match(wanted: &Template, value: &Template) -> bool {
    match (&wanted.kind, &value.kind) {
        (TemplateKind::Literal(wanted), TemplateKind::Literal(value)) => {
            let text = |value: &expr::Value| value.to_display_string().to_lowercase();
            text(wanted) == text(value) || wanted.to_number() == value.to_number()
        }
        (TemplateKind::Mapping(entries), TemplateKind::Mapping(_)) => entries.iter().all(|entry| match &entry.key {
            TemplateKey::Literal(name) => value.get(name).is_some_and(|value| may_match(&entry.value, value)),
            _ => true,
        }),
        (TemplateKind::Text(_), _) | (_, TemplateKind::Text(_)) => true,
        (TemplateKind::Sequence(wanted), TemplateKind::Sequence(values)) => {
            wanted.len() <= values.len() && wanted.iter().zip(values).all(|(wanted, value)| may_match(wanted, value))
        }
        _ => false,
    }
}
