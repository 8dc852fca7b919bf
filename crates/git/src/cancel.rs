//! Giving up on the network.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::GitError;

thread_local! {
    static CURRENT: RefCell<Option<Cancel>> = const { RefCell::new(None) };
}

/// Ends what git does over the network, from another thread; the call then answers [`GitError::Cancelled`]. Work on local
/// files goes on to its end. Clones are one.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks for the end; cannot be taken back.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Runs `work` so that what it asks of this crate on this thread can be cancelled.
    pub fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        let _restore = Restore(CURRENT.replace(Some(self.clone())));
        work()
    }

    /// That of the work this thread is doing.
    pub(crate) fn current() -> Option<Cancel> {
        CURRENT.with_borrow(Clone::clone)
    }

    /// An error once it is cancelled.
    pub(crate) fn check(&self) -> Result<(), GitError> {
        if self.is_cancelled() { Err(GitError::Cancelled) } else { Ok(()) }
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Also when `work` panics.
struct Restore(Option<Cancel>);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}
