//! Retention, quota and collection.

use std::collections::HashSet;

use store::{Micros, artifacts, caches, uploads};

use crate::{Depot, Result};

/// Rows looked at in one go.
const BATCH: i64 = 100;
const DAY: Micros = 24 * 3600 * 1_000_000;
/// An upload that nobody completed within this time is given up.
const UPLOAD_TIME: Micros = DAY;
/// An object without a row that is younger may be on its way into one.
const YOUNG_SECONDS: i64 = 24 * 3600;

/// What a collection removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    pub artifacts: usize,
    pub caches: usize,
    pub uploads: usize,
    /// Jobs whose logs have had their time.
    pub logs: usize,
    pub objects: usize,
}

impl Depot {
    /// Removes what has had its time: expired artifacts, logs of jobs that ended longer ago than `logs`, caches that nobody used
    /// for a week, uploads that were given up. Some of it; until nothing is left of it when it is called again and again.
    pub async fn retire(&self, logs: Micros) -> Result<Collected> {
        let mut collected = Collected::default();
        let now = self.store.now();
        for artifact in artifacts::expired(&mut self.store.read(), now, BATCH).await? {
            let mut tx = self.store.begin().await?;
            artifacts::expire(&mut tx, artifact.id).await?;
            tx.commit().await?;
            self.remove(artifact.object).await?;
            collected.artifacts += 1;
        }
        for job in store::logs::of_jobs_before(&mut self.store.read(), now.saturating_sub(logs), BATCH).await? {
            self.delete_logs(job).await?;
            collected.logs += 1;
        }
        let unused = now - services::UNUSED_DAYS * DAY;
        for cache in caches::unused_since(&mut self.store.read(), unused, BATCH).await? {
            self.delete_cache(cache.id).await?;
            collected.caches += 1;
        }
        for id in uploads::abandoned(&mut self.store.read(), now - UPLOAD_TIME, BATCH).await? {
            let mut tx = self.store.begin().await?;
            let objects = uploads::delete(&mut tx, id).await?;
            tx.commit().await?;
            self.remove(objects).await?;
            collected.uploads += 1;
        }
        Ok(collected)
    }

    /// Removes objects that no row refers to; the rest of a server that was killed between the two.
    ///
    /// # Errors
    /// The first object that could not be removed, when all others are.
    pub async fn sweep_objects(&self) -> Result<usize> {
        let (mut removed, mut failed) = (0, None);
        let now = self.store.now() / 1_000_000;
        for prefix in ["logs", "content", "uploads", "files"] {
            let listed = self.objects.list(prefix).await?;
            // Rows are read after the objects: what is referred to by then was there before.
            let known = self.referred(prefix).await?;
            for object in listed {
                if now - object.modified > YOUNG_SECONDS && !known.contains(&object.name) {
                    match self.objects.delete(&object.name).await {
                        Ok(_) => removed += 1,
                        Err(error) => failed = failed.or(Some(error)),
                    }
                }
            }
        }
        failed.map_or(Ok(removed), |error| Err(error.into()))
    }

    async fn referred(&self, prefix: &str) -> Result<HashSet<String>> {
        use store::Query as _;
        if prefix == "files" {
            return Ok(store::lfs::all_objects(&mut self.store.read()).await?.into_iter().collect());
        }
        let sql: &[&str] = match prefix {
            "logs" => &["SELECT object FROM logs WHERE object IS NOT NULL"],
            "uploads" => &["SELECT object FROM upload_parts"],
            _ => &[
                "SELECT object FROM artifacts WHERE object IS NOT NULL",
                "SELECT object FROM caches",
                "SELECT object FROM uploads WHERE object IS NOT NULL",
            ],
        };
        let mut known = HashSet::new();
        for sql in sql {
            known.extend(self.store.read().fetch_all::<String>(*sql, store::args![]).await?);
        }
        Ok(known)
    }

    /// Drops the least used caches of a repository until the rest fits.
    pub async fn make_room(&self, repo_id: i64, quota: u64) -> Result<()> {
        loop {
            let (_, bytes) = caches::usage(&mut self.store.read(), repo_id).await?;
            if u64::try_from(bytes).unwrap_or_default() <= quota {
                return Ok(());
            }
            let oldest = caches::least_used(&mut self.store.read(), repo_id, 1).await?;
            let Some(oldest) = oldest.first() else { return Ok(()) };
            self.delete_cache(oldest.id).await?;
        }
    }

    /// Deletes an artifact; whether there was one.
    pub async fn delete_artifact(&self, id: i64) -> Result<bool> {
        let mut tx = self.store.begin().await?;
        let known = artifacts::by_id(&mut tx, id).await?.is_some();
        let object = artifacts::delete(&mut tx, id).await?;
        tx.commit().await?;
        self.remove(object).await?;
        Ok(known)
    }

    /// Deletes a cache; whether there was one.
    pub async fn delete_cache(&self, id: i64) -> Result<bool> {
        let mut tx = self.store.begin().await?;
        let object = caches::delete(&mut tx, id).await?;
        tx.commit().await?;
        let known = object.is_some();
        self.remove(object).await?;
        Ok(known)
    }

    /// Deletes all logs of a job.
    pub async fn delete_logs(&self, job_id: i64) -> Result<()> {
        let mut tx = self.store.begin().await?;
        let objects = store::logs::delete(&mut tx, job_id).await?;
        tx.commit().await?;
        self.remove(objects).await
    }

    /// Objects whose row is gone. One that cannot be removed now is swept later.
    async fn remove(&self, objects: impl IntoIterator<Item = String>) -> Result<()> {
        for object in objects {
            self.objects.delete(&object).await?;
        }
        Ok(())
    }
}
