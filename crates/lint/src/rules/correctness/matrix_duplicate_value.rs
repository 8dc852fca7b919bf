use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use span::{Severity, Span};
use workflow::{Template, TemplateEntry, TemplateKey, TemplateKind};

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
        let mut seen: HashMap<String, Span> = HashMap::new();
        for item in items {
            let Some(written) = written(item) else { continue };
            match seen.entry(written) {
                Entry::Vacant(entry) => {
                    entry.insert(item.span);
                }
                Entry::Occupied(first) => {
                    report
                        .at(item.span, format!("the axis `{name}` has this value already"))
                        .related(*first.get(), "first here");
                }
            }
        }
    }
}

/// The same for values that are written alike. Expressions may differ when they are evaluated, and are alike only as text;
/// keys that are expressions are like no others.
fn written(template: &Template) -> Option<String> {
    Some(match &template.kind {
        TemplateKind::Literal(value) => format!("{value:?}"),
        TemplateKind::Text(text) => format!("expression {:?}", text.text()),
        TemplateKind::Sequence(items) => format!("{:?}", items.iter().map(written).collect::<Option<Vec<_>>>()?),
        TemplateKind::Mapping(entries) => {
            let entry = |entry: &TemplateEntry| match &entry.key {
                TemplateKey::Literal(name) => Some((Arc::clone(name), written(&entry.value)?)),
                _ => None,
            };
            format!("{:?}", entries.iter().map(entry).collect::<Option<BTreeMap<_, _>>>()?)
        }
    })
}
