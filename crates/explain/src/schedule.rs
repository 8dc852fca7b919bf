//! When jobs could start, when they did, and which of them made the run as long as it was.

use std::collections::HashMap;

use crate::run::{JobModel, RunModel};

/// The jobs of a run that ran, in the order of their starts: what a job needs comes before it.
pub(crate) struct Schedule<'a> {
    pub(crate) spans: Vec<Span<'a>>,
    /// For each span the spans that it needs.
    needs: Vec<Vec<usize>>,
    /// From the beginning of the run to its last job's end, in microseconds.
    pub(crate) total: i64,
}

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

impl<'a> Schedule<'a> {
    pub(crate) fn of(run: &'a RunModel) -> Schedule<'a> {
        let zero = run.started_at;
        let mut jobs: Vec<(i64, &JobModel)> =
            run.jobs.iter().filter_map(|job| Some((job.started_at? - zero, job))).collect();
        jobs.sort_by_key(|(start, job)| (*start, job.leg));
        let mut by_key: HashMap<(u32, &str), Vec<usize>> = HashMap::new();
        for (index, (_, job)) in jobs.iter().enumerate() {
            by_key.entry((job.workflow, job.job_key())).or_default().push(index);
        }
        let needed = |index: usize, job: &JobModel| -> Vec<usize> {
            let keys = job.needs.iter().filter_map(|need| by_key.get(&(job.workflow, need.as_str())));
            // A need that started later is no need of this one; a record that says so is wrong.
            keys.flatten().copied().filter(|other| *other < index).collect()
        };
        let needs: Vec<Vec<usize>> = jobs.iter().enumerate().map(|(index, (_, job))| needed(index, job)).collect();
        let spans = jobs.iter().zip(&needs).map(|((start, job), needs)| {
            let end = (job.finished_at.unwrap_or(run.finished_at) - zero).max(*start);
            let before = needs.iter().filter_map(|need| jobs[*need].1.finished_at).max().unwrap_or(job.planned_at);
            let ready = (before.max(job.planned_at) - zero).min(*start);
            Span { job, ready, start: *start, end, slack: 0, critical: false }
        });
        let spans: Vec<Span<'a>> = spans.collect();
        let total = spans.iter().map(|span| span.end).max().unwrap_or(0);
        let mut schedule = Schedule { spans, needs, total };
        schedule.mark_critical();
        schedule.give_slack();
        schedule
    }

    /// From the job that ended last back over the need that it waited for longest.
    fn mark_critical(&mut self) {
        let mut at = (0..self.spans.len()).max_by_key(|index| self.spans[*index].end);
        while let Some(index) = at {
            self.spans[index].critical = true;
            at = self.needs[index].iter().copied().max_by_key(|need| self.spans[*need].end);
        }
    }

    /// What is left beside the longest way to the run's end behind each job, taken without queues.
    fn give_slack(&mut self) {
        let mut tails = vec![0; self.spans.len()];
        for index in (0..self.spans.len()).rev() {
            let with_own = tails[index] + self.spans[index].ran();
            for need in &self.needs[index] {
                tails[*need] = tails[*need].max(with_own);
            }
        }
        for (span, tail) in self.spans.iter_mut().zip(tails) {
            // What decides has none: the little that is left lies in the queues between.
            span.slack = if span.critical { 0 } else { (self.total - span.end - tail).max(0) };
        }
    }

    /// How much shorter the run would be if this job took no time: what the longest way past it leaves.
    pub(crate) fn without(&self, gone: usize) -> i64 {
        let mut ends: Vec<i64> = Vec::with_capacity(self.spans.len());
        for (index, span) in self.spans.iter().enumerate() {
            // What came before the first job stays as it was.
            let ready = self.needs[index].iter().map(|need| ends[*need]).max().unwrap_or(span.ready);
            let own = if index == gone { 0 } else { span.ran() };
            ends.push(ready + span.queued() + own);
        }
        (self.total - ends.into_iter().max().unwrap_or(0)).max(0)
    }
}
