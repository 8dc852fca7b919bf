//! The shell of scripts that name none: it depends on the system of the runner.

use expr::{Part, Term};
use workflow::{Job, JobKind, StepsJob, Template, TemplateKind};

use super::{System, system};
use crate::steps::Shell;

/// The shell that a job's scripts have unless something names another; unknown unless every leg's labels tell the system,
/// and all have the same shell.
pub(crate) fn default_shell(job: &Job) -> Shell {
    let JobKind::Steps(steps) = &job.kind else { return Shell::Unknown };
    // Containers of jobs are always Linux.
    if has_container(steps) {
        return Shell::Posix;
    }
    let Some(systems) = systems(job, steps) else { return Shell::Unknown };
    match systems.iter().filter(|system| **system == System::Windows).count() {
        0 if systems.is_empty() => Shell::Unknown,
        0 => Shell::Posix,
        windows if windows == systems.len() => Shell::Pwsh,
        _ => Shell::Unknown,
    }
}

/// Whether the job certainly runs in a container: an expression may leave it out.
fn has_container(steps: &StepsJob) -> bool {
    let Some(container) = &steps.container else { return false };
    let image = container.get("image").unwrap_or(container);
    image.literal_str().is_some_and(|image| !image.is_empty())
}

/// The system of each choice of runners; `None` where one does not tell.
fn systems(job: &Job, steps: &StepsJob) -> Option<Vec<System>> {
    let labels = steps.runs_on.get("labels").unwrap_or(&steps.runs_on);
    match &labels.kind {
        // All of these are one runner's: the first label that tells is enough.
        TemplateKind::Sequence(items) => items.iter().find_map(|item| of_label(job, item)),
        TemplateKind::Mapping(_) => None,
        _ => of_label(job, labels),
    }
}

fn of_label(job: &Job, label: &Template) -> Option<Vec<System>> {
    match &label.kind {
        TemplateKind::Literal(_) => Some(vec![named(label.literal_str()?)?]),
        TemplateKind::Text(text) => of_part(job, text.as_expr()?.view()?),
        // A value of the matrix that lists the labels of one runner.
        TemplateKind::Sequence(items) => items.iter().find_map(|item| Some(vec![named(item.literal_str()?)?])),
        TemplateKind::Mapping(_) => None,
    }
}

fn of_part(job: &Job, part: Part<'_>) -> Option<Vec<System>> {
    match part.term() {
        Term::Literal(value) => Some(vec![named(value.as_str()?)?]),
        Term::Or(operands) => {
            let each = operands.into_iter().map(|operand| of_part(job, operand));
            Some(each.collect::<Option<Vec<_>>>()?.into_iter().flatten().collect())
        }
        // Of `a && b` only `b` is a value that is not empty.
        Term::And(operands) => of_part(job, *operands.last()?),
        _ => {
            let path = part.path()?;
            let (context, keys) = path.split_first()?;
            if context.eq_ignore_ascii_case("matrix") { of_matrix(job, keys) } else { None }
        }
    }
}

/// Every value that a key of the matrix has. Entries of `include` that do not name it add to legs that have it.
fn of_matrix(job: &Job, keys: &[String]) -> Option<Vec<System>> {
    let strategy = job.strategy.as_ref().filter(|strategy| strategy.whole.is_none())?;
    let matrix = strategy.matrix.as_ref()?;
    let TemplateKind::Mapping(_) = &matrix.kind else { return None };
    let (axis, below) = keys.split_first()?;
    let mut values: Vec<&Template> = Vec::new();
    for list in [matrix.get(axis), matrix.get("include")].into_iter().flatten() {
        let TemplateKind::Sequence(items) = &list.kind else { return None };
        values.extend(items);
    }
    let named = |item: &Template| matches!(item.kind, TemplateKind::Mapping(_)) && item.get(axis).is_some();
    let mut systems = Vec::new();
    for value in values {
        let own = if named(value) { value.get(axis) } else { Some(value) };
        let Some(mut value) = own else { continue };
        // An entry of `include` without the key.
        if matches!(value.kind, TemplateKind::Mapping(_)) && below.is_empty() {
            continue;
        }
        for key in below {
            match value.get(key) {
                Some(inner) => value = inner,
                None => return None,
            }
        }
        systems.extend(of_label(job, value).filter(|_| !matches!(value.kind, TemplateKind::Text(_)))?);
    }
    Some(systems)
}

/// The system that a label's name tells: GitHub's own, and those of other runners that have it in their name.
fn named(label: &str) -> Option<System> {
    if let Some(known) = system(label) {
        return Some(known);
    }
    let label = label.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| label.contains(word));
    let told = [
        (System::Windows, has(&["windows"])),
        (System::MacOs, has(&["macos", "darwin"])),
        (System::Linux, has(&["ubuntu", "linux", "debian"])),
    ];
    let mut told = told.into_iter().filter(|(_, told)| *told).map(|(system, _)| system);
    // A name with two systems in it tells none.
    told.next().filter(|_| told.next().is_none())
}
