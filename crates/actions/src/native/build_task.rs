//! Builds as tasks of their own.

use std::future::Future;

use builder::{Build, Built, Error, Events, Ground};
use tokio::task::JoinHandle;

/// Ends a task that nobody waits for any more.
struct Ended<T>(JoinHandle<T>);

impl<T> Drop for Ended<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Builds. Dropping the future ends the build and its processes. It runs as a task of its own: a build's state is large, and
/// the stack below a step is deep.
pub fn build(build: Build, ground: Ground, events: Events) -> impl Future<Output = Result<Built, Error>> + Send {
    let task = tokio::spawn(async move { Box::pin(build.run(&ground, events)).await });
    async move {
        let mut task = Ended(task);
        match (&mut task.0).await {
            Ok(done) => done,
            Err(join) if join.is_panic() => std::panic::resume_unwind(join.into_panic()),
            Err(_) => Err(Error::Interrupted),
        }
    }
}
