//! Integration tests of the crate, in one binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod archives;
mod client;
mod hostile;
mod layers;
mod sample;
mod store;
mod tools;
