//! The reporter's handle, and the thread behind it.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use api::{Envelope, LegId};
use runner::log::JobLog;
use tokio::sync::{mpsc, oneshot, watch};

use super::json::Json;
use super::output::{Form, Output};
use super::palette::Palette;
use super::quiet::Quiet;
use super::screen::Screen;
use super::terminal::{Terminal, TerminalOptions};
use crate::record::now;

/// What is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    /// Log lines and a closing table for people; a live status area where standard output is a terminal.
    #[default]
    Terminal,
    /// One event a line, log lines among them.
    Json,
    /// The last lines of failed jobs and the closing line.
    Quiet,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct ReportOptions {
    pub(crate) format: Format,
    /// Shows what is folded else: what stands in each step's header, debug lines, every skipped step.
    pub(crate) verbose: bool,
}

/// A clone feeds the same report. All methods return at once but [`Reporter::finish`] and [`Reporter::pause`].
///
/// The work is done on a thread of its own: a slow terminal never holds the run up, and what is not shown yet costs no
/// memory, since logs are read from the record.
#[derive(Clone, Debug)]
pub(crate) struct Reporter {
    messages: mpsc::UnboundedSender<Message>,
}

enum Message {
    Event(Envelope),
    JobLog(LegId, PathBuf, watch::Receiver<u64>),
    Pause(oneshot::Sender<()>, oneshot::Receiver<()>),
    Finish(oneshot::Sender<()>),
}

/// Nothing is printed while it lives; the terminal is the holder's.
#[derive(Debug)]
pub(crate) struct Pause {
    _resume: oneshot::Sender<()>,
}

impl Reporter {
    /// Starts a report on standard output.
    pub(crate) fn start(options: ReportOptions) -> io::Result<Self> {
        let palette = Palette::for_stdout();
        let form = match options.format {
            Format::Terminal => {
                let options = TerminalOptions { verbose: options.verbose, ..TerminalOptions::default() };
                Form::Terminal(Box::new(Terminal::new(Screen::live_stdout(), palette, options)))
            }
            Format::Json => Form::Json(Json::new(Screen::stdout())),
            Format::Quiet => Form::Quiet(Quiet::new(Screen::stdout(), palette)),
        };
        let follow = options.format != Format::Quiet;
        Self::with_output(Output::new(form), follow)
    }

    /// `follow`: shows log lines as they are written, not only when the step ends.
    pub(super) fn with_output(output: Output, follow: bool) -> io::Result<Self> {
        let (messages, receiver) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        std::thread::Builder::new()
            .name("report".to_owned())
            .spawn(move || runtime.block_on(serve(receiver, output, follow)))?;
        Ok(Self { messages })
    }

    /// Events of one job in their order; those of a step after its log was written.
    pub(crate) fn event(&self, envelope: Envelope) {
        // The report has ended: there is nobody left to tell.
        let _ = self.messages.send(Message::Event(envelope));
    }

    /// Follows the log of a job that starts; fits the runner's listener for logs.
    pub(crate) fn job_log(&self, leg: LegId, log: &JobLog) {
        let _ = self.messages.send(Message::JobLog(leg, log.path().to_owned(), log.follow()));
    }

    /// Stops printing and clears the status area, for a question or a shell; goes on when the answer is dropped.
    pub(crate) async fn pause(&self) -> Pause {
        let (resume, resumed) = oneshot::channel();
        let (stopped, wait) = oneshot::channel();
        let _ = self.messages.send(Message::Pause(stopped, resumed));
        let _ = wait.await;
        Pause { _resume: resume }
    }

    /// Shows everything that was handed in so far, and ends.
    pub(crate) async fn finish(&self) {
        let (done, wait) = oneshot::channel();
        let _ = self.messages.send(Message::Finish(done));
        let _ = wait.await;
    }
}

/// The least time between two frames on a terminal.
const FRAME: Duration = Duration::from_millis(40);
/// How often the clocks of the status area move on.
const TICK: Duration = Duration::from_millis(250);

async fn serve(mut messages: mpsc::UnboundedReceiver<Message>, mut output: Output, follow: bool) {
    let (grew, mut grown) = mpsc::unbounded_channel();
    let mut drawn = Instant::now();
    let mut dirty = false;
    loop {
        let ticks = output.ticks();
        // Lines wait for each other on a terminal, and nowhere else.
        let pause = match (ticks, dirty) {
            (true, true) => Some(FRAME.saturating_sub(drawn.elapsed())),
            (true, false) => Some(TICK.saturating_sub(drawn.elapsed())),
            (false, true) => Some(Duration::ZERO),
            (false, false) => None,
        };
        let message = tokio::select! {
            biased;
            message = messages.recv() => match message {
                Some(message) => message,
                // Every handle is gone, and so is whoever would wait for the end.
                None => return output.clear(),
            },
            Some(leg) = grown.recv() => {
                output.log_grew(leg);
                dirty = true;
                continue;
            }
            () = wait(pause), if pause.is_some() => {
                output.flush(now());
                (drawn, dirty) = (Instant::now(), false);
                continue;
            }
        };
        match message {
            Message::Event(envelope) => {
                output.event(&envelope);
                dirty = true;
            }
            Message::JobLog(leg, path, changes) => {
                output.add_log(leg, path);
                if follow {
                    tokio::spawn(watch_log(leg, changes, grew.clone()));
                }
            }
            Message::Pause(stopped, resumed) => {
                output.clear();
                let _ = stopped.send(());
                let _ = resumed.await;
            }
            Message::Finish(done) => {
                output.clear();
                let _ = done.send(());
                return;
            }
        }
    }
}

async fn wait(pause: Option<Duration>) {
    match pause {
        Some(Duration::ZERO) => {}
        Some(pause) => tokio::time::sleep(pause).await,
        None => std::future::pending().await,
    }
}

/// Wakes the report when a log grew. Runs on the report's own thread: it is never ahead by more than one wake-up.
async fn watch_log(leg: LegId, mut changes: watch::Receiver<u64>, grew: mpsc::UnboundedSender<LegId>) {
    while changes.changed().await.is_ok() {
        if grew.send(leg).is_err() {
            return;
        }
    }
}
