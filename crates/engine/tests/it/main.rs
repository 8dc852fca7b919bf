//! The state machine, driven by workflow texts and scripted results.

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
