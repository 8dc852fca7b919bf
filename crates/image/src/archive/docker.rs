use serde::{Deserialize, Serialize};

use super::contents::Contents;
use crate::config::{self, ImageConfiguration};
use crate::error::{Error, Result};
use crate::layer::{Compression, Decompressor};
use crate::manifest::{Descriptor, Manifest};
use crate::media_type;
use crate::reference::Reference;
use crate::store::Store;

/// One image in `manifest.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Item {
    /// The path of the configuration.
    pub(super) config: String,
    pub(super) repo_tags: Option<Vec<String>>,
    /// The paths of the layers, bottom first.
    pub(super) layers: Option<Vec<String>>,
}

/// The images of an archive that has no OCI index: their manifests are made here, as docker makes them when it pushes.
pub(super) fn images(store: &Store, contents: &Contents<'_>) -> Result<Vec<(Descriptor, Vec<Reference>)>> {
    let items: Vec<Item> = contents.json("manifest.json")?;
    let mut images = Vec::new();
    for item in items {
        let names = item.repo_tags.as_deref().unwrap_or_default();
        let names = names.iter().map(|name| Ok(Reference::parse(name)?)).collect::<Result<Vec<_>>>()?;
        images.push((image(store, contents, &item)?, names));
    }
    Ok(images)
}

fn image(store: &Store, contents: &Contents<'_>, item: &Item) -> Result<Descriptor> {
    let (digest, size) = contents.need(&item.config)?;
    let bytes = store.small_blob("configuration", &digest, config::LARGEST)?;
    let config = ImageConfiguration::parse(&digest, &bytes)?;
    let paths = item.layers.as_deref().unwrap_or_default();
    let diff_ids = &config.rootfs.diff_ids;
    if paths.len() != diff_ids.len() {
        let reason = format!("an image has {} layers, its configuration names {}", paths.len(), diff_ids.len());
        return Err(contents.failed(reason));
    }
    let mut layers = Vec::new();
    for (path, diff_id) in paths.iter().zip(diff_ids) {
        let (digest, size) = contents.need(path)?;
        let blob = store.blobs().open_blob(&digest)?;
        let read = Decompressor::new(blob).map_err(|source| Error::Layer { layer: digest, source })?;
        let compression = read.compression();
        if compression == Compression::None && digest != *diff_id {
            let reason =
                format!("layer `{}` has digest {digest}, the configuration says {diff_id}", path.escape_debug());
            return Err(contents.failed(reason));
        }
        layers.push(Descriptor::new(compression.media_type(), digest, size));
    }
    let config = Descriptor::new(media_type::OCI_CONFIG, digest, size);
    store.put(media_type::OCI_MANIFEST, &Manifest::oci(config, layers).to_bytes())
}
