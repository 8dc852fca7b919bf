//! Explanations from values.

mod cron;
mod failures;
mod records;
