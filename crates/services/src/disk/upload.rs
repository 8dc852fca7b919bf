//! Content that arrives in pieces: as blocks to be listed later, as one body, or as byte ranges.

use super::blob::{Blob, BlobWriter};
use super::staging::Staging;
use crate::{Error, Result};
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Blocks of one blob, as many as Azure takes.
const MAX_BLOCKS: usize = 50_000;
/// Gaps between ranges that arrived out of order; clients send a handful at a time.
const MAX_RANGES: usize = 10_000;

/// One upload in progress. Everything it holds on disk goes when it is dropped.
#[derive(Debug)]
pub(crate) struct Upload {
    staging: Arc<Staging>,
    limit: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    blocks: HashMap<String, Blob>,
    staged_bytes: u64,
    whole: Option<Blob>,
    /// The list `whole` was joined from.
    committed: Option<Vec<String>>,
    ranges: Option<Ranges>,
}

#[derive(Debug)]
struct Ranges {
    path: PathBuf,
    file: Arc<File>,
    /// Half open, sorted, neither touching nor overlapping.
    covered: Vec<(u64, u64)>,
}

impl Drop for Ranges {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Upload {
    pub(crate) fn new(staging: Arc<Staging>, limit: u64) -> Upload {
        Upload { staging, limit, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    /// Whether nothing has come in yet.
    pub(crate) fn is_untouched(&self) -> bool {
        let state = self.state();
        state.blocks.is_empty() && state.whole.is_none() && state.ranges.is_none()
    }

    /// A place for one body, to be handed to [`Upload::add_block`] or [`Upload::set_whole`].
    pub(crate) fn writer(&self) -> Result<BlobWriter> {
        let left = self.limit.saturating_sub(self.state().staged_bytes);
        BlobWriter::create(&self.staging, left)
    }

    /// Stages a block; one sent again under the same id takes the place of the earlier.
    pub(crate) fn add_block(&self, id: &str, block: Blob) -> Result<()> {
        let mut state = self.state();
        let replaced = state.blocks.get(id).map_or(0, |old| old.size);
        let staged = state.staged_bytes - replaced + block.size;
        if staged > self.limit {
            return Err(Error::TooLarge { limit: self.limit });
        }
        if replaced == 0 && state.blocks.len() >= MAX_BLOCKS {
            return Err(Error::BlockList(format!("more than {MAX_BLOCKS} blocks")));
        }
        state.staged_bytes = staged;
        state.blocks.insert(id.to_owned(), block);
        Ok(())
    }

    /// The content as one body.
    pub(crate) fn set_whole(&self, blob: Blob) {
        self.state().whole = Some(blob);
    }

    /// Joins the listed blocks in the list's order. Blocks not listed are dropped, as Azure does. The same list
    /// sent again, by a client that lost the answer, is no error.
    pub(crate) fn commit_blocks(&self, ids: &[String]) -> Result<()> {
        let mut blocks = {
            let mut state = self.state();
            if state.committed.as_deref() == Some(ids) && state.blocks.is_empty() {
                return Ok(());
            }
            let mut seen = HashSet::new();
            for id in ids {
                if !state.blocks.contains_key(id) {
                    return Err(Error::BlockList(format!("block {id:?} was not uploaded")));
                }
                if !seen.insert(id) {
                    return Err(Error::BlockList(format!("block {id:?} is listed twice")));
                }
            }
            state.staged_bytes = 0;
            std::mem::take(&mut state.blocks)
        };
        // Joining reads everything once more; nobody waits for the state meanwhile.
        let whole = match ids {
            [only] => blocks.remove(only),
            _ => {
                let mut joined = BlobWriter::create(&self.staging, self.limit)?;
                for id in ids {
                    // Dropped after each copy, so that the disk holds the content once plus one block.
                    if let Some(block) = blocks.remove(id) {
                        let mut file = File::open(block.path()).map_err(Error::io(block.path()))?;
                        joined.copy_from(&mut file, block.path())?;
                    }
                }
                Some(joined.finish())
            }
        };
        let mut state = self.state();
        state.whole = whole;
        state.committed = Some(ids.to_vec());
        Ok(())
    }

    /// Writes bytes at an offset; ranges may come in any order and overlap.
    pub(crate) fn write_range(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let end = offset.saturating_add(bytes.len() as u64);
        if end > self.limit {
            return Err(Error::TooLarge { limit: self.limit });
        }
        let (file, path) = {
            let mut state = self.state();
            if state.ranges.is_none() {
                let path = self.staging.fresh_path();
                let file = File::create_new(&path).map_err(Error::io(&path))?;
                state.ranges = Some(Ranges { path, file: Arc::new(file), covered: Vec::new() });
            }
            match &state.ranges {
                Some(ranges) => (Arc::clone(&ranges.file), ranges.path.clone()),
                None => {
                    return Err(Error::BlockList("the upload was committed already".to_owned()));
                }
            }
        };
        file.write_all_at(bytes, offset).map_err(Error::io(&path))?;
        if let Some(ranges) = &mut self.state().ranges {
            cover(&mut ranges.covered, offset, end);
            if ranges.covered.len() > MAX_RANGES {
                return Err(Error::BlockList(format!("more than {MAX_RANGES} separate ranges")));
            }
        }
        Ok(())
    }

    /// Ends an upload by ranges: every byte below `size` must have been sent, and none above.
    pub(crate) fn commit_ranges(&self, size: u64) -> Result<()> {
        let ranges = self.state().ranges.take();
        let mut joined = BlobWriter::create(&self.staging, self.limit)?;
        if let Some(ranges) = ranges {
            match ranges.covered.as_slice() {
                [(0, end)] if *end == size => {}
                [(0, end)] => {
                    return Err(Error::Size { expected: size, actual: *end });
                }
                _ => {
                    return Err(Error::BlockList("some byte ranges were not uploaded".to_owned()));
                }
            }
            let mut file = File::open(&ranges.path).map_err(Error::io(&ranges.path))?;
            joined.copy_from(&mut file, &ranges.path)?;
        } else if size != 0 {
            return Err(Error::Size { expected: size, actual: 0 });
        }
        self.set_whole(joined.finish());
        Ok(())
    }

    /// The committed content, for the store to keep; `None` when nothing was committed.
    pub(crate) fn take(&self) -> Option<Blob> {
        self.state().whole.take()
    }
}

fn cover(covered: &mut Vec<(u64, u64)>, start: u64, end: u64) {
    if start == end {
        return;
    }
    let first = covered.partition_point(|range| range.1 < start);
    let last = covered.partition_point(|range| range.0 <= end);
    let joined = covered[first..last].iter().fold((start, end), |all, range| (all.0.min(range.0), all.1.max(range.1)));
    covered.splice(first..last, [joined]);
}

#[cfg(test)]
mod tests {
    use super::cover;

    #[test]
    fn ranges_join_in_any_order() {
        type Range = (u64, u64);
        let table: &[(&[Range], &[Range])] = &[
            (&[(0, 5), (5, 9)], &[(0, 9)]),
            (&[(5, 9), (0, 5)], &[(0, 9)]),
            (&[(0, 2), (8, 9), (4, 6)], &[(0, 2), (4, 6), (8, 9)]),
            (&[(0, 2), (8, 9), (1, 8)], &[(0, 9)]),
            (&[(3, 3)], &[]),
            (&[(0, 9), (2, 4)], &[(0, 9)]),
        ];
        for (given, expected) in table {
            let mut covered = Vec::new();
            for (start, end) in *given {
                cover(&mut covered, *start, *end);
            }
            assert_eq!(&covered, expected, "{given:?}");
        }
    }
}
