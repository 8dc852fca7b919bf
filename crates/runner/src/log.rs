//! What a job prints: from the pipes of its steps to a record on disk.
//!
//! The record of a job is two files. The text is every line, masked, ended by `\n`, in the order it came; background
//! steps' lines lie between. The index beside it (`.idx`) says for each piece of the text which step and stream it
//! is from and when it came: see [`record`]. Live readers follow the same files, so a slow one never holds a step up.

mod candidate;
mod overlong;
mod pump;
pub mod record;
mod step;

pub use pump::{MAX_LINE, StreamPump};
pub use record::{JobLog, LogError, LogReader, RecordKind, RecordPiece};
pub use step::StepLog;

/// Where a line comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// The step's standard output.
    Out,
    /// The step's standard error.
    Err,
    /// The runner itself: `##[group]…`, `##[error]…` and the like. Only in these lines do such marks mean anything.
    Runner,
}
