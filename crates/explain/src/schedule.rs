//! When jobs could start, when they did, and which of them made the run as long as it was.

use crate::run::{JobModel, RunModel};

/// A job that ran, with its times from the beginning of the run, in microseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span<'a> {
    pub(crate) job: &'a JobModel,
    /// Everything it needs had ended.
    pub(crate) ready: i64,
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// How much later it could have ended without making the run longer.
    pub(crate) slack: i64,
    /// On the chain of jobs that decided the run's length.
    pub(crate) critical: bool,
}

impl Span<'_> {
    pub(crate) fn queued(&self) -> i64 {
        self.start - self.ready
    }

    pub(crate) fn ran(&self) -> i64 {
        self.end - self.start
    }
}

/// All jobs that ran, in the order of their starts.
pub(crate) fn spans(run: &RunModel) -> Vec<Span<'_>> {
    let zero = run.started_at;
    let mut spans: Vec<Span<'_>> = run
        .jobs
        .iter()
        .filter_map(|job| {
            let start = job.started_at? - zero;
            let end = job.finished_at.unwrap_or(run.finished_at) - zero;
            let needs = run.needs_of(job).filter_map(|need| need.finished_at).max();
            let ready = (needs.unwrap_or(job.planned_at).max(job.planned_at) - zero).min(start);
            Some(Span { job, ready, start, end: end.max(start), slack: 0, critical: false })
        })
        .collect();
    spans.sort_by_key(|span| (span.start, span.job.leg));
    let total = spans.iter().map(|span| span.end).max().unwrap_or(0);
    // The longest way to the run's end behind each job, by itself and what needs it; later starts first.
    let tails: Vec<i64> = spans.iter().map(|span| tail(run, &spans, span)).collect();
    for (span, tail) in spans.iter_mut().zip(tails) {
        span.slack = (total - span.end - tail).max(0);
    }
    mark_critical(run, &mut spans);
    // What decides has none: the little that is left lies in the queues between.
    spans.iter_mut().filter(|span| span.critical).for_each(|span| span.slack = 0);
    spans
}

/// What runs after a job because of it, taken without queues.
fn tail(run: &RunModel, spans: &[Span<'_>], of: &Span<'_>) -> i64 {
    // A chain is as deep as jobs are nested by `needs`; a record cannot hold a ring.
    fn go(run: &RunModel, spans: &[Span<'_>], of: &Span<'_>, depth: usize) -> i64 {
        if depth > spans.len() {
            return 0;
        }
        let after = spans.iter().filter(|other| run.needs_of(other.job).any(|need| need.leg == of.job.leg));
        after.map(|other| other.ran() + go(run, spans, other, depth + 1)).max().unwrap_or(0)
    }
    go(run, spans, of, 0)
}

/// From the job that ended last back over the need that it waited for longest.
fn mark_critical(run: &RunModel, spans: &mut [Span<'_>]) {
    let mut at = (0..spans.len()).max_by_key(|index| spans[*index].end);
    let mut left = spans.len();
    while let Some(index) = at
        && left > 0
    {
        left -= 1;
        spans[index].critical = true;
        let job = spans[index].job;
        at = (0..spans.len())
            .filter(|other| run.needs_of(job).any(|need| need.leg == spans[*other].job.leg))
            .max_by_key(|other| spans[*other].end);
    }
}
