//! Somebody who watches a job.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::json;
use store::jobs::Job;
use store::runs::Run;
use store::{Listener, Topic};

use super::coding::{Coding, Wire};
use super::feed::{Cursor, Feed, Log};
use crate::Server;

/// How long a change that nobody told may go unseen.
const SLOW: Duration = Duration::from_secs(5);
/// Something is sent at least as often as this, so that nobody on the way takes the connection for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What a watcher has already: the id of every message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    fence: i64,
    lines: Cursor,
    /// The last event of the run.
    events: i64,
}

impl Place {
    /// As it was written; the beginning if it was not.
    pub(super) fn parse(text: &str) -> Self {
        let numbers: Option<Vec<i64>> = text.split('.').map(|number| number.parse().ok()).collect();
        match numbers.as_deref() {
            Some(&[fence, offset, time, events]) => {
                let lines = Cursor { offset: u64::try_from(offset).unwrap_or_default(), time };
                Self { fence, lines, events }
            }
            _ => Self::default(),
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}.{}", self.fence, self.lines.offset, self.lines.time, self.events)
    }
}

pub(super) struct Follow {
    server: Server,
    /// Of the log, the run, and the job.
    listeners: [Listener; 3],
    feed: Arc<Feed>,
    coding: Coding,
    wire: Wire,
    place: Place,
    run: i64,
    attempt: i64,
    leg: i64,
    job: i64,
    /// The run or the job may have changed since it was looked at.
    look: bool,
    ended: Option<Option<String>>,
    waiting: VecDeque<Bytes>,
    sent: Instant,
    over: bool,
}

impl Follow {
    pub(super) fn new(server: Server, run: &Run, job: &Job, coding: Coding, place: Place) -> Self {
        let topics = [Topic::Log(job.id), Topic::Run(run.id), Topic::Job(job.id)];
        let wire = Wire::new(coding);
        let mut follow = Self {
            listeners: topics.map(|topic| server.store().listen(topic)),
            feed: server.feeds().of(Log { job: job.id, fence: job.fence, coding }),
            coding,
            waiting: wire.begin().into_iter().collect(),
            wire,
            place: Place { fence: job.fence, ..Place::default() },
            run: run.id,
            attempt: job.attempt,
            leg: job.leg,
            job: job.id,
            look: true,
            ended: None,
            sent: Instant::now(),
            over: false,
            server,
        };
        if place.fence == job.fence {
            follow.place = place;
        } else if place != Place::default() {
            follow.tell("anew", "");
        }
        follow
    }

    /// The next bytes for the watcher.
    pub(super) async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        loop {
            if let Some(bytes) = self.waiting.pop_front() {
                self.sent = Instant::now();
                return Some((Ok(bytes), self));
            }
            if self.over {
                return None;
            }
            if std::mem::take(&mut self.look) {
                self.look_at_job().await;
                continue;
            }
            match self.feed.next(self.place.lines, self.ended.is_some()).await {
                Ok(Some(message)) => {
                    self.place.lines = message.next;
                    if let Some(piece) = &message.piece {
                        let id = self.wire.own(&format!("id: {}\n", self.place));
                        self.waiting.extend([id, self.wire.shared(piece)]);
                    }
                    continue;
                }
                // A damaged log ends where the damage is.
                Ok(None) | Err(depot::Error::Log { .. }) => {}
                // The database or the objects are away.
                Err(_) => {
                    self.wait().await;
                    continue;
                }
            }
            if let Some(conclusion) = self.ended.take() {
                self.over = true;
                self.tell("done", &json!({ "conclusion": conclusion }).to_string());
                self.waiting.extend(self.wire.end());
                continue;
            }
            self.wait().await;
        }
    }

    async fn wait(&mut self) {
        let [log, run, job] = &mut self.listeners;
        let grown = tokio::select! {
            woken = log.wait(SLOW) => woken,
            _ = run.wait(SLOW) => false,
            _ = job.wait(SLOW) => false,
        };
        self.look |= !grown;
        if self.sent.elapsed() >= KEEP_ALIVE {
            self.waiting.push_back(self.wire.own(":\n\n"));
        }
    }

    /// One message of this watcher's own.
    fn tell(&mut self, event: &str, data: &str) {
        let text = format!("event: {event}\nid: {}\ndata: {data}\n\n", self.place);
        self.waiting.push_back(self.wire.own(&text));
    }

    async fn look_at_job(&mut self) {
        let Ok(job) = store::jobs::by_id(&mut self.server.store().read(), self.job).await else {
            // The database is away: it is asked again later.
            return;
        };
        if let Some(job) = &job
            && job.fence != self.place.fence
        {
            // Another runner has it now, and begins its log anew.
            let log = Log { job: self.job, fence: job.fence, coding: self.coding };
            self.feed = self.server.feeds().of(log);
            (self.place.fence, self.place.lines) = (job.fence, Cursor::default());
            self.tell("anew", "");
        }
        while self.read_steps().await {}
        self.ended = match job {
            Some(job) if job.status != "completed" => None,
            over => Some(over.and_then(|job| job.conclusion)),
        };
    }

    /// Whether there may be more.
    async fn read_steps(&mut self) -> bool {
        let mut reader = self.server.store().read();
        let found = store::runs::events_after(&mut reader, self.run, self.attempt, self.place.events, 500).await;
        let Ok(events) = found else { return false };
        let more = !events.is_empty();
        for event in events {
            self.place.events = event.seq;
            if event.leg != Some(self.leg) {
                continue;
            }
            let told = match serde_json::from_str(&event.json) {
                Ok(api::Event::StepStarted(step)) => json!({
                    "step": step.step, "name": step.name, "parent": step.parent, "at": event.at,
                }),
                Ok(api::Event::StepFinished(step)) => json!({
                    "step": step.step, "conclusion": step.conclusion, "at": event.at,
                    "reason": step.reason.map(|reason| reason.reason),
                }),
                _ => continue,
            };
            self.tell("step", &told.to_string());
        }
        more
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_is_written() {
        let place = Place { fence: 2, lines: Cursor { offset: 1 << 40, time: 1_796_000_000_000_000 }, events: 17 };
        assert_eq!(Place::parse(&place.to_string()), place);
        for other in ["", "7", "1.2.3", "1.2.3.4.5", "a.b.c.d"] {
            assert_eq!(Place::parse(other), Place::default(), "{other}");
        }
    }
}
