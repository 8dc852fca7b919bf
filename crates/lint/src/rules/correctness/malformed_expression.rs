use span::Severity;
use span::Span;
use workflow::{StepKind, Template, TemplateKey};

use crate::document::Document;
use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::JobSubject;
use crate::subject::StepSubject;

pub(super) static RULE: Rule = Rule {
    id: "correctness/malformed-expression",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["jactionlint:malformed-expression-delimiters"],
    summary: "braces that were meant to be an expression are plain text",
    page: page!("correctness/malformed-expression"),
    checks: &[Check::Step(step), Check::Job(job)],
};

fn step(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    let step = subject.step;
    let mut templates: Vec<&Template> = Vec::new();
    templates.extend([&step.name, &step.env].into_iter().flatten());
    match &step.kind {
        StepKind::Run { script, .. } => templates.push(script),
        StepKind::Uses { with, .. } => templates.extend(with),
        _ => {}
    }
    templates
        .into_iter()
        .for_each(|template| each(template, &mut |text, span| look(subject.document, text, span, report)));
    if let Some(condition) = &step.condition {
        look(subject.document, condition.condition.expr().source(), condition.span, report);
    }
}

fn job(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    let mut templates: Vec<&Template> = subject.job.name.iter().collect();
    if let workflow::JobKind::Steps(job) = &subject.job.kind {
        templates.extend([&job.env, &job.container, &job.services, &job.environment].into_iter().flatten());
        templates.push(&job.runs_on);
        templates.extend(job.outputs.iter().map(|(_, template)| template));
    }
    templates
        .into_iter()
        .for_each(|template| each(template, &mut |text, span| look(subject.document, text, span, report)));
}

fn each(template: &Template, visit: &mut dyn FnMut(&str, Span)) {
    if let Some(text) = template.source_text() {
        if text.contains("{{") {
            visit(&text, template.span);
        }
        return;
    }
    if let workflow::TemplateKind::Sequence(items) = &template.kind {
        items.iter().for_each(|item| each(item, visit));
    }
    for entry in template.entries() {
        if matches!(entry.key, TemplateKey::Literal(_)) {
            each(&entry.value, visit);
        }
    }
}

fn look(document: &Document, text: &str, scalar: Span, report: &mut Report<'_>) {
    let mut from = 0;
    while let Some(found) = text[from..].find("{{") {
        let at = from + found;
        from = at + 2;
        if text[..at].ends_with('$') {
            // An expression of its own: go on behind it.
            from = text[at..].find("}}").map_or(text.len(), |end| at + end + 2);
            continue;
        }
        let inner = text[at + 2..].trim_start();
        let Some(end) = text[at..].find("}}") else { continue };
        if !names_context(inner) {
            continue;
        }
        let start = if text[..at].ends_with("$ ") { at - 2 } else { at };
        let written = &text[start..at + end + 2];
        let inner = text[at + 2..at + end].trim();
        report
            .at(document.place(scalar, start..at + end + 2), format!("`{written}` is plain text, no expression"))
            .help(format!("write `${{{{ {inner} }}}}`"));
    }
}

/// Whether it starts as only an expression of a workflow does: other template languages have `{{ }}` too.
fn names_context(inner: &str) -> bool {
    const GITHUB: &[&str] = &[
        "actor",
        "base_ref",
        "event",
        "event_name",
        "head_ref",
        "job",
        "ref",
        "ref_name",
        "ref_type",
        "repository",
        "repository_owner",
        "run_id",
        "run_number",
        "sha",
        "token",
        "workflow",
        "workspace",
    ];
    let word =
        |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-')).collect::<String>();
    let context = word(inner);
    let Some(rest) = inner[context.len()..].strip_prefix('.') else { return false };
    let property = word(rest);
    let after = &rest[property.len()..];
    match context.as_str() {
        "github" => GITHUB.contains(&property.as_str()),
        "secrets" => !property.is_empty() && property == property.to_uppercase(),
        "steps" => after.starts_with(".outputs.") || after.starts_with(".outcome") || after.starts_with(".conclusion"),
        "needs" => after.starts_with(".outputs.") || after.starts_with(".result"),
        "matrix" | "inputs" => !property.is_empty(),
        "runner" => matches!(property.as_str(), "os" | "arch" | "temp" | "tool_cache"),
        _ => false,
    }
}
