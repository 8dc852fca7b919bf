//! The library of recognised failures: from the log of a failed step to its cause and what to do.
//!
//! To add an entry: write it into the file of its topic in `failure/topics/` (a new topic is a file and a line in
//! [`library::TOPICS`]), and put a log that the real tool printed beside it as `tests/logs/<id>.log`. The first lines of the
//! log say how it came about: `#! made by: npm ci …`, `#! exit: 1`, or `#! reason: timeout`. One test holds every entry
//! against its own log, and against all others.

mod entry;
mod library;
mod recognise;
mod topics;

pub use entry::{Entry, Scope};
pub use library::Library;
pub(crate) use recognise::heading;
pub use recognise::{FailedStep, Recognised};
