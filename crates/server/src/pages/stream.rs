//! Pages that are open are told what changes: server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use api::wire::{LogDecoder, LogKind};
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use depot::LogPieces;
use futures_util::Stream;
use futures_util::stream;
use serde_json::json;
use store::{Listener, Topic};

use super::job::job_of;
use super::refusal::Refusal;
use super::run::run_of;
use super::visit::Visit;
use crate::Server;

type Told = Result<Event, Infallible>;

/// How long a change that nobody told may go unseen.
const SLOW: Duration = Duration::from_secs(5);

/// Entries of a log in one message.
const BATCH: usize = 200;

/// `changed` whenever the run has; `done` when it is over.
pub(super) async fn run(
    visit: Visit,
    Path((owner, name, id)): Path<(String, String, i64)>,
) -> Result<Sse<impl Stream<Item = Told>>, Refusal> {
    let (_, run) = run_of(&visit, &owner, &name, id).await?;
    let listener = visit.server.store().listen(Topic::Run(run.id));
    let changes =
        stream::unfold((visit.server, listener, run.id, false), |(server, mut listener, id, over)| async move {
            if over {
                return None;
            }
            listener.wait(SLOW).await;
            let now = store::runs::by_id(&mut server.store().read(), id).await.ok().flatten();
            let over = now.is_none_or(|run| run.is_completed());
            let event = Event::default().event(if over { "done" } else { "changed" }).data("");
            Some((Ok(event), (server, listener, id, over)))
        });
    Ok(Sse::new(changes).keep_alive(KeepAlive::default()))
}

/// The log and steps of a job: `step` for a step's start and end, `lines` for lines, `done` when it is over. The id of a
/// message is where the next begins, so that a broken connection goes on where it was.
pub(super) async fn job(
    visit: Visit,
    Path(at): Path<(String, String, i64, i64)>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Told>>, Refusal> {
    let (_, run, job) = job_of(&visit, &at).await?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    let (entries, events) = last.split_once('.').unwrap_or((last, ""));
    let follow = Follow {
        listeners: [
            visit.server.store().listen(Topic::Log(job.id)),
            visit.server.store().listen(Topic::Run(run.id)),
            visit.server.store().listen(Topic::Job(job.id)),
        ],
        pieces: visit.server.depot().log(job.id, job.fence, 0),
        decoder: LogDecoder::default(),
        passed: 0,
        known: entries.parse().unwrap_or(0),
        events: events.parse().unwrap_or(0),
        attempt: job.attempt,
        leg: job.leg,
        run: run.id,
        job: job.id,
        fence: job.fence,
        waiting: VecDeque::new(),
        over: false,
        server: visit.server,
    };
    Ok(Sse::new(stream::unfold(follow, Follow::next)).keep_alive(KeepAlive::default()))
}

/// Somebody who watches a job.
struct Follow {
    server: Server,
    listeners: [Listener; 3],
    pieces: LogPieces,
    decoder: LogDecoder,
    /// Entries read so far, and those that the watcher has.
    passed: u64,
    known: u64,
    /// The last event that the watcher has.
    events: i64,
    attempt: i64,
    leg: i64,
    run: i64,
    job: i64,
    fence: i64,
    waiting: VecDeque<Event>,
    over: bool,
}

impl Follow {
    async fn next(mut self) -> Option<(Told, Self)> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some((Ok(event), self));
            }
            if self.over {
                return None;
            }
            let job = store::jobs::by_id(&mut self.server.store().read(), self.job).await.ok().flatten();
            let ended = job.as_ref().is_none_or(|job| job.status == "completed");
            if let Some(job) = &job
                && job.fence != self.fence
            {
                // Another runner has it now, and begins its log anew.
                self.fence = job.fence;
                self.pieces = self.server.depot().log(self.job, job.fence, 0);
                (self.decoder, self.passed, self.known) = (LogDecoder::default(), 0, 0);
                self.waiting.push_back(Event::default().event("anew").data(""));
            }
            let steps = self.read_steps().await;
            let lines = self.read_lines().await;
            if steps || lines {
                continue;
            }
            if ended {
                self.over = true;
                let told = json!({"conclusion": job.and_then(|job| job.conclusion)});
                self.waiting.push_back(Event::default().event("done").data(told.to_string()));
                continue;
            }
            let [log, run, job] = &mut self.listeners;
            tokio::select! {
                _ = log.wait(SLOW) => {}
                _ = run.wait(SLOW) => {}
                _ = job.wait(SLOW) => {}
            }
        }
    }

    fn id(&self) -> String {
        format!("{}.{}", self.passed.max(self.known), self.events)
    }

    async fn read_steps(&mut self) -> bool {
        let mut reader = self.server.store().read();
        let Ok(events) = store::runs::events_after(&mut reader, self.run, self.attempt, self.events, 500).await else {
            return false;
        };
        let more = !events.is_empty();
        for event in events {
            self.events = event.seq;
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
            let message = Event::default().event("step").id(self.id()).data(told.to_string());
            self.waiting.push_back(message);
        }
        more
    }

    async fn read_lines(&mut self) -> bool {
        // A damaged log ends where the damage is.
        let Ok(Some(piece)) = self.pieces.next_piece().await else { return false };
        self.decoder.feed(&piece);
        let mut batch = Vec::new();
        while let Ok(Some(entry)) = self.decoder.next_entry() {
            self.passed += 1;
            if self.passed <= self.known || !entry.kind.is_text() {
                continue;
            }
            let stream = match entry.kind {
                LogKind::Err => 1,
                LogKind::Runner => 2,
                _ => 0,
            };
            batch.push(json!([entry.step, stream, entry.time / 1000, String::from_utf8_lossy(&entry.text)]));
            if batch.len() >= BATCH {
                self.send(&mut batch);
            }
        }
        self.send(&mut batch);
        true
    }

    fn send(&mut self, batch: &mut Vec<serde_json::Value>) {
        if !batch.is_empty() {
            let data = serde_json::Value::Array(std::mem::take(batch)).to_string();
            self.waiting.push_back(Event::default().event("lines").id(self.id()).data(data));
        }
    }
}
