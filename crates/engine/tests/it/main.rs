//! The state machine, driven by workflow texts and scripted results.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod calls;
mod cancelling;
mod concurrency;
mod conditions;
mod groups;
mod matrix;
mod properties;
mod rerun;
mod script;
mod settings;
