use super::{JobTime, SlowExplanation};
use crate::text::{Line, Tone, count, cut, duration};

/// A job that takes so much longer than usual is told of, in per cent.
const SLOWER: i64 = 120;

#[must_use]
pub fn lines(slow: &SlowExplanation) -> Vec<Line> {
    let mut out = vec![Line::new().with(Tone::Strong, format!("Run {} took {}", slow.run, duration(slow.total)))];
    if let Some(line) = beside(slow) {
        out.push(line);
    }
    out.push(Line::new());
    if slow.critical_path.is_empty() {
        out.push(Line::new().plain("no job of it ran"));
        return out;
    }
    out.push(Line::new().with(Tone::Strong, "What decided its length").quiet("  each waited for the one before it"));
    let width = slow.jobs.iter().map(|job| job.name.chars().count()).max().unwrap_or(0).min(40);
    for job in slow.jobs.iter().filter(|job| job.critical) {
        out.push(row(job, width).indented(2));
        for step in &job.steps {
            let share = percent(step.took, job.ran);
            let line =
                Line::new().quiet(format!("{:>8}  {share:>3} %  ", duration(step.took))).plain(cut(&step.name, 70));
            let line = match step.usual.filter(|usual| slower(step.took, *usual)) {
                Some(usual) => line.with(Tone::Warn, format!("  usually {}", duration(usual))),
                None => line,
            };
            out.push(line.indented(4));
        }
    }
    let others: Vec<&JobTime> = slow.jobs.iter().filter(|job| !job.critical).collect();
    if !others.is_empty() {
        out.push(Line::new());
        out.push(
            Line::new().with(Tone::Strong, "The others").quiet("  slack is how much longer each could have taken"),
        );
        out.extend(others.into_iter().map(|job| row(job, width).indented(2)));
    }
    if !slow.savings.is_empty() {
        out.push(Line::new());
        out.push(Line::new().with(Tone::Strong, "What would save time").quiet("  estimates; they do not add up"));
        for saving in &slow.savings {
            let line = Line::new().with(Tone::Good, format!("  up to {:>7}", duration(saving.saves)));
            out.push(line.plain(format!("  {}: {}", saving.job, saving.what)));
            out.push(Line::new().quiet(format!("                 {}", saving.basis)));
        }
    }
    out
}

/// Beside earlier runs.
fn beside(slow: &SlowExplanation) -> Option<Line> {
    let mut times: Vec<i64> = slow.earlier.iter().map(|one| one.total).collect();
    times.sort_unstable();
    let usual = *times.get(times.len() / 2)?;
    let line =
        Line::new().quiet(format!("the {} before took {} in the middle: ", count(times.len(), "run"), duration(usual)));
    let percent = percent(slow.total, usual.max(1));
    Some(match percent {
        SLOWER.. => line.with(Tone::Warn, format!("this one is {percent} % of that")),
        _ => line.quiet(format!("this one is {percent} % of that")),
    })
}

fn row(job: &JobTime, width: usize) -> Line {
    let mut line = Line::new().plain(cut(&job.name, width)).padded(width + 2);
    line = line.with(Tone::Strong, format!("{:>8}", duration(job.ran)));
    line = line.quiet(format!("  queued {:>7}  slack {:>7}", duration(job.queued), duration(job.slack)));
    match job.usual {
        Some(usual) if slower(job.ran, usual) => {
            line.with(Tone::Warn, format!("  usually {} ({})", duration(usual), count(job.compared, "run")))
        }
        Some(usual) => line.quiet(format!("  usually {}", duration(usual))),
        None => line,
    }
}

fn slower(now: i64, usual: i64) -> bool {
    now - usual > 200_000 && percent(now, usual.max(1)) >= SLOWER
}

fn percent(part: i64, whole: i64) -> i64 {
    part.saturating_mul(100) / whole.max(1)
}
