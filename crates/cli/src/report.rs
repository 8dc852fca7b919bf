//! What a run shows: live while it goes on, and again from its record.
//!
//! [`Reporter`] feeds a thread of its own, so that a slow terminal never holds a run up. Logs are read from the record.

mod reporter;

pub(crate) use reporter::{Format, Pause, ReportOptions, Reporter};
