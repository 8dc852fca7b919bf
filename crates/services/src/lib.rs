//! What a running job talks to: artifacts, caches and identity tokens, as GitHub's own clients speak them.
//!
//! Owns the two stores ([`ArtifactStore`] of a run, [`CacheStore`] of a machine), the tokens and signed
//! addresses a job is given, and the axum router that speaks artifacts v4, caches v2 and v1, the blob
//! subset they need, and the issuer of identity tokens.
//!
//! Must not print, must not know how jobs are executed, and must never hold a whole artifact or cache in
//! memory. Native actions use the stores directly; the HTTP side is a translation onto the same calls.

mod admission;
mod artifact;
pub mod backend;
mod cache;
mod clock;
mod config;
mod disk;
mod error;
mod http;
mod identity;
mod listener;
mod oidc;
mod remote;
mod scope;
mod services;
mod token;

pub use admission::{Admission, Admitted, JobClaim};
pub use api::JobIdentity;
pub use artifact::name::{NameError, validate_artifact_name, validate_file_path};
pub use artifact::{
    Artifact, ArtifactFile, ArtifactOwner, ArtifactStore, Compression, Content, Downloaded, PendingArtifact,
    UploadOptions, list_artifacts, open_regular,
};
pub use cache::explanation::{Considered, Explanation, Outcome, Verdict, describe as describe_cache};
pub use cache::{CacheEntry, CacheHit, CacheOwner, CacheQuery, CacheStore, CacheUsage, Reservation, Restored};
pub use cache::{check_cache_key, check_cache_query, search_caches};
pub use clock::Clock;
pub use config::{DEFAULT_QUOTA_BYTES, RepositoryClaims, ServicesConfig, UNUSED_DAYS};
pub use error::{Error, Result};
pub use identity::JobEnvironment;
pub use listener::{CacheListener, CacheNews};
pub use scope::CacheScopes;
pub use services::Services;
