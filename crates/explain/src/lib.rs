//! Why: the facts about what runs, what ran and what failed, put into explanations.
//!
//! Owns: explanations as values (of an event's effect on workflows, of recorded runs, caches, secrets, failures and time),
//! the library of recognised failures, and how they are shown as text.
//! Must not: read files, ask git or a clock. Whoever explains hands facts in and gets serialisable values out; the terminal,
//! `--json` and pages read the same ones.

pub mod cache;
pub mod cron;
pub mod doctor;
pub mod event;
pub mod failed;
pub mod failure;
mod part;
mod place;
mod reads;
pub mod run;
mod schedule;
pub mod secret;
pub mod slow;
pub mod text;
pub mod timeline;

pub use place::Place;
pub use reads::{Read, reads_of_job, reads_of_step, reads_of_workflow};
