//! What becomes of content in the course of time.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod collect;
