//! Builds, from the Dockerfile to what comes out of them.

mod caches;
mod configuration;
mod copies;
mod failures;
mod feature;
mod features;
mod foreign;
mod hidden;
mod machine;
mod outputs;
mod parallel;
mod reproducible;
mod runs;
mod world;
