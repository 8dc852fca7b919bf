//! Ids, events and results that the command line, the runner, records and later the server share.
//!
//! Owns: names and shapes that are written to disk or sent over a wire; they are versioned by [`EVENTS_VERSION`].
//! Must not: hold behaviour beyond small accessors; depend on anything but serde.

mod annotation;
mod cache;
mod conclusion;
mod event;
mod event_leg;
mod fact;
mod identity;
mod ids;
pub mod wire;

pub use annotation::{Annotation, AnnotationLevel};
pub use cache::{CacheConsidered, CacheDecision, CacheOutcome, CacheVerdict};
pub use conclusion::Conclusion;
pub use event::{
    Envelope, Event, Isolation, JobFinished, JobPlanned, JobStarted, Location, LogLine, Reason, RunFinished,
    RunStarted, Stage, StepFinished, StepStarted, WorkflowConsidered, WorkflowFinished, WorkflowStarted,
};
pub use fact::{ActionUsed, Evidence, FilesHashed, HashedFile, ImageUsed, Part, StepProcess, Tool};
pub use identity::JobIdentity;
pub use ids::{LegId, RunNumber, WorkflowIndex};

/// Raised when a stored event changes its meaning. Fields may be added without raising it.
pub const EVENTS_VERSION: u32 = 1;
