//! The files a step writes to set variables, outputs, state, `PATH` and its summary.
//!
//! They are new for each step and read after it, also when it failed (actions/runner, FileCommandManager.cs).

mod decode;
mod files;
mod pairs;
mod path;
mod summary;

pub(crate) use files::blocked_variable;
pub use files::{CommandFiles, Kind, MAX_FILE_SIZE};
pub use pairs::{Pair, PairError, PairErrorKind, Pairs, parse_pairs};
pub use path::parse_paths;
pub use summary::{MAX_SUMMARY_SIZE, SummaryError, masked_summary};
