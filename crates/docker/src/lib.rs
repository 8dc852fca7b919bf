//! The `docker` command of a job.
//!
//! Owns: docker's command line as far as jobs use it, the small client that stands on their `PATH`, the server that carries
//! commands out, docker's tables and templates. Containers are crate `container`, images `image`, builds `builder`.

mod client;
mod listing;
mod template;
mod wire;

pub use client::{SOCKET_VARIABLE, maybe_run_client};
