//! Builds, from the Dockerfile to what comes out of them.

mod caches;
mod configuration;
mod copies;
mod failures;
mod feature;
mod features;
mod machine;
mod outputs;
mod reproducible;
mod runs;
mod world;
