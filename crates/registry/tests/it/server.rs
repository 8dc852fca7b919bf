use std::net::SocketAddr;
use std::path::Path;

use blob::Digest;
use registry::{Config, Registry};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::http::{Answer, request};

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A registry that listens. Stops when dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) registry: Registry,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<std::io::Result<()>>>,
    runtime: Runtime,
    dir: TempDir,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::new(dir.path().join("registry"));
        change(&mut config);
        let registry = Registry::open(config).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let serving = registry.clone();
        let task = runtime.spawn(async move {
            serving
                .serve(listener, None, async {
                    let _ = stopped.await;
                })
                .await
        });
        Self { address, registry, stop: Some(stop), task: Some(task), runtime, dir }
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Asks it to stop; gives what to wait for.
    pub(crate) fn ask_to_stop(&mut self) -> impl FnOnce(&Self) + use<> {
        self.stop.take().unwrap().send(()).unwrap();
        let task = self.task.take().unwrap();
        |server| server.runtime.block_on(task).unwrap().unwrap()
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        request(self.address, method, path, headers, body)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"")
    }

    /// Pushes a blob in one request.
    pub(crate) fn push_blob(&self, name: &str, content: &[u8]) -> Digest {
        let digest = Digest::of(content);
        let path = format!("/v2/{name}/blobs/uploads/?digest={digest}");
        self.send("POST", &path, &[("Content-Type", "application/octet-stream")], content).expect(201);
        digest
    }

    pub(crate) fn put_manifest(&self, name: &str, target: &str, media_type: &str, manifest: &Value) -> Answer {
        self.put_bytes(name, target, media_type, manifest.to_string().as_bytes())
    }

    pub(crate) fn put_bytes(&self, name: &str, target: &str, media_type: &str, manifest: &[u8]) -> Answer {
        self.send("PUT", &format!("/v2/{name}/manifests/{target}"), &[("Content-Type", media_type)], manifest)
    }

    /// Pushes an image of one layer; gives its digest and its size.
    pub(crate) fn push_image(&self, name: &str, tag: &str, layer: &str) -> (Digest, usize) {
        let manifest = self.image(name, layer).to_string();
        self.put_bytes(name, tag, MANIFEST, manifest.as_bytes()).expect(201);
        (Digest::of(manifest.as_bytes()), manifest.len())
    }

    /// The manifest of an image whose blobs are pushed.
    pub(crate) fn image(&self, name: &str, layer: &str) -> Value {
        self.push_blob(name, b"{}");
        self.push_blob(name, layer.as_bytes());
        manifest_of(layer)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

pub(crate) fn descriptor(media_type: &str, content: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": Digest::of(content), "size": content.len() })
}

/// An image of one layer.
pub(crate) fn manifest_of(layer: &str) -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor("application/vnd.oci.image.config.v1+json", b"{}"),
        "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", layer.as_bytes())],
    })
}
