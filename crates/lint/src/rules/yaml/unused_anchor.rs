use span::Severity;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::FileSubject;

pub(super) static RULE: Rule = Rule {
    id: "yaml/unused-anchor",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["actionlint:syntax-check"],
    summary: "an anchor is never used",
    page: page!("yaml/unused-anchor"),
    checks: &[Check::File(check)],
};

fn check(subject: &FileSubject<'_>, report: &mut Report<'_>) {
    for anchor in subject.document.anchors.iter().filter(|anchor| anchor.uses == 0) {
        report
            .at(anchor.span, format!("the anchor `&{}` is never used", anchor.name))
            .help(format!("use it (`*{}`) or remove it", anchor.name));
    }
}
