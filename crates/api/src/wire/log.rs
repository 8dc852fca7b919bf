//! A job's log as one stream of bytes.
//!
//! It is the log record of the runner with its text in place: four bytes `TLI1`, the start of the job (LEB128,
//! microseconds since 1970), then entries of LEB128 numbers: `step * 8 + kind`, milliseconds since the entry before,
//! and for lines the length of the text followed by the text itself, masked, each line ended by `\n`. Kinds: 0 standard
//! output, 1 standard error, 2 the runner's own lines, 3 a step's start, 4 its end. The stream can be cut anywhere into
//! pieces; a reader passes over an incomplete entry at the end.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogStored {
    /// Bytes of the stream that are stored. An offset above it is refused with 416 and this number; bytes below it that
    /// are sent again are passed over.
    pub stored: u64,
}

/// The bytes that every stream begins with, before the start time.
#[must_use]
pub const fn log_header() -> [u8; 4] {
    *b"TLI1"
}
