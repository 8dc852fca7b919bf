use serde::{Deserialize, Serialize};

use super::names;
use crate::error::{Error, Result};
use crate::manifest::{Descriptor, Document, Index};
use crate::reference::Reference;
use crate::store::Store;

/// `oci-layout`, which makes a directory or an archive an OCI layout.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Marker {
    pub(super) image_layout_version: String,
}

impl Marker {
    pub(super) fn new() -> Self {
        Self { image_layout_version: "1.0.0".to_owned() }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if self.image_layout_version.starts_with("1.") {
            return Ok(());
        }
        Err(format!("it is an OCI layout of version {}, only 1 is known", self.image_layout_version.escape_debug()))
    }
}

/// The images of a layout's index: what each is, and its name.
pub(super) fn images(index: &Index) -> Vec<(Descriptor, Option<Reference>)> {
    let plain = |entry: &Descriptor| {
        let mut plain = Descriptor::new(&entry.media_type, entry.digest, entry.size);
        plain.artifact_type.clone_from(&entry.artifact_type);
        plain
    };
    index.manifests.iter().map(|entry| (plain(entry), names::name(&entry.annotations))).collect()
}

/// Every blob of an image, itself last. Of an index those entries that are in the store; there must be one at least.
///
/// # Errors
///
/// When something is missing, has another size than its descriptor says, or is not what it should be.
pub(super) fn blobs(store: &Store, descriptor: &Descriptor) -> Result<Vec<Descriptor>> {
    let mut blobs = Vec::new();
    gather(store, descriptor, 0, &mut blobs)?;
    Ok(blobs)
}

fn gather(store: &Store, descriptor: &Descriptor, depth: usize, blobs: &mut Vec<Descriptor>) -> Result<()> {
    const DEEPEST: usize = 4;
    if depth > DEEPEST {
        return Err(Error::invalid(format!("index {}", descriptor.digest), "indexes are nested too deep"));
    }
    match store.document(descriptor)? {
        Document::Index(index) => {
            let here: Vec<&Descriptor> =
                index.manifests.iter().filter(|entry| store.blobs().contains(&entry.digest)).collect();
            if here.is_empty()
                && let Some(entry) = index.manifests.first()
            {
                return Err(Error::Absent { object: "manifest", digest: entry.digest });
            }
            for entry in here {
                gather(store, entry, depth + 1, blobs)?;
            }
        }
        Document::Manifest(manifest) => {
            check_size(store, "configuration", &manifest.config)?;
            for layer in &manifest.layers {
                check_size(store, "layer", layer)?;
            }
            // Other artifacts than images, such as attestations, are carried along unread.
            if crate::media_type::is_image_config(&manifest.config.media_type)
                && manifest.layers.iter().all(|layer| crate::media_type::is_layer(&layer.media_type))
            {
                store.images(descriptor)?;
            }
            blobs.push(manifest.config);
            blobs.extend(manifest.layers);
        }
    }
    blobs.push(descriptor.clone());
    Ok(())
}

fn check_size(store: &Store, object: &'static str, descriptor: &Descriptor) -> Result<()> {
    match store.blobs().size(&descriptor.digest)? {
        None => Err(Error::Absent { object, digest: descriptor.digest }),
        Some(size) if size == descriptor.size => Ok(()),
        Some(found) => Err(Error::Size { digest: descriptor.digest, expected: descriptor.size, found }),
    }
}
