//! Work that blocks, and when it is no longer waited for.

use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

/// What cancelled work has left to end in order. What is on its way over the network ends at once.
const GRACE: Duration = Duration::from_secs(5);

/// Runs work that blocks on git. Once `cancel` fires, git gives up on the network; `None` when the work has not ended
/// soon after. It is then left behind, so it must not touch files of the job.
pub async fn give_up_on<T: Send + 'static>(
    cancel: &CancellationToken,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    give_up_after(GRACE, cancel, work).await
}

async fn give_up_after<T: Send + 'static>(
    grace: Duration,
    cancel: &CancellationToken,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let working = cancellable(cancel, work);
    tokio::pin!(working);
    tokio::select! {
        biased;
        done = &mut working => done,
        () = cancel.cancelled() => tokio::time::timeout(grace, working).await.ok().flatten(),
    }
}

/// The same, but waits for the end in any case; `None` when the runtime shuts down.
pub(crate) async fn cancellable<T: Send + 'static>(
    cancel: &CancellationToken,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    // Also when nobody waits any more.
    let flag = CancelOnDrop(git::Cancel::default());
    let inner = flag.0.clone();
    let mut working = spawn_blocking(move || inner.within(work));
    let done = tokio::select! {
        biased;
        done = &mut working => done,
        () = cancel.cancelled() => {
            flag.0.cancel();
            working.await
        }
    };
    match done {
        Ok(done) => Some(done),
        Err(join) if join.is_panic() => std::panic::resume_unwind(join.into_panic()),
        Err(_) => None,
    }
}

struct CancelOnDrop(git::Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn stuck_work_is_left_behind() {
        let cancel = CancellationToken::new();
        assert_eq!(give_up_on(&cancel, || 7).await, Some(7));
        let (release, stuck) = std::sync::mpsc::channel::<()>();
        cancel.cancel();
        let done = give_up_after(Duration::ZERO, &cancel, move || stuck.recv().is_err());
        assert_eq!(done.await, None);
        drop(release);
    }
}
