//! The services from outside: their Rust interface, their wire formats, and GitHub's own clients.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod artifacts;
mod blobs;
mod caches;
mod clients;
mod crash;
mod fixture;
mod http;
mod twirp;
