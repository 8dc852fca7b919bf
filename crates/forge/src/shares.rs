//! Bounds on what each of many may have at the same time.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::Semaphore;

/// Holders whose share is remembered; beyond that, those who hold nothing are forgotten.
const REMEMBERED: usize = 1024;

/// So many places for each holder.
#[derive(Debug)]
pub struct Shares<K> {
    each: usize,
    known: Mutex<HashMap<K, Weak<Semaphore>>>,
}

impl<K: Clone + Eq + Hash> Shares<K> {
    #[must_use]
    pub fn new(each: usize) -> Shares<K> {
        Shares { each, known: Mutex::default() }
    }

    /// The places of one holder. They are the same for as long as somebody has them or a permit of theirs.
    pub fn of(&self, holder: &K) -> Arc<Semaphore> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = known.get(holder).and_then(Weak::upgrade) {
            return share;
        }
        if known.len() >= REMEMBERED {
            known.retain(|_, share| share.strong_count() > 0);
        }
        let share = Arc::new(Semaphore::new(self.each));
        known.insert(holder.clone(), Arc::downgrade(&share));
        share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_holds_something_is_remembered() {
        let shares = Shares::new(1);
        let held = shares.of(&0).try_acquire_owned().unwrap();
        for holder in 1..5000 {
            assert!(shares.of(&holder).try_acquire_owned().is_ok(), "others have their own");
        }
        assert!(shares.of(&0).try_acquire_owned().is_err());
        assert!(shares.known.lock().unwrap().len() <= REMEMBERED + 1);
        drop(held);
        assert!(shares.of(&0).try_acquire_owned().is_ok());
    }
}
