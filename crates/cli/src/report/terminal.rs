//! The report for people.

use std::collections::{BTreeMap, BTreeSet};

use anstyle::Style;
use api::{
    Conclusion, Envelope, Event, JobFinished, JobStarted, LegId, Reason, RunStarted, Stage, StepFinished,
    WorkflowConsidered, WorkflowFinished,
};
use runner::log::LogError;

use super::closing;
use super::labels::Labels;
use super::log_lines::{LogLines, Shown};
use super::palette::{BOLD, CYAN, DIM, GREEN, Palette, RED, YELLOW};
use super::screen::Screen;
use super::status_area;
use super::tail::Lines;
use super::text;
use super::view::RunView;

/// What of a run is shown.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TerminalOptions {
    /// Also what stands in every step's header, debug lines, and skipped steps around the main ones.
    pub(crate) verbose: bool,
    /// The time before each line of a log.
    pub(crate) timestamps: bool,
    /// Only jobs' logs: no head, no table.
    pub(crate) logs_only: bool,
}

/// Writes a run as lines, each with its job's name before it where several jobs run.
pub(crate) struct Terminal {
    screen: Screen,
    palette: Palette,
    options: TerminalOptions,
    logs: BTreeMap<LegId, LogLines>,
    labels: Labels,
    /// Steps whose header waits for their first line.
    unheaded: BTreeSet<(LegId, u32)>,
    /// Sentences that were told already.
    told: BTreeSet<String>,
    started: bool,
}

impl Terminal {
    pub(crate) fn new(screen: Screen, palette: Palette, options: TerminalOptions) -> Self {
        Self {
            screen,
            palette,
            options,
            logs: BTreeMap::new(),
            labels: Labels::default(),
            unheaded: BTreeSet::new(),
            told: BTreeSet::new(),
            started: false,
        }
    }

    pub(crate) fn screen(&mut self) -> &mut Screen {
        &mut self.screen
    }

    /// Shows an event; `view` knows it already.
    pub(crate) fn event(&mut self, view: &RunView, envelope: &Envelope) {
        match &envelope.event {
            Event::RunStarted(started) => self.run_started(started),
            Event::WorkflowConsidered(considered) => self.considered(considered),
            Event::WorkflowStarted(started) if !self.options.logs_only => {
                let mut line = self.paint(BOLD, &started.name);
                if started.run_name != started.name && !started.run_name.is_empty() {
                    line += &format!(": {}", started.run_name);
                }
                line += &self.paint(DIM, format!(" {}", started.path));
                self.screen.line(&line);
            }
            Event::JobPlanned(_) => self.labels.outdated = true,
            Event::JobWaiting { leg, reason } => {
                if self.options.verbose || !self.screen.is_live() {
                    self.told_about(view, *leg, DIM, &format!("… waiting: {}", sentence(reason)));
                }
            }
            Event::JobStarted(started) => self.job_started(view, started),
            // The header comes with the first line, so that a step that is skipped has none.
            Event::StepStarted(started) => {
                self.unheaded.insert((started.leg, started.step));
            }
            Event::StepFinished(finished) => self.step_finished(view, envelope.at, finished),
            Event::Annotation { leg, step: None, annotation } => {
                // Those of steps stand in the log.
                let (word, style) = closing::level(annotation.level);
                let text = format!("{}: {}", self.paint(style, word), annotation.message);
                self.job_line(view, *leg, &text);
            }
            Event::JobFinished(finished) => self.job_finished(view, finished),
            Event::WorkflowFinished(finished) => self.workflow_finished(view, finished),
            Event::Notice { message } => {
                let line = format!("{} {message}", self.paint(CYAN, "note:"));
                self.once(&line);
            }
            Event::RunFinished(_) if !self.options.logs_only => {
                self.screen.flush(&[]);
                for line in closing::lines(view, self.palette, self.screen.size().columns) {
                    self.screen.line(&line);
                }
            }
            Event::Annotation { .. }
            | Event::Summary { .. }
            | Event::WorkflowStarted(_)
            | Event::RunFinished(_)
            | Event::Log(_)
            // Facts for later: `why` tells them.
            | Event::Tools { .. }
            | Event::StepProcess(_)
            | Event::ActionUsed(_)
            | Event::ImageUsed(_)
            | Event::FilesHashed(_)
            | Event::CacheLooked { .. }
            | Event::CacheSaved { .. } => {}
        }
    }

