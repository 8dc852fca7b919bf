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
    /// Pull requests that are to be merged as soon as they may be.
    AutoMerge,
    /// Events to webhooks.
    Hooks,
    Deliveries,
    /// What connected repositories sent.
    Received,
    /// What they are to be told.
    WriteBacks,
}

impl Chore {
    const ALL: [Chore; 7] = [
        Chore::Pushes,
        Chore::Pulls,
        Chore::AutoMerge,
        Chore::Hooks,
        Chore::Deliveries,
        Chore::Received,
        Chore::WriteBacks,
    ];

    fn name(self) -> &'static str {
        match self {
            Chore::Pushes => "settling of pushes",
            Chore::Pulls => "pull requests",
            Chore::AutoMerge => "merges that wait",
            Chore::Hooks => "webhooks",
            Chore::Deliveries => "deliveries",
            Chore::Received => "received webhooks",
            Chore::WriteBacks => "connected repositories",
        }
    }

    /// What wakes it.
    fn topic(self) -> Topic {
        match self {
            // Nothing does: crashes do not say so.
            Chore::Pushes => Topic::Timers,
            Chore::Pulls => Topic::Pulls,
            // Checks that succeed and reviews are events, too.
            Chore::AutoMerge | Chore::Hooks => Topic::Events,
            Chore::Deliveries | Chore::Received | Chore::WriteBacks => Topic::Deliveries,
        }
    }
}

/// After a panic.
const PAUSE: Duration = if cfg!(test) { Duration::from_millis(1) } else { Duration::from_secs(5) };

/// Keeps something going that happens in the background, on a task of its own: where it panics this is told, and it begins anew
/// after a pause; it takes nothing else with it. Returns when it does.
pub async fn watch_over<F>(name: &str, stop: &CancellationToken, begin: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        match tokio::spawn(begin()).await {
            Err(error) if error.is_panic() && !stop.is_cancelled() => {
                eprintln!("trunkline: {name}: a mistake of the server's ({error}); begun anew");
            }
            _ => return,
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

impl Forge {
    /// Runs until it is told to stop. Any number of servers may.
    pub async fn run(&self, stop: CancellationToken) {
        let all = Chore::ALL.map(|chore| {
            let stop = &stop;
            watch_over(chore.name(), stop, move || {
                let (forge, stop) = (self.clone(), stop.clone());
                async move { forge.repeat(chore, stop).await }
            })
        });
        let house = watch_over("packing", &stop, || {
            let (forge, stop) = (self.clone(), stop.clone());
            async move { forge.keep_house(&stop).await }
        });
        tokio::join!(futures_util::future::join_all(all), house);
    }

    /// Whether there was something to do.
    async fn work_off(&self, chore: Chore) -> Result<bool> {
        match chore {
            Chore::Pushes => Ok(self.reconcile_pushes().await? > 0),
            Chore::Pulls => self.update_pulls().await,
            Chore::AutoMerge => self.merge_ready().await,
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
                    .map_err(|error| crate::Error::Internal(error.to_string()))?
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn what_panics_begins_anew_and_takes_nothing_with_it() {
        let (stop, begun, beside) =
            (CancellationToken::new(), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let bad = watch_over("bad", &stop, || {
            let (begun, stop) = (begun.clone(), stop.clone());
            async move {
                assert!(begun.fetch_add(1, Ordering::SeqCst) >= 2, "a mistake");
                stop.cancel();
            }
        });
        let good = watch_over("good", &stop, || {
            let (beside, stop) = (beside.clone(), stop.clone());
            async move {
                beside.fetch_add(1, Ordering::SeqCst);
                stop.cancelled().await;
            }
        });
        tokio::join!(bad, good);
        assert_eq!((begun.load(Ordering::SeqCst), beside.load(Ordering::SeqCst)), (3, 1));
    }
}
