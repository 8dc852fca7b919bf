//! The forge over real git, real HTTP and both databases.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod attacks;
mod auto_merge;
mod bounds;
mod connections;
mod crash;
mod git_client;
mod hooks;
mod promises;
mod pulls;
mod push;
mod races;
mod rules;
mod world;
