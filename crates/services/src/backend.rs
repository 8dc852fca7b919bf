//! What the protocols stand on: the directories of one machine ([`crate::Services`]), or a server's database and objects.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::stream::BoxStream;
use jiff::Timestamp;

pub use crate::disk::blob::{Blob, BlobWriter};
pub use crate::disk::staging::Staging;
pub use crate::oidc::IssuerKey;
use crate::token::{Signer, backend_id};
use crate::{
    Artifact, ArtifactOwner, CacheEntry, CacheOwner, CacheQuery, CacheScopes, Clock, Content, Explanation, JobClaim,
    JobIdentity, RepositoryClaims, Result,
};

/// Which of its tokens a job shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenUse {
    /// For artifacts and caches.
    Runtime,
    /// To ask for identity tokens.
    IdToken,
}

/// A job that is running.
#[derive(Debug, Clone)]
pub struct Job {
    pub identity: JobIdentity,
    /// The id GitHub's clients know the run by.
    pub run_backend_id: String,
    /// The id GitHub's clients know the job by.
    pub backend_id: String,
    pub(crate) nonce: String,
    pub scopes: CacheScopes,
    /// On a server: which claim of which job it is.
    pub claim: Option<JobClaim>,
}

impl Job {
    pub fn new(identity: &JobIdentity) -> Job {
        Job {
            run_backend_id: backend_id(&[&identity.run_id]),
            backend_id: backend_id(&[&identity.run_id, &identity.job_id]),
            nonce: uuid::Uuid::new_v4().to_string(),
            scopes: CacheScopes::of(identity),
            identity: identity.clone(),
            claim: None,
        }
    }

    /// A job of a server.
    pub fn of_claim(identity: &JobIdentity, claim: JobClaim) -> Job {
        Job { claim: Some(claim), ..Job::new(identity) }
    }

    pub fn artifact_owner(&self) -> ArtifactOwner {
        ArtifactOwner { run_id: self.identity.run_id.clone(), job_id: self.identity.job_id.clone() }
    }

    pub fn cache_owner(&self) -> CacheOwner {
        CacheOwner { run_id: self.identity.run_id.clone(), job_id: self.identity.job_id.clone() }
    }
}

/// What all answers have in common: addresses, their signatures, the time.
#[derive(Debug)]
pub struct Edge {
    /// Without a closing slash.
    pub(crate) url: String,
    pub(crate) issuer: String,
    /// `GITHUB_SERVER_URL` as jobs see it.
    pub(crate) server_url: String,
    pub(crate) signer: Signer,
    pub(crate) clock: Clock,
}

impl Edge {
    /// Addresses at the root of `url`, signed with a key that all servers share.
    pub fn new(key: &[u8], url: &str, server_url: &str, clock: Clock) -> Edge {
        let url = url.trim_end_matches('/').to_owned();
        let signer = Signer::of(key);
        Edge { issuer: url.clone(), url, server_url: server_url.to_owned(), signer, clock }
    }

    /// Seconds since 1970.
    pub fn now(&self) -> i64 {
        self.clock.now().as_second()
    }
}

/// Which upload of a cache is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheUpload<'a> {
    /// The one of this job with this key.
    Named { key: &'a str, version: &'a str },
    /// The one with this number, whose content came as byte ranges.
    Ranges { id: u64, size: u64 },
}

/// Content between its announcement and its end. All methods block.
pub trait Receiver: Send + Sync {
    /// Backend id of the job that it belongs to.
    fn job(&self) -> &str;

    /// Bytes it may have.
    fn limit(&self) -> u64;

    /// A place for one body, to be handed to one of the others.
    fn writer(&self) -> Result<BlobWriter>;

    /// Stages a block; one sent again under the same id takes the place of the earlier.
    fn add_block(&self, id: &str, block: Blob) -> Result<()>;

    /// The content as one body.
    fn set_whole(&self, whole: Blob) -> Result<()>;

    /// Bytes from an offset on; ranges may come in any order.
    fn add_range(&self, start: u64, range: Blob) -> Result<()>;

    /// Joins the listed blocks in the list's order. Others are dropped. The same list sent again is no error.
    fn commit_blocks(&self, ids: &[String]) -> Result<()>;
}

