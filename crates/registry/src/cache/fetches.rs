use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::StatusCode;
use blob::Digest;
use image::Descriptor;
use image::Reference;
use image::client::{Client, Event, Progress};
use tokio::sync::watch;

use crate::Registry;
use crate::name::Repository;
use crate::problem::Problem;

/// Blobs that are on their way from upstreams. Each comes once, however many clients wait for it, and to its end, even when
/// they go away.
#[derive(Debug, Default)]
pub(crate) struct Fetches(Mutex<HashMap<(Repository, Digest), watch::Receiver<State>>>);

/// How far a blob is.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// Bytes that came so far.
    pub(super) bytes: u64,
    /// How it ended.
    pub(super) ended: Option<Ended>,
}

#[derive(Clone, Debug)]
pub(super) enum Ended {
    /// The blob is in the store.
    Stored,
    Unknown,
    Failed(String),
}

/// One client's view of a blob that is on its way.
#[derive(Clone, Debug)]
pub(crate) struct Fetch(watch::Receiver<State>);

struct Watcher(watch::Sender<State>);

impl Progress for Watcher {
    fn event(&self, event: Event<'_>) {
        if let Event::Advanced { bytes, .. } = event {
            self.0.send_modify(|state| state.bytes = bytes);
        }
    }
}

impl Fetches {
    /// Starts to fetch a blob, or joins those who wait for it.
    pub(super) fn join(
        self: &Arc<Self>,
        registry: &Registry,
        client: &Client,
        name: &Repository,
        from: &Reference,
        digest: Digest,
        size: u64,
    ) -> Fetch {
        let key = (name.clone(), digest);
        let mut running = self.lock();
        if let Some(state) = running.get(&key) {
            return Fetch(state.clone());
        }
        let (sender, receiver) = watch::channel(State::default());
        running.insert(key.clone(), receiver.clone());
        drop(running);
        let (fetches, registry, client, from) = (Arc::clone(self), registry.clone(), client.clone(), from.clone());
        tokio::spawn(async move {
            let watcher = Watcher(sender);
            let descriptor = Descriptor::new("application/octet-stream", digest, size);
            let fetched = client.blob(&from, &descriptor, registry.blobs(), &watcher).await;
            let ended = match fetched {
                Err(error) if super::is_unknown(&error) => Ended::Unknown,
                Err(error) => Ended::Failed(error.to_string()),
                Ok(()) => {
                    let name = key.0.clone();
                    match registry.blocking(move |storage| storage.link_blob(&name, &digest)).await {
                        Ok(()) => Ended::Stored,
                        Err(error) => Ended::Failed(error.to_string()),
                    }
                }
            };
            fetches.lock().remove(&key);
            watcher.0.send_modify(|state| state.ended = Some(ended));
        });
        Fetch(receiver)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(Repository, Digest), watch::Receiver<State>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fetch {
    /// Waits until bytes arrive or it is known that none will.
    pub(super) async fn begun(&mut self) -> Result<(), Problem> {
        let state = self.until(|state| state.bytes > 0).await;
        match state.ended {
            Some(Ended::Unknown) => {
                Err(Problem::new(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", "the upstream registry has no such blob"))
            }
            Some(Ended::Failed(reason)) => {
                let message = format!("the upstream registry failed: {reason}");
                Err(Problem::new(StatusCode::BAD_GATEWAY, "UNKNOWN", message))
            }
            _ => Ok(()),
        }
    }

    /// Waits for something, or for the end.
    pub(super) async fn until(&mut self, reached: impl Fn(&State) -> bool) -> State {
        match self.0.wait_for(|state| state.ended.is_some() || reached(state)).await {
            Ok(state) => state.clone(),
            // The task died without a word.
            Err(_) => State { bytes: 0, ended: Some(Ended::Failed("the download was ended".to_owned())) },
        }
    }
}
