//! Builds, from the Dockerfile to what comes out of them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod another_user;
mod caches;
mod configuration;
mod copies;
mod emulated;
mod failures;
mod feature;
mod features;
mod foreign;
mod hidden;
mod keys;
mod machine;
mod outputs;
mod parallel;
mod registries;
mod remote_sources;
mod reproducible;
mod runs;
mod world;
