//! The control plane: events to verdicts, verdicts to runs, runs to jobs, jobs to runners.
//!
//! Owns: which workflows an event starts; runs, driven by `engine` from the database; concurrency groups across the server;
//! environments and their gates; schedules; the queue with its leases and fences; the server's side of the runner protocol.
//! Must not: run anything, know what a job's steps do, or keep anything that a restart would lose.
//!
//! Every change is one transaction: what was asked, what the engine made of it, and the rows that follow. An answer is given
//! after the commit. Any server can take the next step of any run.

mod abandon;
mod approval;
mod cancel;
mod check;
mod checks;
mod claim;
mod clock;
mod control;
mod deployment;
mod dispatch;
mod drive;
mod error;
mod event;
mod gate;
mod http;
mod lease;
mod priority;
mod program;
mod report;
mod rerun;
mod schedule;
mod settings;
mod shape;
mod told;
mod work;

pub use approval::Decision;
pub use control::Control;
pub use dispatch::{Dispatch, RepositoryDispatch};
pub use error::Error;
pub use gate::secret_aad as gate_secret_aad;
pub use http::router;
pub use priority::{NewPriorityRule, PriorityRule};
pub use rerun::{Again, Which};
pub use settings::Settings;
pub use shape::{job_json, run_json, steps_json};

pub type Result<T, E = Error> = std::result::Result<T, E>;
