//! The run's workspace snapshot, shared by its jobs.

use std::sync::Arc;

use git::{GitError, Repository, Snapshot, SnapshotStore, Source};
use tokio::sync::OnceCell;

/// The run's workspace snapshot, materialised once, by whichever job needs it first.
pub struct SharedSnapshot {
    repository: Arc<Repository>,
    store: Arc<SnapshotStore>,
    /// `None` takes the work tree as it is.
    commit: Option<String>,
    cell: OnceCell<Arc<Snapshot>>,
}

impl SharedSnapshot {
    #[must_use]
    pub fn new(repository: Arc<Repository>, store: Arc<SnapshotStore>, commit: Option<String>) -> Self {
        Self { repository, store, commit, cell: OnceCell::new() }
    }

    /// The snapshot; made at the first call.
    ///
    /// # Errors
    /// What git or the disk said.
    pub async fn get(&self) -> Result<Arc<Snapshot>, GitError> {
        let made = self.cell.get_or_try_init(|| async {
            let (repository, store, commit) = (self.repository.clone(), self.store.clone(), self.commit.clone());
            let making = tokio::task::spawn_blocking(move || {
                let source = commit.as_deref().map_or(Source::WorkTree, Source::Commit);
                store.snapshot(&repository, source)
            });
            match making.await {
                Ok(made) => made.map(Arc::new),
                Err(join) => std::panic::resume_unwind(join.into_panic()),
            }
        });
        made.await.cloned()
    }
}