/// Stored content.
pub struct Stored {
    pub size: u64,
    pub content: Box<dyn Readable>,
}

/// Reads a part of stored content.
pub trait Readable: Send {
    fn stream(self: Box<Self>, range: Range<u64>) -> BoxStream<'static, io::Result<bytes::Bytes>>;
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored").field("size", &self.size).finish_non_exhaustive()
    }
}

/// The back end of the protocols. All methods block; they are called on threads that may, within a tokio runtime.
pub trait Backend: fmt::Debug + Send + Sync + 'static {
    fn edge(&self) -> &Edge;

    /// The running job a token was made for.
    fn job(&self, token: &str, use_: TokenUse) -> Result<Option<Arc<Job>>>;

    /// Opens an upload; its number. A job that asks again starts over.
    fn create_artifact(&self, job: &Job, name: &str, content: Content, expires_at: Option<Timestamp>) -> Result<u64>;

    /// Makes uploaded content visible. Asked again after that, it answers the same.
    fn finalize_artifact(&self, job: &Job, name: &str, size: Option<u64>, hash: &str) -> Result<Artifact>;

    /// All artifacts of the job's run.
    fn artifacts(&self, job: &Job) -> Result<Vec<Artifact>>;

    fn delete_artifact(&self, job: &Job, name: &str) -> Result<Artifact>;

    /// Claims a key and opens an upload; its number.
    fn create_cache(&self, job: &Job, key: &str, version: &str) -> Result<u64>;

    fn finalize_cache(&self, job: &Job, upload: CacheUpload<'_>, size: Option<u64>) -> Result<CacheEntry>;

    fn find_cache(&self, job: &Job, query: &CacheQuery) -> Result<(Option<CacheEntry>, Explanation)>;

    /// Entries the job may see whose keys begin so.
    fn caches(&self, job: &Job, prefix: &str, most: usize) -> Result<Vec<CacheEntry>>;

    /// Bytes one cache may have.
    fn cache_limit(&self) -> u64;

    /// An upload that is under way.
    fn upload(&self, id: u64) -> Result<Option<Box<dyn Receiver>>>;

    fn artifact_content(&self, id: u64) -> Result<(Artifact, Stored)>;

    /// Opens a cache's content and notes that it was used.
    fn cache_content(&self, id: u64) -> Result<Stored>;

    /// The key of identity tokens; made when first asked for.
    fn issuer_key(&self) -> Result<Arc<IssuerKey>>;

    /// What identity tokens say of the job's repository beside its name.
    fn repository(&self, job: &Job) -> RepositoryClaims;
}

/// All endpoints over a back end, for the root of a host and port.
pub fn router(backend: Arc<dyn Backend>) -> axum::Router {
    crate::http::router(backend)
}

/// Bytes of one piece of a file.
const PIECE: usize = 256 * 1024;

/// A file as content.
pub(crate) fn stored_file(file: std::fs::File) -> Result<Stored> {
    let size = file.metadata().map_err(crate::Error::io("download"))?.len();
    Ok(Stored { size, content: Box::new(FileContent(file)) })
}

struct FileContent(std::fs::File);

impl Readable for FileContent {
    fn stream(self: Box<Self>, range: Range<u64>) -> BoxStream<'static, io::Result<bytes::Bytes>> {
        use futures_util::StreamExt as _;
        use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
        let opened = async move {
            let mut file = tokio::fs::File::from_std(self.0);
            file.seek(io::SeekFrom::Start(range.start)).await?;
            let part = file.take(range.end - range.start);
            Ok::<_, io::Error>(tokio_util::io::ReaderStream::with_capacity(part, PIECE))
        };
        futures_util::stream::once(opened)
            .flat_map(|opened| match opened {
                Ok(stream) => stream.boxed(),
                Err(error) => futures_util::stream::once(async move { Err(error) }).boxed(),
            })
            .boxed()
    }
}

/// Where the staging directory of a back end lies.
pub fn staging(dir: impl Into<PathBuf>) -> Result<Arc<Staging>> {
    Ok(Arc::new(Staging::open(&dir.into())?))
}
