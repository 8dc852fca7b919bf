//! Who is told what jobs do with caches.

use std::fmt;
use std::sync::Arc;

use crate::{CacheEntry, Explanation, JobIdentity};

/// What a job did with a cache.
#[derive(Debug, Clone, Copy)]
pub enum CacheNews<'a> {
    /// It asked for one; whether it was given to it stands in the outcome.
    Looked(&'a Explanation),
    Saved(&'a CacheEntry),
}

/// Told of every look for a cache and every saved one, over the protocol and by actions of ours. The default one hears nothing.
#[derive(Clone)]
pub struct CacheListener(Arc<Hear>);

type Hear = dyn Fn(&JobIdentity, CacheNews<'_>) + Send + Sync;

impl CacheListener {
    /// Called on whatever thread serves the job; it must not block.
    pub fn new(listener: impl Fn(&JobIdentity, CacheNews<'_>) + Send + Sync + 'static) -> CacheListener {
        CacheListener(Arc::new(listener))
    }

    /// Tells it.
    pub fn hear(&self, job: &JobIdentity, news: CacheNews<'_>) {
        (self.0)(job, news);
    }
}

impl Default for CacheListener {
    fn default() -> CacheListener {
        CacheListener::new(|_, _| {})
    }
}

impl fmt::Debug for CacheListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheListener").finish_non_exhaustive()
    }
}
