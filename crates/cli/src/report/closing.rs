//! What stands at the end of a run: summaries, annotations, the table, one line.

use anstyle::Style;
use api::{Annotation, AnnotationLevel, Conclusion};

use super::markdown;
use super::palette::{BOLD, CYAN, DIM, GREEN, Palette, RED, YELLOW};
use super::table::{Cell, table};
use super::terminal::sentence;
use super::text;
use super::view::{JobView, RunView};

/// Lines of one summary at the end of a run; `trunkline show` gives all.
const SUMMARY_LINES: usize = 60;
/// Annotations at the end of a run.
const ANNOTATIONS: usize = 40;

/// Everything at the end of a run.
pub(crate) fn lines(view: &RunView, palette: Palette, columns: usize) -> Vec<String> {
    let mut lines = summaries(view, palette, columns, SUMMARY_LINES);
    lines.extend(annotations(view, palette, ANNOTATIONS));
    lines.extend(job_table(view, palette, columns));
    lines.push(String::new());
    lines.push(closing_line(view, palette));
    if hinted_job(view).is_some() {
        let run = view.started.as_ref().map_or(0, |started| started.run.0);
        lines.push(format!(
            "  the cause, as far as it can be told: {}",
            palette.paint(BOLD, format!("trunkline why failed {run}"))
        ));
    }
    lines
}

/// Every summary below its job's name.
pub(crate) fn summaries(view: &RunView, palette: Palette, columns: usize, most: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut last = None;
    for summary in &view.summaries {
        let Some(job) = view.job(summary.leg) else {
            continue;
        };
        lines.push(String::new());
        if last.replace(summary.leg) != Some(summary.leg) {
            let title = format!("── {} ── summary ", view.full_name(job));
            let rule = "─".repeat(columns.min(100).saturating_sub(text::width(&title)));
            lines.push(palette.paint(DIM, format!("{title}{rule}")));
        }
        let rendered = markdown::render(&summary.markdown, palette);
        let more = rendered.len().saturating_sub(most);
        lines.extend(rendered.into_iter().take(most));
        if more > 0 {
            let run = view.started.as_ref().map_or(0, |started| started.run.0);
            let rest = format!("… {}: trunkline show {run}", text::count(more, "more line"));
            lines.push(palette.paint(DIM, rest));
        }
    }
    lines
}

/// `src/main.rs:3:5: error: mismatched types`, each once.
pub(crate) fn annotations(view: &RunView, palette: Palette, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut left_out = 0;
    for (leg, annotation) in &view.annotations {
        let Some(job) = view.job(*leg) else { continue };
        // The table says it.
        if annotation.file.is_none() && job.first_error.as_deref() == annotation.message.lines().next() {
            continue;
        }
        let line = annotation_line(annotation, &view.full_name(job), palette);
        if lines.contains(&line) {
            continue;
        }
        if lines.len() < most {
            lines.push(line);
        } else {
            left_out += 1;
        }
    }
    if left_out > 0 {
        let rest = format!("… {}", text::count(left_out, "more annotation"));
        lines.push(palette.paint(DIM, rest));
    }
    if !lines.is_empty() {
        lines.insert(0, String::new());
    }
    lines
}

fn annotation_line(annotation: &Annotation, job: &str, palette: Palette) -> String {
    let mut place = annotation.file.clone().unwrap_or_else(|| job.to_owned());
    if annotation.file.is_some()
        && let Some(line) = annotation.line
    {
        place += &format!(":{line}");
        if let Some(column) = annotation.column {
            place += &format!(":{column}");
        }
    }
    let (word, style) = level(annotation.level);
    let title = annotation.title.as_ref().map(|title| format!("{title}: ")).unwrap_or_default();
    // Further lines stand below the first.
    let message = annotation.message.trim_end().replace('\n', "\n    ");
    format!("{place}: {} {title}{message}", palette.paint(style, format!("{word}:")))
}

/// The word for a level, and its colour.
pub(crate) fn level(level: AnnotationLevel) -> (&'static str, Style) {
    match level {
        AnnotationLevel::Notice => ("notice", CYAN),
        AnnotationLevel::Warning => ("warning", YELLOW),
        AnnotationLevel::Error => ("error", RED),
    }
}

