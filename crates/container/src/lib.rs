//! Containers: an image, options as docker takes them, and a sandbox with the image as its root.
//!
//! Owns: docker's options and what they mean, the merge with an image's configuration, the life of containers, their volumes,
//! health checks and logs, and the [`Table`] of all of a job. It must not know workflows, builds or registries, and never
//! prints. Everything is asynchronous and must be called within a tokio runtime.

mod container;
mod error;
pub mod flags;
mod health;
mod identity;
mod inside;
mod log;
mod network;
pub mod options;
mod plan;
pub mod signals;
mod status;
mod streams;
mod table;
mod tree;
mod user;
mod volume;

pub use container::{Base, Container, Create, Exec, Execution, Main};
pub use error::{Error, Result};
pub use identity::id as fresh_id;
pub use inside::Root;
pub use log::{LogReader, Piece, Stream};
pub use network::{DEFAULT_NETWORK, Network, NetworkRequest};
pub use options::{Asked, JobKey, OptionError, Options, Surroundings};
pub use plan::{DEFAULT_PATH, HealthPlan, Plan};
pub use status::{Health, Phase, Probe, Status, Verdict};
pub use streams::{Attached, Streams, Terminal};
pub use table::{Hide, HideStream, Paths, Table, TableConfig};
pub use tree::Owner;
pub use user::Account;
pub use volume::{MountKind, MountPoint, Volume};
