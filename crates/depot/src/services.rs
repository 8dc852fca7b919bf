//! The back end of artifacts, caches and identity tokens over the database and objects.

mod artifacts;
mod caches;
mod content;
mod uploads;

use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use services::backend::{Backend, CacheUpload, Edge, IssuerKey, Job, Receiver, Staging, Stored, TokenUse};
use services::{
    Admission, Artifact, CacheEntry, CacheQuery, Clock, Content, Error, Explanation, JobClaim, RepositoryClaims, Result,
};
use store::Micros;
use tokio::runtime::Handle;

use crate::Depot;

/// What a server decides about artifacts and caches.
#[derive(Clone, Debug)]
pub struct ServiceSettings {
    /// `github.server_url` of jobs: the default audience of identity tokens begins with it.
    pub server_url: String,
    /// Bytes of the caches of one repository.
    pub cache_quota: u64,
    /// Bytes that one artifact or cache may have.
    pub largest: u64,
    /// How long artifacts are kept that say nothing else, and the longest that they may say.
    pub retention: Micros,
}

/// Gives the key of identity tokens, which all servers share, as PEM. Called on a thread that may block.
pub type IssuerPem = Box<dyn Fn() -> Result<String> + Send + Sync>;

/// Told when a job asks for what it may not: who, what (`cache.write`), of which name, and why.
pub type Refused = Box<dyn Fn(&JobClaim, &str, &str, &str) + Send + Sync>;

/// The back end. Content on its way lies in a directory of this server before it becomes an object.
pub struct ServerServices {
    depot: Depot,
    admission: Arc<Admission>,
    edge: Edge,
    settings: ServiceSettings,
    staging: Arc<Staging>,
    /// The key of identity tokens, as PEM; blocks.
    issuer_pem: IssuerPem,
    issuer: Mutex<Option<Arc<IssuerKey>>>,
    refused: Refused,
}

impl std::fmt::Debug for ServerServices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerServices").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl ServerServices {
    /// `key` is that of `admission`.
    ///
    /// # Errors
    /// A staging directory that cannot be used.
    pub fn new(
        depot: Depot,
        admission: Arc<Admission>,
        key: &[u8],
        issuer_pem: IssuerPem,
        staging: &Path,
        settings: ServiceSettings,
    ) -> Result<Self> {
        let edge = Edge::new(key, admission.url().trim_end_matches('/'), &settings.server_url, Clock::system());
        let staging = services::backend::staging(staging)?;
        let refused: Refused = Box::new(|_, _, _, _| {});
        Ok(Self { depot, admission, edge, settings, staging, issuer_pem, issuer: Mutex::default(), refused })
    }

    /// Refusals are told to this.
    #[must_use]
    pub fn on_refused(self, refused: Refused) -> Self {
        Self { refused, ..self }
    }

    /// Called on threads that may block.
    fn wait<T>(&self, work: impl Future<Output = crate::Result<T>>) -> Result<T> {
        Handle::current().block_on(work).map_err(told)
    }
}

impl Backend for ServerServices {
    fn edge(&self) -> &Edge {
        &self.edge
    }

    fn job(&self, token: &str, use_: TokenUse) -> Result<Option<Arc<Job>>> {
        let now = self.edge.now();
        let admitted = match use_ {
            TokenUse::Runtime => self.admission.runtime(token, now),
            TokenUse::IdToken => self.admission.id_token(token, now),
        };
        let Some(admitted) = admitted else { return Ok(None) };
        let claim = admitted.claim;
        // A token ends with the claim that it was made for.
        let runs = self.wait(async {
            let job = store::jobs::by_id(&mut self.depot.store.read(), claim.job).await?;
            Ok(job.is_some_and(|job| job.status == "in_progress" && job.fence == claim.fence))
        })?;
        Ok(runs.then(|| Arc::new(Job::of_claim(&admitted.identity, claim))))
    }

    fn create_artifact(
        &self,
        job: &Job,
        name: &str,
        content: Content,
        expires_at: Option<jiff::Timestamp>,
    ) -> Result<u64> {
        artifacts::create(self, job, name, &content, expires_at)
    }

    fn finalize_artifact(&self, job: &Job, name: &str, size: Option<u64>, hash: &str) -> Result<Artifact> {
        artifacts::finalize(self, job, name, size, hash)
    }

    fn artifacts(&self, job: &Job) -> Result<Vec<Artifact>> {
        artifacts::list(self, job)
    }

    fn delete_artifact(&self, job: &Job, name: &str) -> Result<Artifact> {
        artifacts::delete(self, job, name)
    }

    fn create_cache(&self, job: &Job, key: &str, version: &str) -> Result<u64> {
        caches::create(self, job, key, version)
    }

    fn finalize_cache(&self, job: &Job, upload: CacheUpload<'_>, size: Option<u64>) -> Result<CacheEntry> {
        caches::finalize(self, job, upload, size)
    }

    fn find_cache(&self, job: &Job, query: &CacheQuery) -> Result<(Option<CacheEntry>, Explanation)> {
        caches::find(self, job, query)
    }

    fn caches(&self, job: &Job, prefix: &str, most: usize) -> Result<Vec<CacheEntry>> {
        caches::list(self, job, prefix, most)
    }

    fn cache_limit(&self) -> u64 {
        self.settings.largest.min(self.settings.cache_quota)
    }

    fn upload(&self, id: u64) -> Result<Option<Box<dyn Receiver>>> {
        uploads::open(self, id)
    }

    fn artifact_content(&self, id: u64) -> Result<(Artifact, Stored)> {
        artifacts::content(self, id)
    }

    fn cache_content(&self, id: u64) -> Result<Stored> {
        caches::content(self, id)
    }

    fn issuer_key(&self) -> Result<Arc<IssuerKey>> {
        let mut known = self.issuer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = &*known {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(IssuerKey::from_pem(Path::new("the issuer's key"), &(self.issuer_pem)()?)?);
        *known = Some(Arc::clone(&key));
        Ok(key)
    }

    fn repository(&self, job: &Job) -> RepositoryClaims {
        let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
        RepositoryClaims {
            repository_id: or(&job.identity.repository_id, "0"),
            owner_id: or(&job.identity.owner_id, "0"),
            visibility: or(&job.identity.visibility, "private"),
        }
    }
}

/// An error of ours as clients of the services understand it.
fn told(error: crate::Error) -> Error {
    let text = error.to_string();
    if error.is_full() {
        Error::NoSpace(text)
    } else if error.is_passing() {
        Error::Away(text)
    } else {
        Error::Server(text)
    }
}

/// Which claim a job of a server is.
fn claim(job: &Job) -> Result<services::JobClaim> {
    job.claim.ok_or_else(|| Error::Server("the job is of no server".to_owned()))
}

fn number(id: i64) -> u64 {
    u64::try_from(id).unwrap_or_default()
}

fn time(micros: Micros) -> jiff::Timestamp {
    jiff::Timestamp::from_microsecond(micros).unwrap_or_default()
}
