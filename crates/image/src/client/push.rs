use std::collections::{BTreeMap, BTreeSet, HashSet};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;

use super::authorizer::Scope;
use super::body::Payload;
use super::content::{self, CONTENT_DIGEST};
use super::download::blocking;
use super::endpoint::Endpoint;
use super::progress::{Event, Outcome, Progress};
use super::transport::Call;
use super::upload::Upload;
use super::{Client, ClientError};
use crate::manifest::{Descriptor, Document, Index};
use crate::{Digest, Error, Reference, Store};

/// More repositories are not tried for a mount.
const MOST_MOUNTS: usize = 3;

impl Client {
    /// Sends an image to the registry and gives it its name there: first all blobs, then manifests, the named one last. Of
    /// an index of which only one image is in the store that image alone is sent. Returns what the name means now.
    ///
    /// # Errors
    /// A registry that cannot be reached or refuses; an image that is not whole in the store. The name at the registry then
    /// means what it meant before.
    pub async fn push(
        &self,
        reference: &Reference,
        descriptor: &Descriptor,
        store: &Store,
        progress: &dyn Progress,
    ) -> Result<Descriptor, ClientError> {
        let endpoint = self.transport.config().routes.endpoint(reference.domain())?;
        let push = Push { client: self, endpoint: &endpoint, reference, store, progress };
        push.run(descriptor).await
    }

    /// Sends the bytes of one manifest whose blobs are there already.
    ///
    /// # Errors
    /// As [`Client::push`].
    pub async fn push_manifest(
        &self,
        reference: &Reference,
        descriptor: &Descriptor,
        bytes: bytes::Bytes,
    ) -> Result<(), ClientError> {
        let endpoint = self.transport.config().routes.endpoint(reference.domain())?;
        put_manifest(self, &endpoint, reference, descriptor, bytes, &super::Silent).await
    }
}

struct Push<'a> {
    client: &'a Client,
    endpoint: &'a Endpoint,
    reference: &'a Reference,
    store: &'a Store,
    progress: &'a dyn Progress,
}

/// Everything that has to be at the registry, in the order of sending.
#[derive(Default)]
struct Plan {
    blobs: Vec<Descriptor>,
    /// Leaves first.
    manifests: Vec<Descriptor>,
    /// Entries of indexes that are not here.
    missing: Vec<Descriptor>,
    seen: HashSet<Digest>,
}

