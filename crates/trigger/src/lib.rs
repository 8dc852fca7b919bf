//! Whether a workflow runs for an event, and why.
//!
//! Owns: GitHub's patterns for refs and paths, the gates from an event to a run in their order, the event payloads.
//! Must not: check files (`workflow` has told what is wrong with
//! patterns by then), read files, ask git, or know the time. Git facts and event files are handed in.
//!
//! A [`Verdict`] is a value: the terminal, the pages and `why` render the same one.

mod event;
mod gates;
mod glob;
mod payload;
mod settings;
mod trust;
mod verdict;

pub use event::{ActorKind, ChangedFile, ChangedFiles, Event, RefKind, WorkflowRun};
pub use gates::{verdict, verdict_for_broken_file};
pub use glob::{Decision, GlobError, Pattern, PatternList, Subject};
pub use payload::{CommitFacts, EventFacts, Person, PullRequestFacts, default_action, merge, synthesise};
pub use settings::Settings;
pub use trust::{TokenAccess, Trust, trust, without_secrets};
pub use verdict::{Gate, PatternStep, Runs, Verdict};
