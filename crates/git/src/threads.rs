//! Work spread over a few threads.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Items a thread takes at a time: neighbours, which are in the same directory, so that threads seldom wait for the lock
/// of one.
const RUN: usize = 32;

/// How many threads for so many items.
pub(crate) fn threads(items: usize) -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(8).min(items).max(1)
}

/// Runs `work` in `count` threads, giving each its number; the first error wins.
pub(crate) fn in_threads<E: Send>(count: usize, work: impl Fn(usize) -> Result<(), E> + Sync) -> Result<(), E> {
    if count == 1 {
        return work(0);
    }
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..count)
            .map(|number| {
                scope.spawn({
                    let work = &work;
                    move || work(number)
                })
            })
            .collect();
        let mut result = Ok(());
        for handle in handles {
            match handle.join() {
                Ok(done) => result = result.and(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        result
    })
}

/// Gives runs of neighbouring items to several threads; the first error wins.
pub(crate) fn in_runs<T: Sync, E: Send>(items: &[T], work: impl Fn(&[T]) -> Result<(), E> + Sync) -> Result<(), E> {
    let next = AtomicUsize::new(0);
    in_threads(threads(items.len() / RUN), |_| {
        loop {
            let start = next.fetch_add(RUN, Ordering::Relaxed);
            if start >= items.len() {
                return Ok(());
            }
            work(&items[start..items.len().min(start + RUN)])?;
        }
    })
}
