//! GitHub's runners, as far as labels tell: which there are, which are gone, and what they run.
//!
//! Facts: the images that GitHub lists, and its notices of those that were removed, up to November 2026.

mod shell;

pub(crate) use shell::default_shell;
use workflow::{Job, JobKind, Template, TemplateKind};

/// What a runner's machine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    Linux,
    MacOs,
    Windows,
}

/// Labels of runners that GitHub has.
pub(crate) const HOSTED: &[&str] = &[
    "ubuntu-latest",
    "ubuntu-latest-4-cores",
    "ubuntu-latest-8-cores",
    "ubuntu-latest-16-cores",
    "ubuntu-slim",
    "ubuntu-26.04",
    "ubuntu-26.04-arm",
    "ubuntu-24.04",
    "ubuntu-24.04-arm",
    "ubuntu-22.04",
    "ubuntu-22.04-arm",
    "windows-latest",
    "windows-latest-8-cores",
    "windows-2025",
    "windows-2025-vs2026",
    "windows-2022",
    "windows-11-arm",
    "macos-latest",
    "macos-latest-large",
    "macos-latest-xlarge",
    "macos-26",
    "macos-26-intel",
    "macos-26-large",
    "macos-26-xlarge",
    "macos-15",
    "macos-15-intel",
    "macos-15-large",
    "macos-15-xlarge",
];

/// Labels that every self-hosted runner may have.
pub(crate) const SELF_HOSTED: &[&str] = &["self-hosted", "linux", "macos", "windows", "x64", "arm", "arm64"];

/// Labels that no runner has any more: since when, and what stands in for them.
const GONE: &[(&str, &str, &str)] = &[
    ("ubuntu-16.04", "September 2021", "ubuntu-latest"),
    ("ubuntu-18.04", "April 2023", "ubuntu-latest"),
    ("ubuntu-20.04", "April 2025", "ubuntu-latest"),
    ("windows-2016", "March 2022", "windows-latest"),
    ("windows-2019", "June 2025", "windows-latest"),
    ("macos-10.15", "August 2022", "macos-latest"),
    ("macos-11", "June 2024", "macos-latest"),
    ("macos-11-large", "June 2024", "macos-latest-large"),
    ("macos-12", "December 2024", "macos-latest"),
    ("macos-12-large", "December 2024", "macos-latest-large"),
    ("macos-12-xl", "December 2024", "macos-latest-large"),
    ("macos-13", "December 2025", "macos-15-intel"),
    ("macos-13-large", "December 2025", "macos-15-large"),
    ("macos-13-xlarge", "December 2025", "macos-15-xlarge"),
    ("macos-14", "November 2026", "macos-latest"),
    ("macos-14-large", "November 2026", "macos-latest-large"),
    ("macos-14-xlarge", "November 2026", "macos-latest-xlarge"),
];

/// Since when a label has no runner, and a label to use instead.
pub(crate) fn gone(label: &str) -> Option<(&'static str, &'static str)> {
    let row = GONE.iter().find(|(gone, ..)| gone.eq_ignore_ascii_case(label))?;
    Some((row.1, row.2))
}

/// The system of a label, where it is one of GitHub's.
pub(crate) fn system(label: &str) -> Option<System> {
    let label = label.to_ascii_lowercase();
    let known = HOSTED.contains(&label.as_str()) || gone(&label).is_some();
    match label.split('-').next() {
        Some("ubuntu") if known => Some(System::Linux),
        Some("macos") if known => Some(System::MacOs),
        Some("windows") if known => Some(System::Windows),
        _ => None,
    }
}

/// A label as it is written, or that a leg of the matrix brings in.
pub(crate) struct Label<'a> {
    pub(crate) text: &'a str,
    pub(crate) span: span::Span,
}

/// Every label that a job can ask for, as far as the file says: those of the matrix, where `runs-on` is an axis of it.
pub(crate) fn labels(job: &Job) -> Vec<Label<'_>> {
    let JobKind::Steps(steps) = &job.kind else { return Vec::new() };
    let mut found = Vec::new();
    let runs_on = steps.runs_on.get("labels").unwrap_or(&steps.runs_on);
    match &runs_on.kind {
        TemplateKind::Sequence(items) => {
            items.iter().for_each(|item| add(job, item, &mut found));
        }
        _ => add(job, runs_on, &mut found),
    }
    found
}

fn add<'a>(job: &'a Job, template: &'a Template, found: &mut Vec<Label<'a>>) {
    match &template.kind {
        TemplateKind::Literal(value) => {
            if let Some(text) = value.as_str() {
                found.push(Label { text, span: template.span });
            }
        }
        TemplateKind::Text(text) => {
            let path = text.as_expr().and_then(expr::Expr::view).and_then(expr::Part::path);
            if let Some([matrix, key]) = path.as_deref()
                && matrix.eq_ignore_ascii_case("matrix")
            {
                of_matrix(job, key, found);
            }
        }
        TemplateKind::Sequence(items) => items.iter().for_each(|item| add(job, item, found)),
        TemplateKind::Mapping(_) => {}
    }
}

fn of_matrix<'a>(job: &'a Job, key: &str, found: &mut Vec<Label<'a>>) {
    let Some(matrix) = job.strategy.as_ref().and_then(|strategy| strategy.matrix.as_ref()) else { return };
    let mut values: Vec<&Template> = Vec::new();
    if let Some(Template { kind: TemplateKind::Sequence(items), .. }) = matrix.get(key) {
        values.extend(items);
    }
    if let Some(Template { kind: TemplateKind::Sequence(items), .. }) = matrix.get("include") {
        values.extend(items.iter().filter_map(|item| item.get(key)));
    }
    for value in values {
        match &value.kind {
            TemplateKind::Literal(literal) => {
                if let Some(text) = literal.as_str() {
                    found.push(Label { text, span: value.span });
                }
            }
            TemplateKind::Sequence(items) => {
                for item in items {
                    if let Some(text) = item.literal_str() {
                        found.push(Label { text, span: item.span });
                    }
                }
            }
            _ => {}
        }
    }
}

/// The system that all legs of a job run on, where the file says it.
pub(crate) fn system_of(job: &Job) -> Option<System> {
    let JobKind::Steps(steps) = &job.kind else { return None };
    let label = steps.runs_on.literal_str()?;
    system(label)
}

/// Whether the job runs on a runner of GitHub's, whichever.
pub(crate) fn is_hosted(job: &Job) -> bool {
    let labels = labels(job);
    !labels.is_empty() && labels.iter().all(|label| system(label.text).is_some())
}
