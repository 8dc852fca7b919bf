//! What a job says on its way to the server: kept on disk, sent in order, sent again until it is acknowledged.

mod events;
mod log;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

pub(crate) use events::EventJournal;
pub(crate) use log::{LogSender, LogSource};

use crate::Notice;
use crate::agent::{Agent, Backoff};
use crate::client::{Failure, Held};

/// The way to the server for one claim.
#[derive(Clone)]
pub(crate) struct Courier {
    pub(crate) agent: Arc<Agent>,
    pub(crate) held: Held,
    /// The job is not ours any more: nothing is sent from here on.
    pub(crate) lost: CancellationToken,
}

/// Nothing more is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lost;

impl Courier {
    /// Something that the server will never take.
    fn refused(&self, what: &str, failure: &Failure) {
        let message = format!("job {}: the server takes {what} not: {failure}", self.held.job);
        self.agent.tell(Notice::Problem { message });
    }

    /// Repeats a request while the server is away.
    pub(crate) async fn send<T, F: Future<Output = Result<T, Failure>>>(
        &self,
        ask: impl Fn() -> F,
    ) -> Result<Result<T, Failure>, Lost> {
        let mut backoff = Backoff::new();
        loop {
            let answer = tokio::select! {
                biased;
                () = self.lost.cancelled() => return Err(Lost),
                answer = ask() => answer,
            };
            match answer {
                Err(failure @ (Failure::Away(_) | Failure::Strange(_))) => {
                    self.agent.missed(&failure);
                    tokio::select! {
                        () = backoff.pause() => {}
                        () = self.lost.cancelled() => return Err(Lost),
                    }
                }
                Err(failure) if failure.is_fenced() => {
                    self.lost.cancel();
                    return Err(Lost);
                }
                answer => {
                    self.agent.reached();
                    return Ok(answer);
                }
            }
        }
    }
}
