use span::Severity;
use std::sync::Arc;
use workflow::Runs;
use workflow::Spanned;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::FileSubject;
use crate::walk::each_expression;

pub(super) static RULE: Rule = Rule {
    id: "correctness/unused-input",
    severity: Severity::Info,
    confidence: Confidence::Medium,
    profile: Profile::Pedantic,
    aliases: &[],
    summary: "an input of a workflow or action is read by nothing",
    page: page!("correctness/unused-input"),
    checks: &[Check::File(check)],
};

fn check(subject: &FileSubject<'_>, report: &mut Report<'_>) {
    let mut declared: Vec<&Spanned<Arc<str>>> = Vec::new();
    if let Some(workflow) = &subject.document.workflow {
        let events = workflow.on.events.iter();
        let inputs =
            events.flat_map(|event| event.inputs.iter().chain(event.call.iter().flat_map(|call| &call.inputs)));
        declared.extend(inputs.map(|input| &input.name));
    }
    if let Some(action) = &subject.document.action {
        // Others get their inputs as environment variables.
        if matches!(action.runs, Runs::Composite(_)) {
            declared.extend(action.inputs.iter().map(|input| &input.name));
        }
    }
    if declared.is_empty() {
        return;
    }
    let mut read: Vec<String> = Vec::new();
    let mut everything = false;
    each_expression(subject.project, subject.document, &mut |site| {
        for reference in site.expr.references() {
            let names: Vec<String> = reference.path.iter().map(|name| name.to_lowercase()).collect();
            let words: Vec<&str> = names.iter().map(String::as_str).collect();
            match &words[..] {
                ["inputs"] | ["github"] | ["github", "event"] | ["github", "event", "inputs"] => everything = true,
                ["inputs", "*", ..] => everything = true,
                ["inputs", name, ..] | ["github", "event", "inputs", name, ..] => read.push((*name).to_owned()),
                _ => {}
            }
        }
    });
    // A script of an action can read them from the environment.
    everything |= subject.document.text().contains("INPUT_");
    if everything {
        return;
    }
    for name in declared {
        if !read.contains(&name.value.to_lowercase()) {
            report.at(name.span, format!("nothing reads the input `{}`", name.value));
        }
    }
}