    /// Shows lines of a job's log.
    pub(crate) fn lines(&mut self, view: &RunView, leg: LegId, lines: &Lines) {
        let mut shown = Vec::new();
        let log = self.logs.entry(leg).or_default();
        for line in lines.iter() {
            log.line(lines.step, lines.stream, line, self.palette, self.options.verbose, &mut shown);
        }
        let header = view.job(leg).and_then(|job| job.steps.get(&lines.step));
        let prefix = self.prefix(view, leg);
        if self.unheaded.remove(&(leg, lines.step))
            && let Some(step) = header
        {
            let header = self.header(&step.name, step.depth);
            self.screen.line(&format!("{prefix}{header}"));
        }
        let time = if self.options.timestamps { self.timestamp(lines.time) } else { String::new() };
        for Shown { text, header: is_header } in shown {
            // GitHub's own group at the head of a step says what the header said.
            if is_header && header.is_some_and(|step| step.name == text) {
                continue;
            }
            let text = if is_header { self.paint(DIM, &text) } else { text };
            self.screen.bytes(prefix.as_bytes());
            self.screen.bytes(time.as_bytes());
            self.screen.line(&text);
        }
    }

    /// Brings everything to the terminal. `now`: microseconds since the Unix epoch.
    pub(crate) fn flush(&mut self, view: &RunView, now: i64) {
        let size = self.screen.size();
        self.labels.update(view, size.columns);
        let area = if self.screen.is_live() && self.started && view.finished.is_none() {
            status_area::lines(view, &self.labels, self.palette, size, now)
        } else {
            Vec::new()
        };
        self.screen.flush(&area);
    }

    /// A log that cannot be read is no reason to stop.
    pub(crate) fn unreadable(&mut self, view: &RunView, leg: LegId, error: &LogError) {
        let line = format!("{} the log cannot be shown: {error}", self.paint(YELLOW, "warning:"));
        self.job_line(view, leg, &line);
    }

    fn run_started(&mut self, started: &RunStarted) {
        self.started = true;
        if !self.options.logs_only {
            self.screen.line(&head(started, self.palette));
        }
    }

    fn considered(&mut self, considered: &WorkflowConsidered) {
        if !self.options.logs_only && (!considered.runs || self.options.verbose) {
            self.screen.line(&left_out(considered, self.palette));
        }
    }

    fn job_started(&mut self, view: &RunView, started: &JobStarted) {
        for sentence in &started.isolation.missing {
            let line = format!("{} {sentence}", self.paint(CYAN, "note:"));
            self.once(&line);
        }
        if self.options.verbose {
            let place = format!("on {} ({})", started.runs_on.join(", "), started.isolation.mode);
            self.told_about(view, started.leg, DIM, &place);
        }
    }

    fn step_finished(&mut self, view: &RunView, at: i64, finished: &StepFinished) {
        self.unheaded.remove(&(finished.leg, finished.step));
        let Some(step) = view.job(finished.leg).and_then(|job| job.steps.get(&finished.step)) else {
            return;
        };
        let indent = "  ".repeat(step.depth);
        let why = finished.reason.as_ref().map(|reason| format!(": {}", sentence(reason))).unwrap_or_default();
        match finished.outcome {
            Conclusion::Success => {}
            Conclusion::Skipped => {
                if self.options.verbose || step.stage == Stage::Main && step.depth == 0 {
                    let line = format!("{indent}- {} skipped{why}", step.name);
                    self.told_about(view, finished.leg, DIM, &line);
                }
            }
            Conclusion::Failure => {
                let forgiven = finished.conclusion == Conclusion::Success;
                let time = text::duration(at - step.started_at);
                let goes_on = if forgiven { " (continue-on-error)" } else { "" };
                // The log has the reason as its last line; the place is what is left to say.
                let place = finished.reason.as_ref().and_then(|reason| reason.location.as_ref());
                let place = place.map(|place| format!(" ({}:{})", place.file, place.line));
                let place = place.unwrap_or_default();
                let line = format!("{indent}✗ {} failed after {time}{goes_on}{place}", step.name);
                let style = if forgiven { YELLOW } else { RED };
                self.told_about(view, finished.leg, style, &line);
            }
            Conclusion::Cancelled => {
                let line = format!("{indent}⊘ {} cancelled{why}", step.name);
                self.told_about(view, finished.leg, YELLOW, &line);
            }
        }
    }

