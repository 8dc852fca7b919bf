//! Caches elsewhere: in a registry, in a directory, inside an image. What they hold is a table of results by key, and the layers.

mod table;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use image::{Descriptor, Digest, Document, ImageConfiguration, Manifest, Reference, Store};

use crate::event::Event;
use crate::request::CacheLocation;
use crate::results::{Record, Results};
use crate::session::Session;
use crate::transfer::Told;
use crate::{Build, Error};

pub(crate) use table::{INLINE, Table};

/// Where blobs of imported results are.
#[derive(Default)]
pub(crate) struct Remote {
    places: Mutex<HashMap<Digest, Place>>,
}

#[derive(Clone)]
enum Place {
    Registry(Reference),
    /// A directory in OCI layout.
    Layout(PathBuf),
}

impl Remote {
    fn add(&self, layers: impl Iterator<Item = Digest>, place: &Place) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.extend(layers.map(|digest| (digest, place.clone())));
    }

    /// Brings a blob into the store.
    pub(crate) async fn fetch(&self, session: &Session, descriptor: &Descriptor) -> Result<(), Error> {
        let place = self.places.lock().unwrap_or_else(PoisonError::into_inner).get(&descriptor.digest).cloned();
        match place {
            None => Err(Error::Image {
                reference: descriptor.digest.to_string(),
                why: "a layer of an earlier result is gone; build again".to_owned(),
            }),
            Some(Place::Registry(reference)) => {
                let name = format!("[internal] fetch {} from {}", short(&descriptor.digest), reference.familiar());
                let step = session.plan(&name, "", None);
                let told = Told { events: session.events.clone(), step };
                let get = async {
                    let got = session.client.blob(&reference, descriptor, session.store.blobs(), &told).await;
                    got.map_err(|error| Error::Image { reference: reference.familiar(), why: error.to_string() })
                };
                session.telling(step, get).await
            }
            Some(Place::Layout(directory)) => {
                let (store, wanted) = (session.store.clone(), descriptor.digest);
                crate::blocking::run(move || take(&store, &directory, &wanted)).await
            }
        }
    }
}

fn short(digest: &Digest) -> String {
    digest.hex().chars().take(12).collect()
}

fn blob_path(directory: &std::path::Path, digest: &Digest) -> PathBuf {
    directory.join("blobs").join(digest.algorithm().name()).join(digest.hex())
}

/// Copies a blob of a layout into the store, checking it.
fn take(store: &Store, directory: &std::path::Path, digest: &Digest) -> Result<(), Error> {
    let path = blob_path(directory, digest);
    let failed = |error: std::io::Error| Error::Io { what: format!("reading {}", path.display()), source: error };
    let mut file = std::fs::File::open(&path).map_err(failed)?;
    let other = |error: blob::Error| failed(std::io::Error::other(error));
    let mut writer = store.blobs().writer_with(digest.algorithm()).map_err(other)?;
    std::io::copy(&mut file, &mut writer).map_err(failed)?;
    writer.commit(Some(digest)).map_err(other)?;
    Ok(())
}

/// Reads the tables of all caches that are asked for. One that cannot be read is told and does no harm.
pub(crate) async fn import(build: &Build, session: &Session, results: &Results, remote: &Remote) {
    for location in &build.cache_from {
        let (name, read) = match location {
            CacheLocation::Registry { reference, .. } => {
                (reference.familiar(), registry_table(session, reference).await)
            }
            CacheLocation::Local { path, .. } => {
                let (shown, path) = (path.display().to_string(), path.clone());
                (shown, crate::blocking::run(move || layout_table(&path)).await)
            }
            CacheLocation::Inline => continue,
        };
        match read {
            Ok((table, place)) => {
                remote.add(table.layers.iter().map(|layer| layer.descriptor.digest), &place);
                results.import(table.records());
            }
            Err(error) => {
                let message = format!("the cache {name} is not used: {error}");
                session.events.send(Event::Warning { message, line: None });
            }
        }
    }
}

