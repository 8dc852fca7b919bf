//! A runner of a server.
//!
//! Owns: making itself known to a server, asking for jobs, handing each to crate `runner` with what its specification says,
//! bringing events and logs to the server while the job runs, and giving up a job that is no longer its own. It dials out
//! only, and speaks [`api::wire`]; the server's own local runners do the same over the loopback interface.
//!
//! Must not: know how a server stores or decides anything; print; keep a job's secrets on disk.
//!
//! What a killed runner leaves is on disk: which jobs it had, their events and logs. The next start sends what the server
//! lacks, and says that the jobs were lost.

mod agent;
mod client;
mod config;
mod credentials;
mod error;
mod job;
mod leases;
mod machine;
mod notice;
mod outbox;
mod place;
mod remains;

pub use agent::{Stop, run};
pub use config::AgentConfig;
pub use error::AgentError;
pub use machine::default_labels;
pub use notice::{Notice, Notices};
pub use place::{Platforms, Where, action_source};
