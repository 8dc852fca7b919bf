//! A report as one thing, whatever its form: events and logs go in, lines come out.

use std::collections::BTreeMap;
use std::path::PathBuf;

use api::{Envelope, Event, LegId};

use super::json::Json;
use super::quiet::Quiet;
use super::screen::Screen;
use super::tail::Tail;
use super::terminal::Terminal;
use super::view::{RunView, leg_of};

/// Brings events and logs into one order and hands them to a form. Used live and for replays.
pub(crate) struct Output {
    view: RunView,
    tails: BTreeMap<LegId, Tail>,
    form: Form,
    filter: Filter,
}

/// How it is shown.
pub(crate) enum Form {
    Terminal(Box<Terminal>),
    Json(Json),
    Quiet(Quiet),
    /// Lines of logs and nothing else.
    Raw(Screen),
}

/// Which log lines are shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// One step of one job, by its number.
    pub(crate) step: Option<(LegId, u32)>,
}

impl Output {
    pub(crate) fn new(form: Form) -> Self {
        Self { view: RunView::default(), tails: BTreeMap::new(), form, filter: Filter::default() }
    }

    #[must_use]
    pub(crate) fn filtered(self, filter: Filter) -> Self {
        Self { filter, ..self }
    }

    /// Takes the log of a job, at the place where the runner writes it.
    pub(crate) fn add_log(&mut self, leg: LegId, path: PathBuf) {
        self.tails.insert(leg, Tail::new(path));
    }

    /// Shows an event, with what the log holds before and after it.
    pub(crate) fn event(&mut self, envelope: &Envelope) {
        let leg = leg_of(&envelope.event);
        let ends = matches!(envelope.event, Event::JobFinished(_));
        if let Some(leg) = leg {
            self.log_grew(leg);
        }
        self.view.apply(envelope);
        // The job has ended: lines of steps that nothing was heard of come now or never.
        if let Some(leg) = leg.filter(|_| ends) {
            self.log_grew(leg);
            self.tails.remove(&leg);
        }
        if self.is_filtered(&envelope.event) {
            return;
        }
        match &mut self.form {
            Form::Terminal(terminal) => terminal.event(&self.view, envelope),
            Form::Json(json) => json.event(envelope),
            Form::Quiet(quiet) => quiet.event(&self.view, envelope),
            Form::Raw(_) => {}
        }
        if let Some(leg) = leg {
            self.log_grew(leg);
        }
    }

    /// Whether the event is about a step that is not asked for.
    fn is_filtered(&self, event: &Event) -> bool {
        match (self.filter.step, event) {
            (Some(wanted), Event::StepFinished(finished)) => wanted != (finished.leg, finished.step),
            (Some(_), Event::JobStarted(_) | Event::Annotation { .. }) => true,
            _ => false,
        }
    }

    /// Shows what a job's log holds by now.
    pub(crate) fn log_grew(&mut self, leg: LegId) {
        if self.is_broken() {
            return;
        }
        let (Some(tail), Some(job)) = (self.tails.get_mut(&leg), self.view.job(leg)) else {
            return;
        };
        loop {
            match tail.next(job) {
                Ok(Some(lines)) => {
                    // Whoever read it has seen enough.
                    if self.form.screen().is_broken() {
                        return;
                    }
                    if self.filter.step.is_some_and(|wanted| wanted != (leg, lines.step)) {
                        continue;
                    }
                    match &mut self.form {
                        Form::Terminal(terminal) => terminal.lines(&self.view, leg, &lines),
                        Form::Json(json) => json.lines(leg, &lines),
                        Form::Quiet(quiet) => quiet.lines(leg, &lines),
                        Form::Raw(screen) => screen.bytes(&lines.text),
                    }
                }
                Ok(None) => return,
                Err(error) => {
                    // The run goes on; its report says what it cannot show.
                    if let Form::Terminal(terminal) = &mut self.form {
                        terminal.unreadable(&self.view, leg, &error);
                    }
                    self.tails.remove(&leg);
                    return;
                }
            }
        }
    }

    /// Brings everything out and draws the live area anew. `now`: microseconds since the Unix epoch.
    pub(crate) fn flush(&mut self, now: i64) {
        match &mut self.form {
            Form::Terminal(terminal) => terminal.flush(&self.view, now),
            Form::Json(_) | Form::Quiet(_) | Form::Raw(_) => self.clear(),
        }
    }

    /// Brings everything out and leaves no live area.
    pub(crate) fn clear(&mut self) {
        self.form.screen().flush(&[]);
    }

    /// Whether there is an area that shows time going by.
    pub(crate) fn ticks(&mut self) -> bool {
        self.view.started.is_some() && self.view.finished.is_none() && self.form.screen().is_live()
    }

    /// Whether the reader of the output is gone.
    pub(crate) fn is_broken(&mut self) -> bool {
        self.form.screen().is_broken()
    }
}

impl Form {
    fn screen(&mut self) -> &mut Screen {
        match self {
            Form::Terminal(terminal) => terminal.screen(),
            Form::Json(json) => json.screen(),
            Form::Quiet(quiet) => quiet.screen(),
            Form::Raw(screen) => screen,
        }
    }
}