    fn job_finished(&mut self, view: &RunView, finished: &JobFinished) {
        self.logs.remove(&finished.leg);
        if self.options.logs_only {
            return;
        }
        let Some(job) = view.job(finished.leg) else {
            return;
        };
        let time = job.elapsed(0).map(text::duration).unwrap_or_default();
        let why = finished.reason.as_ref().map(|reason| format!(": {}", sentence(reason))).unwrap_or_default();
        match finished.conclusion {
            Conclusion::Success if job.started_at.is_none() => {
                self.told_about(view, finished.leg, GREEN, &format!("✓ succeeded{why}"));
            }
            Conclusion::Success => {
                self.told_about(view, finished.leg, GREEN, &format!("✓ succeeded in {time}"));
                if let Some(url) = &finished.environment_url {
                    self.told_about(view, finished.leg, DIM, &format!("  {url}"));
                }
            }
            Conclusion::Failure if job.started_at.is_some() => {
                self.told_about(view, finished.leg, RED, &format!("✗ failed after {time}{why}"));
            }
            Conclusion::Failure => {
                self.named(view, finished.leg, RED, &format!("✗ failed{why}"));
            }
            Conclusion::Cancelled => {
                self.named(view, finished.leg, YELLOW, &format!("⊘ cancelled{why}"));
            }
            Conclusion::Skipped => {
                self.named(view, finished.leg, DIM, &format!("- skipped{why}"));
            }
        }
    }

    fn workflow_finished(&mut self, view: &RunView, finished: &WorkflowFinished) {
        let Some(workflow) = view.workflows.get(&finished.workflow) else {
            return;
        };
        if let Some(reason) = &finished.reason
            && finished.conclusion != Conclusion::Success
            && !self.options.logs_only
        {
            let line = format!("{} {}: {}", workflow.name, finished.conclusion, sentence(reason));
            let line = self.paint(closing::style(finished.conclusion), line);
            self.screen.line(&line);
        }
    }

    fn header(&self, name: &str, depth: usize) -> String {
        format!("{}{}", "  ".repeat(depth), self.paint(BOLD, format!("▸ {name}")))
    }

    fn timestamp(&self, micros: i64) -> String {
        let time = jiff::Timestamp::from_microsecond(micros).unwrap_or_default();
        self.paint(DIM, format!("{time:.3} "))
    }

    /// A line about a job that says which also where no name stands before it.
    fn named(&mut self, view: &RunView, leg: LegId, style: Style, line: &str) {
        if self.has_prefix(view) {
            self.told_about(view, leg, style, line);
        } else if let Some(job) = view.job(leg) {
            let line = self.paint(style, format!("{line} ({})", job.name));
            self.screen.line(&line);
        }
    }

    fn told_about(&mut self, view: &RunView, leg: LegId, style: Style, line: &str) {
        let line = self.paint(style, line);
        self.job_line(view, leg, &line);
    }

    fn job_line(&mut self, view: &RunView, leg: LegId, line: &str) {
        let prefix = self.prefix(view, leg);
        self.screen.line(&format!("{prefix}{line}"));
    }

    fn once(&mut self, line: &str) {
        if !self.options.logs_only && self.told.insert(line.to_owned()) {
            self.screen.line(line);
        }
    }

    fn has_prefix(&mut self, view: &RunView) -> bool {
        let columns = self.screen.size().columns;
        self.labels.update(view, columns);
        self.labels.count() > 1
    }

    fn prefix(&mut self, view: &RunView, leg: LegId) -> String {
        if !self.has_prefix(view) {
            return String::new();
        }
        let label = format!("{} │", self.labels.of(leg));
        format!("{} ", self.paint(Palette::of_job(leg.0), label))
    }

    fn paint(&self, style: Style, text: impl std::fmt::Display) -> String {
        self.palette.paint(style, text)
    }
}

/// `Run 12 · push · main · 1a2b3c4`
pub(crate) fn head(started: &RunStarted, palette: Palette) -> String {
    let prefixes = ["refs/heads/", "refs/tags/"];
    let branch = prefixes.iter().find_map(|prefix| started.git_ref.strip_prefix(prefix)).unwrap_or(&started.git_ref);
    let short = started.sha.get(..7).unwrap_or(&started.sha);
    let mut line = palette.paint(BOLD, format!("Run {}", started.run));
    line += &format!(" · {} · {branch} · {short}", started.event_name);
    if started.attempt > 1 {
        line += &format!(" · attempt {}", started.attempt);
    }
    line
}

/// One line on a workflow that was looked at.
pub(crate) fn left_out(considered: &WorkflowConsidered, palette: Palette) -> String {
    let verdict = if considered.runs { "runs" } else { "left out" };
    palette.paint(DIM, format!("- {} {verdict}: {}", considered.path, sentence(&considered.reason)))
}

/// A reason with the place that decided.
pub(crate) fn sentence(reason: &Reason) -> String {
    match &reason.location {
        Some(location) => format!("{} ({}:{})", reason.reason, location.file, location.line),
        None => reason.reason.clone(),
    }
}
