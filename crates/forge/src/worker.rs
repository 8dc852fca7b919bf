//! What the forge does by itself: settling what crashes left, pull requests after pushes, deliveries, connected
//! repositories, packing.

use std::time::Duration;

use store::Topic;
use tokio_util::sync::CancellationToken;

use crate::{Forge, Result};

/// How often everything is looked at although nobody said that there is something.
const SLOW: Duration = Duration::from_secs(15);
/// Deliveries, received webhooks and settled pushes are kept for thirty days.
const KEPT: store::Micros = 30 * 24 * 3600 * 1_000_000;
/// Packing and forgetting.
const RARELY: Duration = Duration::from_secs(3600);

/// What is looked at again and again.
#[derive(Clone, Copy, Debug)]
enum Chore {
    Pushes,
    Pulls,
    /// Events to webhooks.
    Hooks,
    Deliveries,
    /// What connected repositories sent.
    Received,
    /// What they are to be told.
    WriteBacks,
}

impl Chore {
    const ALL: [Chore; 6] =
        [Chore::Pushes, Chore::Pulls, Chore::Hooks, Chore::Deliveries, Chore::Received, Chore::WriteBacks];

    /// What wakes it.
    fn topic(self) -> Topic {
        match self {
            // Nothing does: crashes do not say so.
            Chore::Pushes => Topic::Timers,
            Chore::Pulls => Topic::Pulls,
            Chore::Hooks => Topic::Events,
            Chore::Deliveries | Chore::Received | Chore::WriteBacks => Topic::Deliveries,
        }
    }
}

impl Forge {
    /// Runs until it is told to stop. Any number of servers may.
    pub async fn run(&self, stop: CancellationToken) {
        let mut chores = tokio::task::JoinSet::new();
        for chore in Chore::ALL {
            let (forge, stop) = (self.clone(), stop.clone());
            chores.spawn(async move { forge.repeat(chore, stop).await });
        }
        let (forge, stopped) = (self.clone(), stop.clone());
        chores.spawn(async move { forge.keep_house(&stopped).await });
        while chores.join_next().await.is_some() {}
    }

    /// Whether there was something to do.
    async fn work_off(&self, chore: Chore) -> Result<bool> {
        match chore {
            Chore::Pushes => Ok(self.reconcile_pushes().await? > 0),
            Chore::Pulls => self.update_pulls().await,
            Chore::Hooks => Ok(self.fan_out().await? > 0),
            Chore::Deliveries => Ok(self.deliver().await? > 0),
            Chore::Received => self.work_off_received().await,
            Chore::WriteBacks => Ok(self.write_back().await? > 0),
        }
    }

    /// Again as long as there is something to do, then when it is woken, then slowly.
    async fn repeat(&self, chore: Chore, stop: CancellationToken) {
        let mut listener = self.store().listen(chore.topic());
        while !stop.is_cancelled() {
            match self.work_off(chore).await {
                Ok(true) => continue,
                Ok(false) => {}
                // A database that is away comes back; anything else is looked at again as slowly.
                Err(error) => eprintln!("trunkline: forge: {error}"),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                _ = listener.wait(SLOW) => {}
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

    /// Packs repositories, counts their bytes, removes from the disk what was deleted, forgets what is old.
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
        let before = self.store().now() - KEPT;
        let mut tx = self.store().begin().await?;
        store::hooks::forget_deliveries(&mut tx, before).await?;
        store::connections::forget_received(&mut tx, before).await?;
        store::pushes::forget(&mut tx, before).await?;
        tx.commit().await?;
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
                let kept = match repo.maintain().await {
                    Ok(()) => repo.size().await,
                    Err(error) => Err(error),
                };
                let size = match kept {
                    Ok(size) => i64::try_from(size).unwrap_or(i64::MAX),
                    // The others are packed all the same.
                    Err(error) => {
                        eprintln!("trunkline: forge: packing of {}: {error}", repository.full_name());
                        continue;
                    }
                };
                if size != repository.size {
                    let mut tx = self.store().begin().await?;
                    store::repositories::set_size(&mut tx, repository.id, size).await?;
                    tx.commit().await?;
                }
            }
        }
    }
}
