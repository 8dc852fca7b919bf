use std::fs;
use std::io::{ErrorKind, Read};
use std::path::Path;

use blob::Digest;

use super::contents::Contents;
use super::docker;
use super::layout::{self, Marker};
use crate::error::{Error, Result};
use crate::manifest::{self, Descriptor, Document, Index};
use crate::reference::Reference;
use crate::store::Store;

/// An image that is in the store now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    pub descriptor: Descriptor,
    /// Its names; an image without any is kept nameless.
    pub references: Vec<Reference>,
}

/// Loads the images of an archive of docker's, old or new, or of an OCI layout in a tar archive; compressed or not.
/// `archive` is its name for messages; `name` names an image that has no name in it.
///
/// # Errors
///
/// When it is no such archive, or something in it is damaged or missing: no image has a name then.
pub fn load(store: &Store, archive: &str, input: impl Read, name: Option<&Reference>) -> Result<Vec<Loaded>> {
    let _writing = store.writing()?;
    let contents = Contents::read(store, archive, input)?;
    let found = if contents.get("index.json").is_some() {
        if contents.get("oci-layout").is_some() {
            contents.json::<Marker>("oci-layout")?.check().map_err(|reason| contents.failed(reason))?;
        }
        let (digest, _) = contents.need("index.json")?;
        let bytes = store.small_blob("index", &digest, manifest::LARGEST)?;
        images(archive, &bytes)?
    } else if contents.get("manifest.json").is_some() {
        docker::images(store, &contents)?
    } else {
        let reason =
            "it holds neither index.json nor manifest.json: it is no archive of images (a plain tree is imported)";
        return Err(contents.failed(reason.to_owned()));
    };
    finish(store, archive, found, name)
}

/// Loads the images of an OCI layout in a directory.
pub fn load_dir(store: &Store, dir: &Path, name: Option<&Reference>) -> Result<Vec<Loaded>> {
    let archive = dir.display().to_string();
    let failed = |reason: String| Error::Archive { archive: archive.clone(), reason };
    let _writing = store.writing()?;
    let read = |name: &str| -> Result<Vec<u8>> {
        let path = dir.join(name);
        let file = fs::File::open(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => failed(format!("there is no file {name} in it: it is no OCI layout")),
            _ => Error::io("read", &path)(error),
        })?;
        let mut bytes = Vec::new();
        file.take(manifest::LARGEST + 1).read_to_end(&mut bytes).map_err(Error::io("read", &path))?;
        Ok(bytes)
    };
    let marker: Marker =
        serde_json::from_slice(&read("oci-layout")?).map_err(|error| failed(format!("oci-layout: {error}")))?;
    marker.check().map_err(&failed)?;
    let found = images(&archive, &read("index.json")?)?;
    for (descriptor, _) in &found {
        take(store, dir, descriptor)?;
    }
    finish(store, &archive, found, name)
}

fn images(archive: &str, index: &[u8]) -> Result<Vec<(Descriptor, Vec<Reference>)>> {
    // Some programs leave the media type of this one index out, or write a wrong one: its place says what it is.
    let index: Index = serde_json::from_slice(index)
        .map_err(|error| Error::Archive { archive: archive.to_owned(), reason: format!("index.json: {error}") })?;
    Ok(layout::images(&index).into_iter().map(|(image, name)| (image, Vec::from_iter(name))).collect())
}

/// Copies an image's blobs out of a layout, each checked against its digest on the way.
fn take(store: &Store, dir: &Path, image: &Descriptor) -> Result<()> {
    let copy = |digest: &Digest| -> Result<bool> {
        if store.blobs().contains(digest) {
            return Ok(true);
        }
        let path = dir.join("blobs").join(digest.algorithm().name()).join(digest.hex());
        let mut file = match fs::File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            other => other.map_err(Error::io("read", &path))?,
        };
        if !file.metadata().map_err(Error::io("read", &path))?.is_file() {
            return Ok(false);
        }
        let mut writer = store.blobs().writer_with(digest.algorithm())?;
        std::io::copy(&mut file, &mut writer).map_err(Error::io("copy", &path))?;
        writer.commit(Some(digest))?;
        Ok(true)
    };
    let mut pending = vec![(image.clone(), 0)];
    while let Some((descriptor, depth)) = pending.pop() {
        if !copy(&descriptor.digest)? {
            continue;
        }
        match store.document(&descriptor)? {
            Document::Index(index) if depth < 4 => {
                pending.extend(index.manifests.into_iter().map(|entry| (entry, depth + 1)));
            }
            Document::Index(_) => {}
            Document::Manifest(manifest) => {
                for blob in manifest.layers.iter().chain([&manifest.config]) {
                    copy(&blob.digest)?;
                }
            }
        }
    }
    Ok(())
}

/// Checks every image, and only then gives them their names.
fn finish(
    store: &Store,
    archive: &str,
    found: Vec<(Descriptor, Vec<Reference>)>,
    name: Option<&Reference>,
) -> Result<Vec<Loaded>> {
    let failed = |reason: &str| Error::Archive { archive: archive.to_owned(), reason: reason.to_owned() };
    if found.is_empty() {
        return Err(failed("there is no image in it"));
    }
    let mut loaded: Vec<Loaded> = Vec::new();
    for (mut descriptor, references) in found {
        layout::blobs(store, &descriptor)?;
        // An index.json may leave the media type out; the records do not.
        descriptor.media_type = store.document(&descriptor)?.media_type().to_owned();
        match loaded.iter_mut().find(|known| known.descriptor.digest == descriptor.digest) {
            Some(known) => known.references.extend(references),
            None => loaded.push(Loaded { descriptor, references }),
        }
    }
    if let Some(name) = name {
        let mut nameless = loaded.iter_mut().filter(|image| image.references.is_empty());
        match (nameless.next(), nameless.next()) {
            (Some(image), None) => image.references.push(name.clone()),
            (None, _) => {}
            _ => return Err(failed("several images in it have no name: one name is not enough")),
        }
    }
    for image in &loaded {
        for reference in &image.references {
            store.tag(reference, &image.descriptor)?;
        }
        if image.references.is_empty() {
            store.keep(&image.descriptor)?;
        }
    }
    Ok(loaded)
}
