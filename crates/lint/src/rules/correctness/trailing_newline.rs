use span::Severity;
use yaml::{Node, Style};

use crate::document::{Document, Kind};
use crate::finding::Confidence;
use crate::fix::Fix;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::FileSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/trailing-newline",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &[],
    summary: "a block text ends with a line break that becomes part of a name",
    page: page!("correctness/trailing-newline"),
    checks: &[Check::File(check)],
};

/// Keys of a job and of a step whose value is a name, to which a line break does not belong.
const OF_JOB: &[&str] = &["runs-on", "environment", "concurrency"];
const OF_STEP: &[&str] = &["uses", "shell", "working-directory"];

fn check(subject: &FileSubject<'_>, report: &mut Report<'_>) {
    let document = subject.document;
    let Some(root) = document.yaml.as_ref().filter(|_| document.kind == Kind::Workflow) else { return };
    // Few files have such a block at all.
    if !document.text().contains("|\n") && !document.text().contains("|\r\n") {
        return;
    }
    if let Some(concurrency) = root.get("concurrency") {
        look(document, concurrency, report);
    }
    for (_, job) in root.get("jobs").map(Node::entries).unwrap_or_default() {
        OF_JOB.iter().filter_map(|key| job.get(key)).for_each(|value| look(document, value, report));
        for step in job.get("steps").map(Node::items).unwrap_or_default() {
            OF_STEP.iter().filter_map(|key| step.get(key)).for_each(|value| look(document, value, report));
        }
    }
}

/// The value itself, or the `group` or `name` in it.
fn look(document: &Document, value: &Node, report: &mut Report<'_>) {
    let value = value.get("group").or_else(|| value.get("name")).unwrap_or(value);
    let Some(scalar) = value.as_scalar().filter(|scalar| scalar.style == Style::Literal) else { return };
    let line = scalar.text.trim_end_matches('\n');
    if line.len() == scalar.text.len() || line.is_empty() || line.contains('\n') {
        return;
    }
    let start = scalar.content.start as usize;
    let bar = document.text()[..start].rfind('|');
    let finding = report.at(scalar.content, format!("the value is `{line}` and a line break"));
    finding.help("write `|-`, or put the value on the line of its key");
    if let Some(bar) = bar.filter(|bar| document.text()[*bar..start].trim() == "|") {
        finding.fix(Fix::safe("leave the line break out").insert(document.file, bar + 1, "-"));
    }
}
