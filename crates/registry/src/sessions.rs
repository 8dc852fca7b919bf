//! Uploads between their requests.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Body;
use blob::{Algorithm, Digest, Upload};
use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::name::Repository;
use crate::problem::Problem;
use crate::storage::Storage;
use crate::{Error, Registry};

/// Uploads that nobody writes to at the moment, kept open with their hash so far. They are on the disk in any case; what is
/// not kept is opened again, and hashed from its start in the end.
#[derive(Debug)]
pub(crate) struct Sessions {
    storage: Arc<Storage>,
    idle: Mutex<HashMap<String, (Upload, Instant)>>,
}

/// How many are kept open, and for how long.
const KEPT: usize = 256;
const KEPT_FOR: Duration = Duration::from_secs(600);

/// How long a request waits for the one before it on the same upload: a client that lost its connection comes back sooner
/// than the server learns of the loss.
const PATIENCE: Duration = Duration::from_secs(10);

/// An upload in the hands of one request.
#[derive(Debug)]
pub(crate) struct Session {
    id: String,
    upload: Upload,
}

impl Sessions {
    pub(crate) fn new(storage: Arc<Storage>) -> Self {
        Self { storage, idle: Mutex::default() }
    }

    pub(crate) async fn create(&self, name: &Repository, algorithm: Option<Algorithm>) -> Result<Session, Problem> {
        let id = Uuid::new_v4().to_string();
        let file = file_name(name, &id);
        let upload = self
            .blocking(move |storage| {
                let mut upload = storage.blobs().upload(&file)?;
                upload.expect_algorithm(algorithm.unwrap_or(Algorithm::Sha256));
                Ok(upload)
            })
            .await?;
        Ok(Session { id, upload })
    }

    /// The upload of this repository with this id.
    pub(crate) async fn take(&self, name: &Repository, id: &str) -> Result<Session, Problem> {
        let file = file_name(name, id);
        let start = Instant::now();
        loop {
            if let Some((upload, _)) = self.lock().remove(&file) {
                return Ok(Session { id: id.to_owned(), upload });
            }
            let wanted = file.clone();
            match self.blocking(move |storage| Ok(storage.blobs().existing_upload(&wanted)?)).await {
                Ok(upload) => return Ok(Session { id: id.to_owned(), upload }),
                Err(Error::Blob(blob::Error::UploadInUse(_))) if start.elapsed() < PATIENCE => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Keeps an upload for its next request.
    pub(crate) fn keep(&self, session: Session) {
        self.keep_file(session.upload);
    }

    fn keep_file(&self, upload: Upload) {
        let mut idle = self.lock();
        idle.retain(|_, (_, since)| since.elapsed() < KEPT_FOR);
        if idle.len() >= KEPT
            && let Some(oldest) = idle.iter().min_by_key(|(_, (_, since))| *since).map(|(file, _)| file.clone())
        {
            idle.remove(&oldest);
        }
        idle.insert(upload.id().to_owned(), (upload, Instant::now()));
    }

    /// Lets go of what nobody used for a while, so that a collection may take it.
    pub(crate) fn release(&self) {
        self.lock().retain(|_, (_, since)| since.elapsed() < KEPT_FOR);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Upload, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Storage) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let storage = Arc::clone(&self.storage);
        crate::registry::blocking(move || act(&storage)).await
    }
}

/// The name of the upload in the blob store. It has the repository in it, so that an upload can be continued in its own only.
fn file_name(name: &Repository, id: &str) -> String {
    let repository = Digest::of(name.as_str().as_bytes()).hex();
    format!("{id}-{}", &repository[..16])
}

impl Session {
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Bytes so far.
    pub(crate) fn len(&self) -> u64 {
        self.upload.len()
    }

    pub(crate) async fn truncate(mut self, len: u64) -> Result<Self, Error> {
        crate::registry::blocking(move || {
            self.upload.truncate(len)?;
            Ok(self)
        })
        .await
    }

    pub(crate) async fn cancel(self) -> Result<(), Error> {
        crate::registry::blocking(move || Ok(self.upload.cancel()?)).await
    }

    /// Makes it a blob of the repository. With a wrong digest it is given up: its bytes are not what the client has.
    pub(crate) async fn commit(self, registry: &Registry, name: &Repository, digest: &Digest) -> Result<(), Error> {
        let (name, digest) = (name.clone(), *digest);
        registry
            .blocking(move |storage| {
                let file = self.upload.id().to_owned();
                match self.upload.commit(Some(&digest)) {
                    Ok(_) => storage.link_blob(&name, &digest),
                    Err(error) => {
                        if matches!(error, blob::Error::Mismatch { .. })
                            && let Ok(upload) = storage.blobs().existing_upload(&file)
                        {
                            upload.cancel()?;
                        }
                        Err(error.into())
                    }
                }
            })
            .await
    }
}

enum Piece {
    Bytes(Bytes),
    /// The body is complete.
    End,
}

/// Writes a request's body to an upload, on a thread of its own: hashing and writing go on while the next bytes arrive. When
/// the request breaks off, what came is kept.
pub(crate) async fn receive(registry: &Registry, session: Session, body: Body) -> Result<Session, Problem> {
    let limit = registry.config().max_blob.unwrap_or(u64::MAX);
    let mut left = limit.saturating_sub(session.len());
    let before = session.len();
    let (sender, mut pieces) = mpsc::channel::<Piece>(8);
    let keeper = registry.clone();
    let writer = tokio::task::spawn_blocking(move || {
        let Session { id, mut upload } = session;
        loop {
            match pieces.blocking_recv() {
                Some(Piece::Bytes(bytes)) => {
                    if let Err(error) = upload.append(&bytes) {
                        // Half a blob is in the way of whole ones.
                        if error.is_full() {
                            upload.cancel()?;
                        }
                        return Err(error);
                    }
                }
                Some(Piece::End) => return Ok(Some(Session { id, upload })),
                None => {
                    keeper.sessions().keep_file(upload);
                    return Ok::<_, blob::Error>(None);
                }
            }
        }
    });
    let mut stream = body.into_data_stream();
    let mut broken = None;
    while let Some(piece) = stream.next().await {
        let bytes = match piece {
            Ok(bytes) => bytes,
            Err(error) => {
                broken = Some(Problem::upload_invalid(format!("the body broke off: {error}")));
                break;
            }
        };
        registry.metrics().received(bytes.len() as u64);
        left = match left.checked_sub(bytes.len() as u64) {
            Some(left) => left,
            None => {
                broken = Some(Problem::too_large("SIZE_INVALID", limit));
                break;
            }
        };
        if sender.send(Piece::Bytes(bytes)).await.is_err() {
            // The writer failed, and says why below.
            break;
        }
    }
    if broken.is_none() {
        let _ = sender.send(Piece::End).await;
    }
    drop(sender);
    let written = writer.await.map_err(|_| Problem::internal("the thread that writes an upload failed"))?;
    match (written?, broken) {
        (Some(session), None) => Ok(session),
        (_, Some(problem)) => Err(problem),
        (None, None) => Err(Problem::upload_invalid(format!("the body broke off after {before} bytes"))),
    }
}
