use span::Severity;
use std::collections::BTreeSet;
use workflow::{StepsJob, Strategy, Template, TemplateKind};

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::steps::ActionStep;
use crate::subject::StepSubject;

pub(super) static RULE: Rule = Rule {
    id: "cache/collision",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Default,
    aliases: &[],
    summary: "jobs of different systems share a cache under one name",
    page: page!("cache/collision"),
    checks: &[Check::Step(check)],
};

fn check(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    let cache = ActionStep::of(subject)
        .filter(|action| action.uses.is("actions/cache") || action.uses.is("actions/cache/save"));
    let Some(action) = cache else { return };
    let (Some(key), Some(text)) = (action.input("key"), action.text("key")) else { return };
    let (Some(job), Some(strategy)) =
        (subject.owner.steps_job(), subject.owner.job().and_then(|job| job.strategy.as_ref()))
    else {
        return;
    };
    let Some((axis, systems)) = systems(job, strategy) else { return };
    // Anything of the matrix, the machine or an earlier step may tell them apart.
    let apart =
        ["runner.", "matrix.", "steps.", "env.", "inputs.", "needs."].iter().any(|context| text.contains(context));
    if apart || action.says("enableCrossOsArchive", "true") {
        return;
    }
    report
        .at(
            key.span,
            format!("the same key for {}: the one that is saved first is restored on the others", systems.join(", ")),
        )
        .related(job.runs_on.span, format!("`{axis}` chooses the system"))
        .help("put `${{ runner.os }}-${{ runner.arch }}` in front of the key");
}

/// The axis that chooses the machine and its values, where they are of several systems that can read each other's caches.
fn systems<'a>(job: &StepsJob, strategy: &'a Strategy) -> Option<(String, Vec<&'a str>)> {
    let TemplateKind::Text(text) = &job.runs_on.kind else { return None };
    let path = text.as_expr()?.view()?.path()?;
    let [context, axis] = &path[..] else { return None };
    if !context.eq_ignore_ascii_case("matrix") {
        return None;
    }
    let matrix = strategy.matrix.as_ref()?;
    let items = |template: Option<&'a Template>| match template.map(|template| &template.kind) {
        Some(TemplateKind::Sequence(items)) => &items[..],
        _ => &[],
    };
    let mut labels: Vec<&str> = items(matrix.get(axis)).iter().filter_map(Template::literal_str).collect();
    labels.extend(items(matrix.get("include")).iter().filter_map(|item| item.get(axis)?.literal_str()));
    // Archives of Windows have a version of their own.
    let kinds: BTreeSet<&str> = labels.iter().filter_map(|label| kind(label)).collect();
    labels.dedup();
    (kinds.len() > 1).then(|| (path.join("."), labels))
}

fn kind(label: &str) -> Option<&'static str> {
    let arm = label.contains("arm");
    if label.starts_with("ubuntu") {
        Some(if arm { "linux-arm" } else { "linux" })
    } else if label.starts_with("macos") {
        Some("macos")
    } else {
        None
    }
}
