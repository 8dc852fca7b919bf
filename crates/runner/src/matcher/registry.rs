//! The problem matchers of a job.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::Config;

/// The matchers that are on, newest first. Clones share them; they stay on for the steps after the one that added
/// them.
#[derive(Debug, Clone, Default)]
pub struct Matchers {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    list: Mutex<Vec<Arc<Config>>>,
    version: AtomicU64,
}

impl Matchers {
    /// No matchers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a matcher in front; one of the same owner goes.
    pub fn add(&self, config: Config) {
        self.change(|list| {
            list.retain(|known| !known.is_of(config.owner()));
            list.insert(0, Arc::new(config));
        });
    }

    /// Takes an owner's matcher out.
    pub fn remove(&self, owner: &str) {
        self.change(|list| list.retain(|known| !known.is_of(owner)));
    }

    /// A number that changes whenever the list does.
    pub(super) fn version(&self) -> u64 {
        self.shared.version.load(Ordering::Acquire)
    }

    pub(super) fn list(&self) -> Vec<Arc<Config>> {
        self.shared.list.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Arc<Config>>)) {
        change(&mut self.shared.list.lock().unwrap_or_else(PoisonError::into_inner));
        self.shared.version.fetch_add(1, Ordering::AcqRel);
    }
}
