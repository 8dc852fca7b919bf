//! Independent pieces of work on every processor.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Pieces for which one thread more pays: it takes as long to start as they do.
const WORTH_A_THREAD: usize = 8;

/// Does `work` for every item, several at a time; the results are in the items' order. At most so many threads work; 0 is
/// one for each processor.
pub fn map<T: Sync, R: Send>(threads: usize, items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let available = match threads {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        asked => asked,
    };
    let threads = available.min(items.len().div_ceil(WORTH_A_THREAD));
    if threads <= 1 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let share = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { return done };
            done.push((at, work(item)));
        }
    };
    let mut all = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(share)).collect();
        let mut all = share();
        for other in others {
            match other.join() {
                Ok(more) => all.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_unstable_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::map;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        for (threads, count) in [(0, 0), (0, 1), (0, 100), (1, 100), (3, 7), (3, 9), (3, 100)] {
            let items: Vec<usize> = (0..count).collect();
            let doubled: Vec<usize> = items.iter().map(|item| item * 2).collect();
            assert_eq!(map(threads, &items, |item| item * 2), doubled, "{threads} {count}");
        }
    }
}