pub(crate) fn style(conclusion: Conclusion) -> Style {
    match conclusion {
        Conclusion::Success => GREEN,
        Conclusion::Failure => RED,
        Conclusion::Cancelled => YELLOW,
        Conclusion::Skipped => DIM,
    }
}

pub(crate) fn symbol(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Success => "✓",
        Conclusion::Failure => "✗",
        Conclusion::Cancelled => "⊘",
        Conclusion::Skipped => "-",
    }
}

/// Job, result, time, first error line; failed jobs first.
pub(crate) fn job_table(view: &RunView, palette: Palette, columns: usize) -> Vec<String> {
    if view.jobs.is_empty() {
        return Vec::new();
    }
    let mut jobs: Vec<&JobView> = view.jobs.values().collect();
    jobs.sort_by_key(|job| rank(job.conclusion));
    let rows = jobs
        .into_iter()
        .map(|job| {
            let (result, style) = match job.conclusion {
                Some(conclusion) => (format!("{} {conclusion}", symbol(conclusion)), style(conclusion)),
                None => ("  not ended".to_owned(), DIM),
            };
            let detail = match (&job.first_error, &job.reason, &job.environment_url) {
                (Some(error), _, _) => error.clone(),
                (None, Some(reason), _) => sentence(reason),
                (None, None, Some(url)) => url.clone(),
                (None, None, None) => String::new(),
            };
            let failed = job.conclusion == Some(Conclusion::Failure);
            [
                Cell::plain(view.full_name(job)),
                Cell::new(result, style),
                Cell::plain(job.elapsed(job.started_at.unwrap_or(0)).map(text::duration).unwrap_or_default()).right(),
                if failed { Cell::plain(detail) } else { Cell::new(detail, DIM) },
            ]
        })
        .collect();
    let details = view.jobs.values().any(|job| job.conclusion == Some(Conclusion::Failure));
    let last = if details { "FIRST ERROR" } else { "" };
    let mut lines = vec![String::new()];
    lines.extend(table(["JOB", "RESULT", "TIME", last], rows, palette, columns));
    lines
}

fn rank(conclusion: Option<Conclusion>) -> u8 {
    match conclusion {
        Some(Conclusion::Failure) => 0,
        Some(Conclusion::Cancelled) => 1,
        None => 2,
        Some(Conclusion::Success) => 3,
        Some(Conclusion::Skipped) => 4,
    }
}

/// Number, result, time, and where to look further.
pub(crate) fn closing_line(view: &RunView, palette: Palette) -> String {
    let run = view.started.as_ref().map_or(0, |started| started.run.0);
    let Some((conclusion, at)) = view.finished else {
        return palette.paint(YELLOW, format!("Run {run} has not ended"));
    };
    let time = text::duration(at - view.started_at);
    let all = view.jobs.len();
    let with = |conclusion| view.jobs.values().filter(|job| job.conclusion == Some(conclusion)).count();
    let (failed, skipped) = (with(Conclusion::Failure), with(Conclusion::Skipped));
    let counts = match conclusion {
        _ if all == 0 => "no job ran".to_owned(),
        Conclusion::Failure if failed > 0 => {
            format!("{failed} of {} failed", text::count(all, "job"))
        }
        _ if skipped > 0 => format!("{}, {skipped} skipped", text::count(all, "job")),
        _ => text::count(all, "job"),
    };
    let verb = match conclusion {
        Conclusion::Success => "succeeded",
        Conclusion::Failure => "failed",
        Conclusion::Cancelled => "was cancelled",
        Conclusion::Skipped => "was skipped",
    };
    let head = palette.paint(style(conclusion), format!("{} Run {run} {verb}", symbol(conclusion)));
    let mut line = format!("{head} in {time}: {counts}");
    if let Some(job) = hinted_job(view) {
        let hint = format!("trunkline logs {run} {}", text::shell_word(&job));
        line += &format!(" · {}", palette.paint(BOLD, hint));
    }
    line
}

/// The failed job that is worth a look first, in the words that `trunkline logs` takes.
fn hinted_job(view: &RunView) -> Option<String> {
    let job = view.jobs.values().find(|job| job.conclusion == Some(Conclusion::Failure) && job.started_at.is_some())?;
    let alone = view.jobs.values().filter(|other| other.name == job.name).count() == 1;
    Some(if alone { job.name.clone() } else { view.full_name(job) })
}
