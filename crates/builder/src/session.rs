//! What all parts of one build share.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use image::Store;
use image::client::Client;
use sandbox::Launcher;
use tokio::sync::Semaphore;

use crate::event::{Event, Events, StepId};
use crate::inputs::Scratch;
use crate::run::Agents;
use crate::{Build, Error, Ground, OnFailure};

/// One build while it runs.
pub(crate) struct Session {
    pub(crate) store: Store,
    pub(crate) launcher: Arc<Launcher>,
    pub(crate) client: Client,
    /// The builder's directory.
    pub(crate) dir: PathBuf,
    pub(crate) scratch: Scratch,
    pub(crate) events: Events,
    /// One for each step that may be carried out at a time.
    pub(crate) permits: Semaphore,
    pub(crate) agents: Agents,
    pub(crate) on_failure: Option<OnFailure>,
    steps: AtomicU32,
}

impl Session {
    pub(crate) async fn new(ground: &Ground, build: &Build, events: Events) -> Result<Self, Error> {
        let processors = || std::thread::available_parallelism().map_or(2, usize::from);
        let jobs = build.jobs.unwrap_or_else(processors);
        let scratch =
            Scratch::create(&ground.dir.join("scratch")).map_err(Error::io("making a temporary directory"))?;
        let agents = Agents::start(&build.ssh).await?;
        Ok(Self {
            store: ground.store.clone(),
            launcher: Arc::clone(&ground.launcher),
            client: ground.client.clone(),
            dir: ground.dir.clone(),
            scratch,
            events,
            permits: Semaphore::new(jobs.max(1)),
            agents,
            on_failure: build.on_failure.clone(),
            steps: AtomicU32::new(0),
        })
    }

    /// Tells of a step, and numbers it.
    pub(crate) fn plan(&self, name: &str, stage: &str, line: Option<usize>) -> StepId {
        let step = StepId(self.steps.fetch_add(1, Ordering::Relaxed) + 1);
        self.events.send(Event::Planned { step, name: name.to_owned(), stage: stage.to_owned(), line });
        step
    }

    /// Tells of the beginning and the end of some work.
    pub(crate) async fn telling<T>(
        &self,
        step: StepId,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        self.events.send(Event::Started { step });
        let begun = Instant::now();
        let result = work.await;
        let error = result.as_ref().err().map(Error::told);
        self.events.send(Event::Finished { step, took: begun.elapsed(), error });
        result
    }
}
