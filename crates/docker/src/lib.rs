//! The `docker` command of a job.
//!
//! Owns: docker's command line as far as jobs use it, the small client that stands on their `PATH`, the server that carries
//! commands out, docker's tables and templates. Containers are crate `container`, images `image`, builds `builder`. Nothing
//! of it listens beyond the socket that [`Server::start`] is given.

mod client;
mod commands;
mod failure;
mod ground;
mod listing;
mod server;
mod session;
mod template;
mod wire;

pub use client::{Call, SOCKET_VARIABLE, maybe_run_client};
pub use ground::{Ground, OwnRegistry};
pub use server::Server;
