use expr::Value;
use span::Severity;
use workflow::{Template, TemplateKey, TemplateKind};

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::JobSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/matrix-duplicate-value",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["actionlint:matrix"],
    summary: "an axis of the matrix has a value twice, which makes the same job twice",
    page: page!("correctness/matrix-duplicate-value"),
    checks: &[Check::Job(check)],
};

fn check(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    let matrix = subject.job.strategy.as_ref().and_then(|strategy| strategy.matrix.as_ref());
    for entry in matrix.map(Template::entries).unwrap_or_default() {
        let TemplateKey::Literal(name) = &entry.key else { continue };
        let TemplateKind::Sequence(items) = &entry.value.kind else { continue };
        if matches!(&**name, "include" | "exclude") {
            continue;
        }
        for (index, item) in items.iter().enumerate() {
            if let Some(first) = items[..index].iter().find(|other| same(other, item)) {
                report
                    .at(item.span, format!("the axis `{name}` has this value already"))
                    .related(first.span, "first here");
            }
        }
    }
}

/// Whether two values are written alike. Expressions may differ when they are evaluated, and are alike only as text.
fn same(a: &Template, b: &Template) -> bool {
    match (&a.kind, &b.kind) {
        (TemplateKind::Literal(a), TemplateKind::Literal(b)) => same_value(a, b),
        (TemplateKind::Text(a), TemplateKind::Text(b)) => a.text() == b.text(),
        (TemplateKind::Sequence(a), TemplateKind::Sequence(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (TemplateKind::Mapping(a), TemplateKind::Mapping(b)) => {
            a.len() == b.len()
                && a.iter().all(|a| match &a.key {
                    TemplateKey::Literal(name) => b.iter().any(|b| {
                        matches!(&b.key, TemplateKey::Literal(other) if other == name) && same(&a.value, &b.value)
                    }),
                    _ => false,
                })
        }
        _ => false,
    }
}

fn same_value(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Number(a), Value::Number(b)) => a == b,
        (Value::String(a), Value::String(b)) => a == b,
        _ => false,
    }
}
