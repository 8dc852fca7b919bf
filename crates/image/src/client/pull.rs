use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio::sync::mpsc;

use super::content::{self, Fetched};
use super::download::{Download, blocking, partial_name};
use super::endpoint::Endpoint;
use super::progress::{Event, Outcome, Progress};
use super::{Client, ClientError};
use crate::manifest::{Descriptor, Document, Manifest};
use crate::{Error, Platform, Reference, Store};

/// Indexes may hold indexes, but not for ever.
const DEEPEST: usize = 4;

/// What is left of downloads that were given up is kept so long.
const PARTIAL_AGE: Duration = Duration::from_secs(7 * 24 * 3600);

impl Client {
    /// Brings an image for a platform into the store and gives it its name. What the name means at the registry (often an
    /// index) is returned; only the parts for the platform are here then.
    ///
    /// # Errors
    /// A registry that cannot be reached, refuses, or serves something else than it says; an index without the platform.
    /// The name then means what it meant before.
    pub async fn pull(
        &self,
        reference: &Reference,
        platform: &Platform,
        store: &Store,
        progress: &dyn Progress,
    ) -> Result<Descriptor, ClientError> {
        self.pull_from_any(reference, Some(platform), store, progress).await
    }

    /// As [`Client::pull`], for every platform there is, with attestations.
    ///
    /// # Errors
    /// As [`Client::pull`].
    pub async fn pull_all(
        &self,
        reference: &Reference,
        store: &Store,
        progress: &dyn Progress,
    ) -> Result<Descriptor, ClientError> {
        self.pull_from_any(reference, None, store, progress).await
    }

    async fn pull_from_any(
        &self,
        reference: &Reference,
        platform: Option<&Platform>,
        store: &Store,
        progress: &dyn Progress,
    ) -> Result<Descriptor, ClientError> {
        let blobs = store.blobs().clone();
        blocking(move || blobs.sweep_uploads(PARTIAL_AGE)).await?;
        let writing = {
            let store = store.clone();
            blocking(move || store.writing()).await?
        };
        let sources = self.transport.config().routes.sources(reference.domain())?;
        let mut failure = None;
        for endpoint in &sources {
            let pull = Pull { client: self, endpoint, reference, platform, store, progress };
            match pull.run().await {
                Ok(descriptor) => {
                    let (store, reference, given) = (store.clone(), reference.clone(), descriptor.clone());
                    blocking(move || store.tag(&reference, &given)).await?;
                    drop(writing);
                    return Ok(descriptor);
                }
                Err(error) if endpoint.is_mirror => {
                    progress.event(Event::Note { text: &format!("mirror not used: {error}") });
                }
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| ClientError::Address { address: reference.domain().to_owned() }))
    }
}

/// One try to get an image from one place.
struct Pull<'a> {
    client: &'a Client,
    endpoint: &'a Endpoint,
    reference: &'a Reference,
    platform: Option<&'a Platform>,
    store: &'a Store,
    progress: &'a dyn Progress,
}

