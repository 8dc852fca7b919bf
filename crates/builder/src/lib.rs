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

mod built;
mod error;
mod event;
pub mod flags;
mod meta;
mod request;
mod stat_cache;
mod view;

use std::path::PathBuf;

pub use built::Built;
pub use error::Error;
pub use event::{Event, Events, StepId};
pub use request::{
    Annotation, AnnotationLevel, Build, CacheLocation, CacheMode, Context, DEFAULT_EPOCH, DockerfileSource, Entitlements,
    NetworkMode, NoCache, Output, OutputKind, Provenance, Secret, SshAgent,
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

impl Build {
    /// Builds. Dropping the future ends every process of the build and removes what was half done.
    pub async fn run(&self, ground: &Ground, events: Events) -> Result<Built, Error> {
        let _ = (ground, events);
        Err(Error::Interrupted)
    }
}
