//! The docker command, called over its socket, on real sandboxes.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod containers;
mod images;
mod networks;
mod real;
mod registries;
mod world;