async fn registry_table(session: &Session, reference: &Reference) -> Result<(Table, Place), Error> {
    let failed = |why: String| Error::Image { reference: reference.familiar(), why };
    let client = &session.client;
    let mut fetched = client.manifest(reference).await.map_err(|error| failed(error.to_string()))?;
    for _ in 0..3 {
        let manifest = match fetched.document().map_err(|error| failed(error.to_string()))? {
            Document::Manifest(manifest) => manifest,
            Document::Index(index) => {
                // An image for several platforms with a table inside: that of this machine.
                let host = image::Platform::host();
                let entry =
                    index.choose(&host, |_| true).ok_or_else(|| failed("it has nothing for this platform".into()))?;
                let inner = reference.with_digest(&entry.digest);
                fetched = client.manifest(&inner).await.map_err(|error| failed(error.to_string()))?;
                continue;
            }
        };
        let blobs = session.store.blobs();
        let got = client.blob(reference, &manifest.config, blobs, &image::client::Silent).await;
        got.map_err(|error| failed(error.to_string()))?;
        let bytes = blobs.read(&manifest.config.digest, table::LARGEST).map_err(|error| failed(error.to_string()))?;
        let table = read_table(&manifest, &bytes).map_err(failed)?;
        return Ok((table, Place::Registry(reference.clone())));
    }
    Err(failed("its indexes are nested too deep".to_owned()))
}

/// A table is the configuration of an artifact of its own, or a field in an image's.
fn read_table(manifest: &Manifest, config: &[u8]) -> Result<Table, String> {
    if manifest.config.media_type == table::MEDIA_TYPE {
        return Table::parse(config);
    }
    let config = ImageConfiguration::parse(&manifest.config.digest, config).map_err(|error| error.to_string())?;
    let inline = config.extra.get(INLINE).ok_or("it is an image without a cache inside")?;
    let table: Table = serde_json::from_value(inline.clone()).map_err(|error| error.to_string())?;
    table.checked()
}

fn layout_table(path: &std::path::Path) -> Result<(Table, Place), Error> {
    let shown = path.display().to_string();
    let failed = |why: String| Error::context(&*shown, why);
    let read = |path: PathBuf| std::fs::read(&path).map_err(|error| failed(format!("{}: {error}", path.display())));
    let index: image::Index =
        serde_json::from_slice(&read(path.join("index.json"))?).map_err(|error| failed(error.to_string()))?;
    for entry in &index.manifests {
        let bytes = read(blob_path(path, &entry.digest))?;
        let Ok(Document::Manifest(manifest)) = Document::parse(&entry.digest, &entry.media_type, &bytes) else {
            continue;
        };
        if manifest.config.media_type == table::MEDIA_TYPE {
            let table = Table::parse(&read(blob_path(path, &manifest.config.digest))?).map_err(failed)?;
            return Ok((table, Place::Layout(path.to_owned())));
        }
    }
    Err(failed("there is no cache in it".to_owned()))
}

/// Writes a table with its layers where the request wants it. All layers are in the store.
pub(crate) async fn export(
    location: &CacheLocation,
    records: Vec<(String, Record)>,
    session: &Session,
) -> Result<(), Error> {
    let table = Table::of(records);
    let store = session.store.clone();
    let descriptor = crate::blocking::run(move || {
        let failed =
            |error: image::Error| Error::Io { what: "writing the cache".into(), source: std::io::Error::other(error) };
        let config = store.put(table::MEDIA_TYPE, &table.to_bytes()).map_err(failed)?;
        let layers = table.layers.iter().map(|layer| layer.descriptor.clone()).collect();
        let mut manifest = Manifest::oci(config, layers);
        manifest.artifact_type = Some(table::ARTIFACT_TYPE.to_owned());
        store.put(image::media_type::OCI_MANIFEST, &manifest.to_bytes()).map_err(failed)
    })
    .await?;
    match location {
        CacheLocation::Inline => Ok(()),
        CacheLocation::Registry { reference, .. } => {
            let step = session.plan(&format!("[internal] push the cache to {}", reference.familiar()), "", None);
            let told = Told { events: session.events.clone(), step };
            let push = async {
                let pushed = session.client.push(reference, &descriptor, &session.store, &told).await;
                pushed.map_err(|error| Error::Image { reference: reference.familiar(), why: error.to_string() })
            };
            session.telling(step, push).await.map(drop)
        }
        CacheLocation::Local { path, .. } => {
            let (store, path) = (session.store.clone(), path.clone());
            crate::blocking::run(move || write_layout(&store, &descriptor, &path)).await
        }
    }
}

/// A cache in a directory holds one table: the newest.
fn write_layout(store: &Store, descriptor: &Descriptor, path: &std::path::Path) -> Result<(), Error> {
    let failed = |source: std::io::Error| Error::Output { path: path.to_owned(), source };
    std::fs::create_dir_all(path).map_err(failed)?;
    match std::fs::remove_file(path.join("index.json")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let saved = image::archive::Saved { descriptor: descriptor.clone(), references: Vec::new() };
    image::archive::save_dir(store, &[saved], path).map_err(|error| failed(std::io::Error::other(error)))
}