impl Push<'_> {
    async fn run(&self, descriptor: &Descriptor) -> Result<Descriptor, ClientError> {
        let (mut root, mut plan) = (descriptor.clone(), self.plan(descriptor).await?);
        if !plan.missing.is_empty() && !self.all_there(&plan.missing).await? {
            // What docker does with an image that was pulled for one platform.
            let single = self.only_image(descriptor).await?;
            let Some(single) = single else {
                return Err(ClientError::Incomplete { digest: descriptor.digest, missing: plan.missing.len() });
            };
            let text = format!(
                "{} has images that are not here: only {} is pushed",
                descriptor.digest,
                single.platform.as_ref().map_or_else(|| single.digest.to_string(), ToString::to_string)
            );
            self.progress.event(Event::Note { text: &text });
            plan = self.plan(&single).await?;
            root = single;
        }
        if let Some(pinned) = self.reference.digest().filter(|pinned| **pinned != root.digest) {
            let object = format!("{} to push", self.reference.familiar());
            return Err(Error::invalid(object, format!("the image has digest {}, not {pinned}", root.digest)).into());
        }
        let mounts = self.mounts().await?;
        let parallel = self.client.transport.config().parallel.max(1);
        let uploads: Vec<_> =
            plan.blobs.iter().map(|blob| self.upload(blob, mounts.get(&blob.digest).cloned())).collect();
        stream::iter(uploads).buffer_unordered(parallel).try_for_each(|_| std::future::ready(Ok(()))).await?;
        for manifest in &plan.manifests {
            let bytes = self.read(manifest).await?;
            let reference = if manifest.digest == root.digest && self.reference.tag().is_some() {
                match self.reference.with_tag(self.reference.tag().unwrap_or_default()) {
                    Ok(reference) => reference,
                    Err(error) => return Err(Error::from(error).into()),
                }
            } else {
                self.reference.with_digest(&manifest.digest)
            };
            put_manifest(self.client, self.endpoint, &reference, manifest, bytes, self.progress).await?;
        }
        Ok(root)
    }

    async fn plan(&self, root: &Descriptor) -> Result<Plan, ClientError> {
        let (store, root) = (self.store.clone(), root.clone());
        blocking(move || {
            let mut plan = Plan::default();
            plan.add(&store, &root, 0)?;
            Ok::<_, Error>(plan)
        })
        .await
    }

    /// The only image of an index that is here whole.
    async fn only_image(&self, root: &Descriptor) -> Result<Option<Descriptor>, ClientError> {
        let (store, root) = (self.store.clone(), root.clone());
        let whole = blocking(move || match store.document(&root)? {
            Document::Manifest(_) => Ok::<_, Error>(Vec::new()),
            Document::Index(index) => Ok(whole_images(&store, &index)),
        });
        let mut whole = whole.await?;
        Ok(if whole.len() == 1 { whole.pop() } else { None })
    }

    /// Whether the registry has these manifests already.
    async fn all_there(&self, manifests: &[Descriptor]) -> Result<bool, ClientError> {
        for manifest in manifests {
            let reference = self.reference.with_digest(&manifest.digest);
            match content::head(&self.client.transport, self.endpoint, &reference).await {
                Ok(_) => {}
                Err(ClientError::Refused(refusal)) if refusal.status == 404 => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Which other repositories of the registry have a blob, as far as the names in the store tell.
    async fn mounts(&self) -> Result<BTreeMap<Digest, Vec<String>>, ClientError> {
        let (store, domain, path) =
            (self.store.clone(), self.reference.domain().to_owned(), self.reference.path().to_owned());
        let found = blocking(move || {
            let mut found: BTreeMap<Digest, BTreeSet<String>> = BTreeMap::new();
            for entry in store.list()? {
                let Some(other) = entry.reference.filter(|other| other.domain() == domain && other.path() != path)
                else {
                    continue;
                };
                let mut plan = Plan::default();
                // An image that is broken here says nothing.
                if plan.add(&store, &entry.descriptor, 0).is_ok() {
                    for blob in plan.blobs {
                        found.entry(blob.digest).or_default().insert(other.path().to_owned());
                    }
                }
            }
            Ok::<_, Error>(found)
        });
        let names = |paths: BTreeSet<String>| {
            paths.iter().take(MOST_MOUNTS).map(|path| self.endpoint.repository(path)).collect()
        };
        Ok(found.await?.into_iter().map(|(digest, paths)| (digest, names(paths))).collect())
    }

    async fn upload(&self, blob: &Descriptor, mounts: Option<Vec<String>>) -> Result<Outcome, ClientError> {
        let upload = Upload {
            transport: &self.client.transport,
            endpoint: self.endpoint,
            repository: &self.endpoint.repository(self.reference.path()),
            digest: blob.digest,
            size: blob.size,
            path: self.store.blobs().path(&blob.digest),
            mounts: mounts.unwrap_or_default(),
            progress: self.progress,
        };
        upload.run().await
    }

    async fn read(&self, manifest: &Descriptor) -> Result<bytes::Bytes, ClientError> {
        let (store, digest) = (self.store.clone(), manifest.digest);
        blocking(move || store.small_blob("manifest", &digest, crate::manifest::LARGEST)).await.map(Into::into)
    }
}

impl Plan {
    fn add(&mut self, store: &Store, descriptor: &Descriptor, depth: usize) -> Result<(), Error> {
        if !self.seen.insert(descriptor.digest) {
            return Ok(());
        }
        match store.document(descriptor)? {
            Document::Manifest(manifest) => {
                for blob in std::iter::once(&manifest.config).chain(&manifest.layers) {
                    if self.seen.insert(blob.digest) {
                        match store.blobs().size(&blob.digest)? {
                            Some(found) if found == blob.size => self.blobs.push(blob.clone()),
                            Some(found) => {
                                return Err(Error::Size { digest: blob.digest, expected: blob.size, found });
                            }
                            // Layers that registries must not have are named by their URLs.
                            None if !blob.urls.is_empty() => {}
                            None => return Err(Error::Absent { object: "blob", digest: blob.digest }),
                        }
                    }
                }
            }
            Document::Index(_) if depth > 4 => {
                return Err(Error::invalid(format!("index {}", descriptor.digest), "indexes are nested too deep"));
            }
            Document::Index(index) => {
                for entry in &index.manifests {
                    if store.blobs().contains(&entry.digest) {
                        self.add(store, entry, depth + 1)?;
                    } else {
                        self.missing.push(entry.clone());
                    }
                }
            }
        }
        self.manifests.push(descriptor.clone());
        Ok(())
    }
}

fn whole_images(store: &Store, index: &Index) -> Vec<Descriptor> {
    let is_whole = |entry: &&Descriptor| {
        let mut plan = Plan::default();
        store.blobs().contains(&entry.digest) && plan.add(store, entry, 1).is_ok() && plan.missing.is_empty()
    };
    index.images().filter(is_whole).cloned().collect()
}

async fn put_manifest(
    client: &Client,
    endpoint: &Endpoint,
    reference: &Reference,
    descriptor: &Descriptor,
    bytes: bytes::Bytes,
    progress: &dyn Progress,
) -> Result<(), ClientError> {
    let transport = &client.transport;
    let what = format!("push {}", content::shown(reference));
    let repository = endpoint.repository(reference.path());
    let scope = Scope::push(&repository);
    let url = transport.url(endpoint, &format!("{repository}/manifests/{}", reference.selector()), &what).await?;
    let mut call = Call::new(Method::PUT, url, endpoint, &scope, &what, progress);
    let document = Document::parse(&descriptor.digest, &descriptor.media_type, &bytes)?;
    call = call.header(CONTENT_TYPE, document.media_type());
    call.payload = Payload::Bytes(bytes);
    let response = transport.succeed(&call).await?;
    let said = response.headers().get(CONTENT_DIGEST).and_then(|value| value.to_str().ok()?.parse::<Digest>().ok());
    match said.filter(|said| said.algorithm() == descriptor.digest.algorithm() && *said != descriptor.digest) {
        Some(found) => Err(ClientError::WrongContent {
            registry: endpoint.shown(),
            object: format!("the manifest of {} that it stored", content::shown(reference)),
            expected: descriptor.digest,
            found,
        }),
        None => Ok(()),
    }
}
