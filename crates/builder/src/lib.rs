//! Builds images from Dockerfiles: stages in parallel, cached by content, the same digest everywhere.
//!
//! Owns: contexts, the graph of steps that a Dockerfile means, keys and index of the cache, carrying steps out, what comes of
//! a build (images, archives, directories), attestations about it. The language is crate `dockerfile`; layers, the store and
//! registries are crate `image`; where a `RUN` lives is crate `sandbox`. It never prints: what happens is told as [`Event`]s.
//!
//! ```text
//! Build ── inputs ──> dockerfile, contexts          read at the same time, files stat'ed, not read
//!       ── plan ────> graph of steps                only stages the target needs; every word resolved
//!       ── solve ───> layers                        by key from the index, else carried out; branches in parallel
//!       ── output ──> manifest, index, attestation  store, registry, archive, directory
//! ```

mod account;
mod blocking;
mod build;
mod built;
mod cache;
mod copy;
mod env;
mod error;
mod event;
mod failed_run;
pub mod flags;
mod graph;
mod images;
mod inputs;
mod keys;
mod layout;
mod meta;
mod output;
mod report;
mod request;
mod results;
mod run;
mod secrets;
mod session;
mod solve;
mod stat_cache;
mod time;
mod transfer;
mod translate;
mod view;

use std::path::PathBuf;

pub use built::Built;
pub use error::Error;
pub use event::{Event, Events, StepId};
pub use failed_run::{FailedRun, OnFailure};
pub use request::{
    Annotation, AnnotationLevel, Build, CacheLocation, CacheMode, Context, DEFAULT_EPOCH, DockerfileSource,
    Entitlements, NetworkMode, NoCache, Output, OutputKind, Provenance, Secret, SshAgent,
};

/// What a build stands on. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ground {
    /// Images, layers and the index of results.
    pub store: image::Store,
    /// Where `RUN`s live.
    pub launcher: std::sync::Arc<sandbox::Launcher>,
    /// For base images, caches and pushes.
    pub client: image::client::Client,
    /// The builder's own directory: index of the cache, contents of cache mounts, temporary files.
    pub dir: PathBuf,
}
