//! Containers, on real sandboxes.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod health;
mod life;
mod mounts;
mod processes;
mod user;
mod world;
