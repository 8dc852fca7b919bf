//! The reporter's handle.

use api::{Envelope, LegId};
use runner::log::JobLog;
use tokio::sync::{mpsc, oneshot};

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
    /// Shows what is folded else: step headers' environment, skipped steps of every stage.
    pub(crate) verbose: bool,
}

/// A clone feeds the same report. All methods return at once but [`Reporter::finish`] and [`Reporter::pause`].
#[derive(Clone, Debug)]
pub(crate) struct Reporter {
    messages: mpsc::UnboundedSender<Message>,
}

pub(super) enum Message {
    Event(Envelope),
    JobLog(LegId, Box<JobLog>),
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
    pub(crate) fn start(options: ReportOptions) -> std::io::Result<Self> {
        let _ = options;
        let (messages, _receiver) = mpsc::unbounded_channel();
        Ok(Self { messages })
    }

    pub(crate) fn event(&self, envelope: Envelope) {
        let _ = self.messages.send(Message::Event(envelope));
    }

    /// Follows the log of a job that starts; fits the runner's listener for logs.
    pub(crate) fn job_log(&self, leg: LegId, log: &JobLog) {
        let _ = self
            .messages
            .send(Message::JobLog(leg, Box::new(log.clone())));
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
