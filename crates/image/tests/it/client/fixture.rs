//! Images and clients for these tests.

use std::sync::Mutex;
use std::time::Duration;

use image::auth::{Environment, Keychain};
use image::client::{Client, ClientConfig, Event, Progress};
use image::{Descriptor, Digest, Index, Manifest, Platform, Reference, Store, media_type};
use tempfile::TempDir;

use super::fake::Registry;

/// A store in a directory of its own.
pub(super) struct Place {
    pub(super) dir: TempDir,
    pub(super) store: Store,
}

impl Place {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().join("store")).unwrap();
        Self { dir, store }
    }

    /// Blobs, unfinished uploads and names: what a failed pull must not leave.
    pub(super) fn rest(&self) -> Vec<String> {
        let mut rest: Vec<String> =
            self.store.blobs().iter().unwrap().map(|digest| digest.unwrap().to_string()).collect();
        for name in [".uploads", ".tmp"] {
            let entries = std::fs::read_dir(self.store.blobs().dir().join(name)).unwrap();
            rest.extend(entries.map(|entry| format!("{name}/{}", entry.unwrap().file_name().display())));
        }
        rest.extend(self.store.list().unwrap().iter().map(|entry| format!("{:?}", entry.reference)));
        rest
    }
}

/// A client that loses patience quickly.
pub(super) fn config() -> ClientConfig {
    ClientConfig {
        patience: Duration::from_millis(1),
        stall: Duration::from_secs(10),
        retries: 3,
        ..ClientConfig::default()
    }
}

pub(super) fn client() -> Client {
    Client::new(config()).unwrap()
}

/// A client with what a `config.json` says.
pub(super) fn client_with(place: &Place, config_json: &str) -> Client {
    let directory = place.dir.path().join("docker");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("config.json"), config_json).unwrap();
    let path = std::env::var("PATH").unwrap();
    let variables = [("PATH", format!("{}:{path}", directory.display())), ("HOME", "/nonexistent".to_owned())];
    let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value));
    let environment: Environment = variables.collect();
    Client::new(ClientConfig { keychain: Keychain::in_directory(&directory, environment), ..config() }).unwrap()
}

pub(super) fn reference(host: &str, rest: &str) -> Reference {
    Reference::parse(&format!("{host}/{rest}")).unwrap()
}

pub(super) fn linux() -> Platform {
    Platform::new("linux", "amd64", None)
}

/// Bytes that do not repeat.
pub(super) fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

fn config_of(layers: &[Vec<u8>], architecture: &str) -> Vec<u8> {
    let diff_ids: Vec<String> = layers.iter().map(|layer| Digest::of(layer).to_string()).collect();
    let config = serde_json::json!({
        "architecture": architecture, "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": diff_ids},
    });
    config.to_string().into_bytes()
}

/// The manifest of an image with these (uncompressed) layers, and its configuration.
pub(super) fn manifest(layers: &[Vec<u8>], architecture: &str) -> (Manifest, Vec<u8>) {
    let config = config_of(layers, architecture);
    let layers = layers.iter().map(|layer| Descriptor::of(media_type::OCI_LAYER, layer)).collect();
    (Manifest::oci(Descriptor::of(media_type::OCI_CONFIG, &config), layers), config)
}

/// Puts an image into a registry.
pub(super) fn serve(registry: &Registry, repository: &str, tag: &str, layers: &[Vec<u8>]) -> Digest {
    let (manifest, config) = manifest(layers, "amd64");
    registry.put_blob(repository, &config);
    for layer in layers {
        registry.put_blob(repository, layer);
    }
    registry.put_manifest(repository, tag, media_type::OCI_MANIFEST, &manifest.to_bytes())
}

/// Puts an image into a store.
pub(super) fn keep(store: &Store, layers: &[Vec<u8>], architecture: &str) -> Descriptor {
    let (manifest, config) = manifest(layers, architecture);
    for bytes in layers.iter().chain([&config]) {
        store.blobs().put(bytes).unwrap();
    }
    let mut descriptor = store.put(media_type::OCI_MANIFEST, &manifest.to_bytes()).unwrap();
    descriptor.platform = Some(Platform::new("linux", architecture, None));
    descriptor
}

/// Puts an index into a store.
pub(super) fn keep_index(store: &Store, entries: Vec<Descriptor>) -> Descriptor {
    store.put(media_type::OCI_INDEX, &Index::oci(entries).to_bytes()).unwrap()
}

/// Remembers what it hears.
#[derive(Default)]
pub(super) struct Heard(Mutex<Vec<String>>);

impl Heard {
    pub(super) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Progress for Heard {
    fn event(&self, event: Event<'_>) {
        self.0.lock().unwrap().push(match event {
            Event::Finished { outcome, .. } => format!("{outcome:?}"),
            Event::Retrying { reason, .. } => format!("again: {reason}"),
            Event::Note { text } => format!("note: {text}"),
            Event::Started { .. } => "started".to_owned(),
            Event::Advanced { bytes, .. } => format!("at {bytes}"),
        });
    }
}
