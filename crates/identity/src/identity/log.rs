//! Writing the audit log.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ring::hmac;
use serde_json::json;
use store::{Store, Tx};
use tokio::sync::{mpsc, oneshot};

use super::Identity;
use crate::audit::{self, Action, Actor};
use crate::{Caller, Denied, Result};

impl Identity {
    /// Writes down what the transaction does. Ask for it last: it holds the end of the log until the commit.
    pub async fn audit(&self, tx: &mut Tx, actor: impl Into<Actor>, action: Action<'_>) -> Result<()> {
        audit::append(tx, &self.0.audit_key, &actor.into(), true, &action).await
    }

    /// Writes down a refusal, soon and in a transaction of its own. [`Identity::allow`] does it by itself; this is for what is
    /// refused elsewhere. `subject` says what was wanted, `reason` why not.
    pub fn refused(&self, caller: &Caller, action: &str, repo_id: Option<i64>, subject: &str, reason: &str) {
        self.0.refusals.note(Refusal {
            actor: caller.into(),
            action: action.to_owned(),
            repo_id,
            org_id: None,
            subject: subject.to_owned(),
            reason: reason.to_owned(),
        });
    }

    pub(super) fn note_denied(
        &self,
        caller: &Caller,
        repo_id: Option<i64>,
        org_id: Option<i64>,
        subject: &str,
        denied: &Denied,
    ) {
        let reason = denied.reason.clone();
        let (actor, subject) = (caller.into(), subject.to_owned());
        self.0.refusals.note(Refusal { actor, action: "access".to_owned(), repo_id, org_id, subject, reason });
    }

    /// Waits until all refusals so far are written down.
    pub async fn flush_refusals(&self) {
        let (done, wait) = oneshot::channel();
        if self.0.refusals.sender.send(Message::Flush(done)).await.is_ok() {
            let _ = wait.await;
        }
    }

    /// Checks the whole log; the number of its entries.
    ///
    /// # Errors
    /// [`crate::Error::AuditChain`] with the first entry that is not as it was written.
    pub async fn verify_audit(&self) -> Result<i64> {
        audit::verify(&mut self.0.store.read(), &self.0.audit_key).await
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Refusal {
    actor: Actor,
    action: String,
    repo_id: Option<i64>,
    org_id: Option<i64>,
    subject: String,
    reason: String,
}

enum Message {
    Refusal(Refusal),
    Flush(oneshot::Sender<()>),
}

/// Refusals on their way into the log. They are written by a task, since who is refused may be in the middle of a
/// transaction, and many at once, so that somebody who knocks at every door does not keep the database busy.
pub(super) struct Refusals {
    sender: mpsc::Sender<Message>,
    /// Those for which there was no room; the next entry tells.
    missed: Arc<AtomicU64>,
}

/// More than this many at once are counted, not named.
const ROOM: usize = 1024;

impl Refusals {
    pub(super) fn start(store: Store, key: hmac::Key) -> Self {
        let (sender, receiver) = mpsc::channel(ROOM);
        let missed = Arc::new(AtomicU64::new(0));
        tokio::spawn(write(store, key, receiver, missed.clone()));
        Self { sender, missed }
    }

    fn note(&self, refusal: Refusal) {
        if self.sender.try_send(Message::Refusal(refusal)).is_err() {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Ends when the last [`Identity`] is gone.
async fn write(store: Store, key: hmac::Key, mut receiver: mpsc::Receiver<Message>, missed: Arc<AtomicU64>) {
    let mut messages = Vec::new();
    while receiver.recv_many(&mut messages, ROOM).await > 0 {
        let mut flushed = Vec::new();
        let mut batch: Vec<(Refusal, u64)> = Vec::new();
        for message in messages.drain(..) {
            match message {
                Message::Flush(done) => flushed.push(done),
                Message::Refusal(refusal) => match batch.iter_mut().find(|(known, _)| *known == refusal) {
                    Some((_, times)) => *times += 1,
                    None => batch.push((refusal, 1)),
                },
            }
        }
        let lost = missed.swap(0, Ordering::Relaxed);
        if write_batch(&store, &key, &batch, lost).await.is_err() {
            // The database is away: what could not be written is counted in the next entry.
            missed.fetch_add(lost + batch.iter().map(|(_, times)| times).sum::<u64>(), Ordering::Relaxed);
        }
        for done in flushed {
            let _ = done.send(());
        }
    }
}

async fn write_batch(store: &Store, key: &hmac::Key, batch: &[(Refusal, u64)], lost: u64) -> Result<()> {
    if batch.is_empty() && lost == 0 {
        return Ok(());
    }
    let mut tx = store.begin().await?;
    for (refusal, times) in batch {
        let action = Action {
            name: &refusal.action,
            subject: &refusal.subject,
            repo_id: refusal.repo_id,
            org_id: refusal.org_id,
            details: json!({ "reason": refusal.reason, "times": times }),
        };
        audit::append(&mut tx, key, &refusal.actor, false, &action).await?;
    }
    if lost > 0 {
        let action = Action::new("access", "refusals that were too many to be named").details(json!({ "times": lost }));
        audit::append(&mut tx, key, &Actor::server(), false, &action).await?;
    }
    tx.commit().await?;
    Ok(())
}
