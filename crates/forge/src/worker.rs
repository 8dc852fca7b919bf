//! What the forge does by itself: settling what crashes left, pull requests after pushes, deliveries, connected
//! repositories, packing.

use std::time::Duration;

use store::Topic;
use tokio_util::sync::CancellationToken;

use crate::{Forge, Result};

/// How often everything is looked at although nobody said that there is something.
const SLOW: Duration = Duration::from_secs(15);
/// Packing and forgetting.
const RARELY: Duration = Duration::from_secs(3600);

impl Forge {
    /// Runs until it is told to stop. Any number of servers may.
    pub async fn run(&self, stop: CancellationToken) {
        tokio::join!(
            self.repeat(&stop, None, async || Ok(self.reconcile_pushes().await? > 0)),
            self.repeat(&stop, Some(Topic::Pulls), async || Ok(self.update_pulls().await? > 0)),
            self.keep_house(&stop),
        );
    }

    /// Calls `step` again as long as it has done something, then when it is woken, then slowly.
    async fn repeat(&self, stop: &CancellationToken, topic: Option<Topic>, step: impl AsyncFn() -> Result<bool>) {
        let mut listener = topic.map(|topic| self.store().listen(topic));
        while !stop.is_cancelled() {
            match step().await {
                Ok(true) => continue,
                Ok(false) => {}
                // A database that is away comes back; anything else is looked at again as slowly.
                Err(error) => eprintln!("trunkline: forge: {error}"),
            }
            let waiting = async {
                match &mut listener {
                    Some(listener) => drop(listener.wait(SLOW).await),
                    None => tokio::time::sleep(SLOW).await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = waiting => {}
            }
        }
    }

    async fn keep_house(&self, stop: &CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(RARELY) => {}
            }
            if let Err(error) = self.tidy().await {
                eprintln!("trunkline: forge: {error}");
            }
        }
    }

    /// Packs repositories, counts their bytes, and removes from the disk what was deleted.
    pub async fn tidy(&self) -> Result<()> {
        for id in store::repositories::deleted(&mut self.store().read()).await? {
            let dir = self.git(id).dir().to_owned();
            if dir.exists() {
                tokio::task::spawn_blocking(move || std::fs::remove_dir_all(&dir))
                    .await
                    .map_err(|error| crate::Error::Conflict(error.to_string()))?
                    .map_err(crate::Error::io("a deleted repository"))?;
            }
        }
        let mut after = 0;
        loop {
            let page = store::repositories::all(&mut self.store().read(), after, 100).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.id;
            for repository in page {
                let repo = self.git(repository.id);
                if !repo.exists() {
                    continue;
                }
                repo.maintain().await?;
                let size = i64::try_from(repo.size().await?).unwrap_or(i64::MAX);
                if size != repository.size {
                    let mut tx = self.store().begin().await?;
                    store::repositories::set_size(&mut tx, repository.id, size).await?;
                    tx.commit().await?;
                }
            }
        }
    }
}
