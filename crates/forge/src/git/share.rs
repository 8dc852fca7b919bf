//! How many gits run at the same time, on the whole server and over one repository.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Shares;

/// On the server; what is more waits its turn.
const AT_ONCE: usize = 32;
/// Over one repository: whoever asks much of theirs leaves room for others.
const OF_ONE: usize = 8;

/// Places of one kind.
pub(super) struct Places {
    all: Arc<Semaphore>,
    shares: Shares<Arc<Path>>,
}

/// Calls that run to their end by themselves.
pub(super) static CALLS: LazyLock<Places> = LazyLock::new(Places::new);
/// Those that go at the pace of a client: a slow one keeps no call waiting.
pub(super) static STREAMS: LazyLock<Places> = LazyLock::new(Places::new);

/// A place among the gits that run. Nothing that holds one may wait for another of its kind.
pub(super) struct Place {
    _own: Option<OwnedSemaphorePermit>,
    _all: Option<OwnedSemaphorePermit>,
}

impl Places {
    fn new() -> Places {
        Places { all: Arc::new(Semaphore::new(AT_ONCE)), shares: Shares::new(OF_ONE) }
    }

    /// Waits for a place over the repository in this directory.
    pub(super) async fn place(&self, dir: &Arc<Path>) -> Place {
        // Neither is ever closed.
        let own = self.shares.of(dir).acquire_owned().await.ok();
        let all = self.all.clone().acquire_owned().await.ok();
        Place { _own: own, _all: all }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_repository_leaves_room_for_others() {
        let places = Places::new();
        let (one, other): (Arc<Path>, Arc<Path>) = (Path::new("/one").into(), Path::new("/other").into());
        let mut held = Vec::new();
        for _ in 0..OF_ONE {
            held.push(places.place(&one).await);
        }
        assert!(places.shares.of(&one).try_acquire().is_err());
        drop(places.place(&other).await);
        held.clear();
        drop(places.place(&one).await);
    }
}