impl Pull<'_> {
    async fn run(&self) -> Result<Descriptor, ClientError> {
        let root = content::get(&self.client.transport, self.endpoint, self.reference, self.progress).await?;
        let mut documents = vec![root.clone()];
        let mut manifests = Vec::new();
        let mut pending = vec![(root.clone(), 0)];
        while let Some((fetched, depth)) = pending.pop() {
            match fetched.document()? {
                Document::Manifest(manifest) => manifests.push(manifest),
                Document::Index(index) => {
                    if depth == DEEPEST {
                        let object = format!("index {}", fetched.descriptor.digest);
                        return Err(
                            Error::invalid(object, format!("indexes are nested more than {DEEPEST} deep")).into()
                        );
                    }
                    let wanted = match self.platform {
                        None => index.manifests.clone(),
                        Some(platform) => match index.choose(platform, |_| true) {
                            Some(entry) => vec![entry.clone()],
                            None => {
                                let (object, wanted) = (self.reference.familiar(), platform.clone());
                                return Err(Error::NoPlatform { object, wanted, offers: index.platforms() }.into());
                            }
                        },
                    };
                    for entry in wanted {
                        let child = self.child(&entry).await?;
                        documents.push(child.clone());
                        pending.push((child, depth + 1));
                    }
                }
            }
        }
        self.blobs(&manifests).await?;
        // From the leaves to the root: a manifest that is in the store has everything it names.
        let store = self.store.clone();
        blocking(move || {
            for document in documents.iter().rev() {
                store.blobs().put_with(document.descriptor.digest.algorithm(), &document.bytes)?;
            }
            Ok::<_, blob::Error>(())
        })
        .await?;
        Ok(root.descriptor)
    }

    /// An entry of an index: from the store when it is there.
    async fn child(&self, entry: &Descriptor) -> Result<Fetched, ClientError> {
        let (store, known) = (self.store.clone(), entry.clone());
        let here = blocking(move || {
            if !store.blobs().contains(&known.digest) {
                return Ok(None);
            }
            store.small_blob("manifest", &known.digest, crate::manifest::LARGEST).map(Some)
        });
        let fetched = match here.await {
            Ok(Some(bytes)) => Fetched { descriptor: entry.clone(), bytes: bytes.into() },
            _ => {
                let reference = self.reference.with_digest(&entry.digest);
                content::get(&self.client.transport, self.endpoint, &reference, self.progress).await?
            }
        };
        let found = fetched.bytes.len() as u64;
        if found != entry.size {
            return Err(Error::Size { digest: entry.digest, expected: entry.size, found }.into());
        }
        Ok(fetched)
    }

    async fn blobs(&self, manifests: &[Manifest]) -> Result<(), ClientError> {
        let mut sizes: HashMap<crate::Digest, u64> = HashMap::new();
        let mut seen = HashSet::new();
        let mut wanted = Vec::new();
        for descriptor in
            manifests.iter().flat_map(|manifest| std::iter::once(&manifest.config).chain(&manifest.layers))
        {
            let size = *sizes.entry(descriptor.digest).or_insert(descriptor.size);
            if size != descriptor.size {
                return Err(Error::Size { digest: descriptor.digest, expected: size, found: descriptor.size }.into());
            }
            if seen.insert(descriptor.digest) {
                wanted.push(descriptor.clone());
            }
        }
        let parallel = self.client.transport.config().parallel.max(1);
        let (busy, mut ended) = mpsc::channel(1);
        let digests: Vec<_> = wanted.iter().map(|descriptor| descriptor.digest).collect();
        let downloads: Vec<_> = wanted.into_iter().map(|descriptor| self.download(descriptor, busy.clone())).collect();
        drop(busy);
        let all = stream::iter(downloads).buffer_unordered(parallel).try_for_each(|_| std::future::ready(Ok(()))).await;
        // After a failure the others are given up; their threads clear away what is not worth keeping.
        let _ = ended.recv().await;
        if all.as_ref().is_err_and(ClientError::is_full) {
            let blobs = self.store.blobs().clone();
            blocking(move || forget(&blobs, &digests)).await?;
        }
        all
    }

    async fn download(&self, descriptor: Descriptor, busy: mpsc::Sender<Infallible>) -> Result<Outcome, ClientError> {
        let download = Download {
            transport: &self.client.transport,
            endpoint: self.endpoint,
            repository: &self.endpoint.repository(self.reference.path()),
            digest: descriptor.digest,
            size: descriptor.size,
            blobs: self.store.blobs(),
            progress: self.progress,
            busy,
        };
        let outcome = download.run().await?;
        if outcome == Outcome::Present {
            // It came from elsewhere, where its size may have been told otherwise.
            let found = self.store.blobs().size(&descriptor.digest)?.unwrap_or_default();
            if found != descriptor.size {
                return Err(Error::Size { digest: descriptor.digest, expected: descriptor.size, found }.into());
            }
        }
        Ok(outcome)
    }
}

/// Removes what was begun of blobs: a disk that is full has no room for it.
fn forget(blobs: &blob::Store, digests: &[crate::Digest]) -> Result<(), blob::Error> {
    for digest in digests {
        match blobs.existing_upload(&partial_name(digest)) {
            Ok(upload) => upload.cancel()?,
            Err(blob::Error::UploadInUse(_) | blob::Error::UnknownUpload(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
