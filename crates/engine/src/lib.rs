//! A workflow's run as a pure state machine: `(state, input) -> (state, effects)`.
//!
//! Owns: the graph of jobs, `if`, matrix legs, fail-fast and max-parallel, reusable workflows, concurrency, gates,
//! cancellation, results and outputs, and the reason of each decision.
//! Must not: know the time, run anything, read or write anything. The caller carries out each [`Effect`] and reports
//! back with an [`Input`]; a crash is a replay of the inputs.
//!
//! Order of events does not matter for safety: an input about something that already ended is ignored, and every job
//! gets exactly one [`Effect::Finished`].

mod advance;
mod call;
mod cancel;
mod concurrency;
mod contexts;
mod effect;
mod environment;
mod expand;
mod facts;
mod finish;
mod group;
mod launch;
mod run;
mod state;
mod strategy;
mod value;

pub use concurrency::{Groups, Verdict};
pub use effect::{Effect, EnvironmentRef, Holder, Input, JobOrder, PlannedJob, Why};
pub use facts::{Facts, KnownLeg, Mask, Selection};
pub use run::Run;
