use expr::{Part, Term};
use span::Severity;
use span::Span;
use workflow::{JobKind, Runs, StepKind, Template, TemplateKind};

use crate::finding::Confidence;
use crate::flow::{self, Place};
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::{ActionSubject, JobSubject, Owner, StepSubject};

pub(super) static RULE: Rule = Rule {
    id: "security/unpinned-images",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Default,
    aliases: &["zizmor:unpinned-images"],
    summary: "an image can change under the workflow: nothing pins it",
    page: page!("security/unpinned-images"),
    checks: &[Check::Job(of_job), Check::Step(of_step), Check::Action(of_action)],
};

fn of_job(subject: &JobSubject<'_>, report: &mut Report<'_>) {
    let JobKind::Steps(job) = &subject.job.kind else { return };
    let owner = Owner::Job { workflow: subject.workflow, job: subject.job };
    let place = Place { project: subject.project, document: subject.document, owner, step: None };
    if let Some(container) = &job.container {
        image(&place, container.get("image").unwrap_or(container), report);
    }
    for service in job.services.iter().flat_map(Template::entries) {
        image(&place, service.value.get("image").unwrap_or(&service.value), report);
    }
}

fn of_step(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    if let StepKind::Uses { uses, .. } = &subject.step.kind
        && let Some(name) = uses.value.strip_prefix("docker://")
    {
        written(name, uses.span, None, report);
    }
}

fn of_action(subject: &ActionSubject<'_>, report: &mut Report<'_>) {
    if let Runs::Docker(runs) = &subject.action.runs
        && let Some(name) = runs.image.value.strip_prefix("docker://")
    {
        written(name, runs.image.span, None, report);
    }
}

fn image(place: &Place<'_>, template: &Template, report: &mut Report<'_>) {
    let TemplateKind::Text(text) = &template.kind else {
        if let Some(name) = template.source_text() {
            written(&name, template.span, None, report);
        }
        return;
    };
    let Some(expr) = text.as_expr() else {
        // Most of the name is written out; whether the rest is a digest is not to be seen.
        unknown(template.span, report);
        return;
    };
    let mut told = false;
    for value in flow::values(expr) {
        let values = value
            .part
            .path()
            .filter(|path| path[0].eq_ignore_ascii_case("matrix"))
            .and_then(|path| of_matrix(place, &path[1..]));
        match values {
            Some(values) => {
                values.into_iter().for_each(|value| written(&value.0, template.span, Some(value.1), report));
            }
            None if !told => unknown(template.span, report),
            None => {}
        }
        told = true;
    }
    for name in expr.view().map(texts).unwrap_or_default() {
        written(name, template.span, None, report);
    }
}

/// The texts among which an expression chooses.
fn texts(part: Part<'_>) -> Vec<&str> {
    match part.term() {
        Term::Literal(value) => value.as_str().into_iter().collect(),
        Term::Or(operands) => operands.into_iter().flat_map(texts).collect(),
        Term::And(operands) => operands.last().copied().map(texts).unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn unknown(span: Span, report: &mut Report<'_>) {
    report.at(span, "whether this image is pinned is not to be seen").confidence(Confidence::Low);
}

/// The values of an axis, where all are written out.
fn of_matrix(place: &Place<'_>, path: &[String]) -> Option<Vec<(String, Span)>> {
    let matrix = place.owner.job()?.strategy.as_ref()?.matrix.as_ref()?;
    let (name, rest) = path.split_first()?;
    let mut values: Vec<&Template> = items(matrix.get(name)).iter().collect();
    values.extend(items(matrix.get("include")).iter().filter_map(|item| item.get(name)));
    if values.is_empty() {
        return None;
    }
    let mut found = Vec::new();
    for value in values {
        let value = rest.iter().try_fold(value, |value, name| value.get(name))?;
        if !value.is_literal() {
            return None;
        }
        found.push((value.source_text()?.into_owned(), value.span));
    }
    Some(found)
}

fn items(template: Option<&Template>) -> &[Template] {
    match template.map(|template| &template.kind) {
        Some(TemplateKind::Sequence(items)) => items,
        _ => &[],
    }
}

fn written(name: &str, span: Span, from: Option<Span>, report: &mut Report<'_>) {
    if name.is_empty() || name.contains("@sha256:") || name.contains("${{") {
        return;
    }
    let last = name.rsplit('/').next().unwrap_or(name);
    let finding = match last.split_once(':') {
        None => report.at(span, format!("`{name}` has no tag, so it is whatever is newest")),
        Some((_, "latest")) => report.at(span, format!("`{name}` is whatever is newest")),
        Some((_, tag)) => {
            let finding = report.at(span, format!("`{name}` is pinned to the tag `{tag}`, which can be moved"));
            finding.profile(Profile::Pedantic);
            finding
        }
    };
    if let Some(from) = from {
        finding.related(from, "this value of the matrix");
    }
    finding.help("pin it to its digest: `name:tag@sha256:…`");
}
