//! A registry in memory, as far as the client needs one, with a hook before every answer.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex};

use image::Digest;

use super::server::{Answer, Reply, Request, Server};

type Hook = dyn Fn(&Registry, &Request) -> Option<Reply> + Send + Sync;
type Patience = dyn Fn(&Request) -> Option<usize> + Send + Sync;

/// A repository, and a tag or digest in it.
type Name = (String, String);

#[derive(Default)]
pub(super) struct Registry {
    /// By repository and digest.
    pub(super) blobs: Mutex<HashMap<Name, Vec<u8>>>,
    /// By repository and tag or digest: media type and bytes.
    pub(super) manifests: Mutex<HashMap<Name, (String, Vec<u8>)>>,
    pub(super) uploads: Mutex<HashMap<String, Vec<u8>>>,
}

/// The registry and the server it runs in.
pub(super) struct Fake {
    pub(super) registry: Arc<Registry>,
    pub(super) server: Server,
}

impl Deref for Fake {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

struct Hooked {
    registry: Arc<Registry>,
    hook: Box<Hook>,
    patience: Box<Patience>,
}

impl Answer for Hooked {
    fn answer(&self, request: &Request) -> Reply {
        (self.hook)(&self.registry, request).unwrap_or_else(|| self.registry.answer(request))
    }

    fn patience(&self, head: &Request) -> Option<usize> {
        (self.patience)(head)
    }
}

impl Fake {
    pub(super) fn start() -> Self {
        Self::hooked(|_, _| None)
    }

    /// With something that may answer instead.
    pub(super) fn hooked(hook: impl Fn(&Registry, &Request) -> Option<Reply> + Send + Sync + 'static) -> Self {
        Self::impatient(hook, |_| None)
    }

    /// Also with something that may cut uploads.
    pub(super) fn impatient(
        hook: impl Fn(&Registry, &Request) -> Option<Reply> + Send + Sync + 'static,
        patience: impl Fn(&Request) -> Option<usize> + Send + Sync + 'static,
    ) -> Self {
        let registry = Arc::new(Registry::default());
        let hooked = Hooked { registry: Arc::clone(&registry), hook: Box::new(hook), patience: Box::new(patience) };
        Self { registry, server: Server::start(hooked) }
    }
}

impl Registry {
    pub(super) fn put_blob(&self, repository: &str, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        self.blobs.lock().unwrap().insert((repository.to_owned(), digest.to_string()), bytes.to_vec());
        digest
    }

    pub(super) fn put_manifest(&self, repository: &str, name: &str, media_type: &str, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        for name in [name.to_owned(), digest.to_string()] {
            let key = (repository.to_owned(), name);
            self.manifests.lock().unwrap().insert(key, (media_type.to_owned(), bytes.to_vec()));
        }
        digest
    }

    pub(super) fn answer(&self, request: &Request) -> Reply {
        let path = request.path();
        let Some(rest) = path.strip_prefix("/v2/") else { return Reply::new(404) };
        if rest.is_empty() {
            return Reply::new(200);
        }
        if let Some((repository, name)) = rest.split_once("/manifests/") {
            return self.manifest(request, repository, name);
        }
        if let Some((repository, id)) = rest.split_once("/blobs/uploads/") {
            return self.upload(request, repository, id);
        }
        match rest.split_once("/blobs/") {
            Some((repository, digest)) => self.blob(request, repository, digest),
            None => Reply::new(404),
        }
    }

    fn manifest(&self, request: &Request, repository: &str, name: &str) -> Reply {
        if request.method == "PUT" {
            let media_type = request.header("content-type").unwrap();
            let digest = self.put_manifest(repository, name, media_type, &request.body);
            return Reply::new(201).header("Docker-Content-Digest", digest);
        }
        match self.manifests.lock().unwrap().get(&(repository.to_owned(), name.to_owned())) {
            Some((media_type, bytes)) => Reply::new(200)
                .header("Content-Type", media_type)
                .header("Docker-Content-Digest", Digest::of(bytes))
                .body(bytes.clone()),
            None => Reply::error(404, "MANIFEST_UNKNOWN", "manifest unknown"),
        }
    }

    fn blob(&self, request: &Request, repository: &str, digest: &str) -> Reply {
        let blobs = self.blobs.lock().unwrap();
        let Some(bytes) = blobs.get(&(repository.to_owned(), digest.to_owned())) else {
            return Reply::error(404, "BLOB_UNKNOWN", "blob unknown to registry");
        };
        match request.header("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()) {
            Some(from) => Reply::new(206)
                .header("Content-Range", format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len()))
                .body(&bytes[from..]),
            None => Reply::new(200).body(bytes.clone()),
        }
    }

    fn upload(&self, request: &Request, repository: &str, id: &str) -> Reply {
        let mut uploads = self.uploads.lock().unwrap();
        let at = |id: &str| format!("/v2/{repository}/blobs/uploads/{id}?state=a%2Bb");
        let key = |digest: String| (repository.to_owned(), digest);
        match request.method.as_str() {
            "POST" => {
                if let (Some(digest), Some(from)) = (request.query("mount"), request.query("from")) {
                    let mut blobs = self.blobs.lock().unwrap();
                    if let Some(bytes) = blobs.get(&(from, digest.clone())).cloned() {
                        blobs.insert(key(digest), bytes);
                        return Reply::new(201);
                    }
                }
                let id = format!("u{}", uploads.len());
                uploads.insert(id.clone(), Vec::new());
                Reply::new(202).header("Location", at(&id)).header("Range", "0-0")
            }
            "GET" => match uploads.get(id) {
                Some(bytes) => Reply::new(204)
                    .header("Location", at(id))
                    .header("Range", format!("0-{}", bytes.len().saturating_sub(1))),
                None => Reply::error(404, "BLOB_UPLOAD_UNKNOWN", "upload unknown"),
            },
            _ => {
                let Some(bytes) = uploads.get_mut(id) else {
                    return Reply::error(404, "BLOB_UPLOAD_UNKNOWN", "upload unknown");
                };
                assert_eq!(request.query("state").as_deref(), Some("a+b"), "the place is used as it was given");
                if let Some(range) = request.header("content-range") {
                    let from: usize = range.split('-').next().unwrap().parse().unwrap();
                    if from != bytes.len() {
                        return Reply::error(416, "BLOB_UPLOAD_INVALID", "out of order");
                    }
                }
                bytes.extend_from_slice(&request.body);
                if request.is_torn || request.method == "PATCH" {
                    return Reply::new(202)
                        .header("Location", at(id))
                        .header("Range", format!("0-{}", bytes.len().saturating_sub(1)));
                }
                let digest = request.query("digest").unwrap();
                if Digest::of(bytes).to_string() != digest {
                    return Reply::error(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
                }
                let bytes = uploads.remove(id).unwrap();
                self.blobs.lock().unwrap().insert(key(digest), bytes);
                Reply::new(201)
            }
        }
    }
}
