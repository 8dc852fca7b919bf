//! The live area at the bottom of a terminal.

use super::labels::Labels;
use super::palette::{BOLD, CYAN, DIM, Palette};
use super::screen::Size;
use super::text;
use super::view::{JobView, RunView};

/// Rows for jobs, however tall the terminal is.
const MOST_JOBS: usize = 12;

/// Running jobs with their step and time, then the counts. Every line is narrower than the terminal.
pub(crate) fn lines(view: &RunView, labels: &Labels, palette: Palette, size: Size, now: i64) -> Vec<String> {
    // Some terminals wrap when the last column is written, and a `^C` finds place without a new line.
    let columns = size.columns.saturating_sub(3).min(120);
    let room = (size.rows / 3).clamp(1, MOST_JOBS);
    let running: Vec<&JobView> = view.running().collect();
    let names: Vec<&str> = running.iter().map(|job| labels.of(job.leg)).collect();
    let name_width = names.iter().map(|name| text::width(name)).max().unwrap_or(0).min(columns / 3);
    let shown = if running.len() > room { room - 1 } else { running.len() };
    let mut lines = Vec::new();
    for (job, name) in running.iter().zip(&names).take(shown) {
        let clock = text::clock(job.elapsed(now).unwrap_or(0));
        let name = text::pad(&text::cut_middle(name, name_width), name_width);
        // `● name  step  clock`
        let room = columns.saturating_sub(name_width + 2 + 2 + 1 + text::width(&clock));
        let step = job.current_step().map_or("", |step| step.name.as_str());
        let step = text::pad(&text::cut(step, room), room);
        lines.push(format!(
            "{} {}  {} {}",
            palette.paint(CYAN, "●"),
            palette.paint(Palette::of_job(job.leg.0), name),
            step,
            palette.paint(DIM, clock)
        ));
    }
    if running.len() > shown {
        let more = format!("  … and {} more", running.len() - shown);
        lines.push(palette.paint(DIM, text::cut(&more, columns)));
    }
    let ended = view.jobs.values().filter(|job| job.conclusion.is_some()).count();
    let failed = view.jobs.values().filter(|job| job.conclusion == Some(api::Conclusion::Failure)).count();
    let waiting = view.jobs.len() - ended - running.len();
    let mut counts = format!("{} running · {waiting} waiting · {ended} done", running.len());
    if failed > 0 {
        counts += &format!(" · {failed} failed");
    }
    let clock = text::clock(now - view.started_at);
    let room = columns.saturating_sub(text::width(&clock) + 1);
    let counts = text::pad(&text::cut(&counts, room), room);
    lines.push(palette.paint(BOLD, format!("{counts} {clock}")));
    lines
}
