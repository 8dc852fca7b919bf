//! A run on a line of time: bars for the terminal, and the trace event format for Perfetto and Chrome.

mod trace;

pub use trace::trace;

use api::Conclusion;

use crate::run::{RunModel, StepModel};
use crate::schedule::{Schedule, Span};
use crate::text::{Line, Tone, cut, duration};

/// Bars are at least so wide.
const LEAST: usize = 16;

/// Bars for every job that ran and its steps, to scale, in the order of their starts. `│` marks jobs on the critical path.
#[must_use]
pub fn lines(run: &RunModel, columns: usize) -> Vec<Line> {
    let Schedule { spans, total, .. } = Schedule::of(run);
    if spans.is_empty() {
        return vec![Line::new().plain("no job of this run was started")];
    }
    let names = spans.iter().flat_map(|span| {
        let steps = span.job.steps.iter().filter(|step| shown(step)).map(|step| step.name.chars().count() + 2);
        steps.chain([span.job.name.chars().count()])
    });
    let label = names.max().unwrap_or(0).min(columns / 3).max(8);
    let scale = Scale { total: total.max(1), width: columns.saturating_sub(label + 12).max(LEAST) };
    let mut out = vec![axis(label, &scale)];
    for span in &spans {
        out.push(job(span, label, &scale));
        out.extend(span.job.steps.iter().filter(|step| shown(step)).map(|one| step(run, one, label, &scale)));
    }
    let signs = "█ runs  ░ ready, waits  ┃ on the critical path  ";
    out.push(Line::new());
    out.push(Line::new().quiet(signs).with(Tone::Bad, "▓ failed"));
    let path: Vec<&str> = spans.iter().filter(|span| span.critical).map(|span| span.job.name.as_str()).collect();
    out.push(Line::new().quiet("critical path: ").plain(path.join(" → ")));
    out
}

/// Steps inside others are in the bar of the outer one.
fn shown(step: &StepModel) -> bool {
    step.parent.is_none() && step.conclusion != Some(Conclusion::Skipped)
}

struct Scale {
    total: i64,
    width: usize,
}

impl Scale {
    /// The column of a time.
    fn column(&self, at: i64) -> usize {
        let column = i128::from(at.clamp(0, self.total)) * self.width as i128 / i128::from(self.total);
        usize::try_from(column).unwrap_or(self.width).min(self.width)
    }
}

fn axis(label: usize, scale: &Scale) -> Line {
    let end = duration(scale.total);
    let middle = duration(scale.total / 2);
    let half = (scale.width / 2).saturating_sub(1 + middle.chars().count() / 2);
    let rest = scale.width.saturating_sub(1 + half + middle.chars().count() + end.chars().count());
    Line::new().quiet(format!("{}  0{}{middle}{}{end}", " ".repeat(label), " ".repeat(half), " ".repeat(rest)))
}

fn job(span: &Span<'_>, label: usize, scale: &Scale) -> Line {
    let mark = if span.critical { "┃ " } else { "  " };
    let (sign, tone) = match span.job.conclusion {
        Some(Conclusion::Failure) => ("▓", Tone::Bad),
        Some(Conclusion::Cancelled) | None => ("▒", Tone::Warn),
        _ => ("█", Tone::Good),
    };
    let bar = bar(scale, span.ready, span.start, span.end, sign, tone);
    let line = Line::new().with(Tone::Strong, cut(&span.job.name, label)).padded(label).with(Tone::Warn, mark);
    join(line, bar).padded(label + 2 + scale.width).plain(format!(" {:>8}", duration(span.ran())))
}

fn step(run: &RunModel, step: &StepModel, label: usize, scale: &Scale) -> Line {
    let start = step.started_at - run.started_at;
    let end = step.finished_at.unwrap_or(run.finished_at) - run.started_at;
    let (sign, tone) = match step.conclusion {
        Some(Conclusion::Failure) => ("▓", Tone::Bad),
        Some(Conclusion::Cancelled) | None => ("▒", Tone::Warn),
        _ => ("▬", Tone::Quiet),
    };
    let line = Line::new().quiet(format!("  {}", cut(&step.name, label - 2))).padded(label + 2);
    let bar = bar(scale, start, start, end, sign, tone);
    join(line, bar).padded(label + 2 + scale.width).quiet(format!(" {:>8}", duration(end - start)))
}

/// Waiting, then running; what ran at all has at least one column.
fn bar(scale: &Scale, ready: i64, start: i64, end: i64, sign: &str, tone: Tone) -> Line {
    let from = scale.column(start).min(scale.width - 1);
    let to = scale.column(end).max(from + 1);
    let waits = scale.column(ready).min(from);
    Line::new().plain(" ".repeat(waits)).quiet("░".repeat(from - waits)).with(tone, sign.repeat(to - from))
}

fn join(mut line: Line, bar: Line) -> Line {
    line.pieces.extend(bar.pieces);
    line
}
