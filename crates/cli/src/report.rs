//! What a run shows: live while it goes on, and again from its record.
//!
//! [`Reporter`] feeds a thread of its own, so that a slow terminal never holds a run up. Logs are read from the record,
//! live as later: [`output::Output`] brings them into one order with the events, whatever the form.

pub(crate) mod closing;
pub(crate) mod job_choice;
mod json;
mod labels;
mod log_lines;
mod markdown;
pub(crate) mod output;
pub(crate) mod palette;
mod quiet;
mod reporter;
pub(crate) mod screen;
mod status_area;
pub(crate) mod table;
mod tail;
pub(crate) mod terminal;
#[cfg(test)]
mod tests;
pub(crate) mod text;
pub(crate) mod view;

pub(crate) use reporter::{Format, ReportOptions, Reporter};
