//! Integration tests of the crate, in one binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod client;
