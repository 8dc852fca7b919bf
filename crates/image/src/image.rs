use blob::Digest;

use crate::config::{self, ImageConfiguration};
use crate::error::{Error, Result};
use crate::manifest::{self, Descriptor, Document, Manifest};
use crate::media_type;
use crate::platform::Platform;
use crate::store::Store;

/// Indexes may hold indexes, but not for ever.
const DEEPEST: usize = 4;

/// One image of one platform, as its manifest and its configuration describe it.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// The digest of the manifest.
    pub manifest: Digest,
    pub config: ImageConfiguration,
    /// What docker calls the id of the image.
    pub config_digest: Digest,
    /// As they are stored and sent, bottom first.
    pub layers: Vec<Descriptor>,
    /// The digests of the uncompressed layers, as many as there are layers.
    pub diff_ids: Vec<Digest>,
}

impl Image {
    /// What the image was built for.
    pub fn platform(&self) -> Platform {
        self.config.platform()
    }

    /// The bytes of its layers as they are stored.
    pub fn size(&self) -> u64 {
        self.layers.iter().map(|layer| layer.size).sum()
    }
}

impl Store {
    /// The image that a descriptor means for a platform: of an index the entry that fits best, of those that are in the store.
    ///
    /// A manifest that is no index is taken whatever it was built for; see [`Image::platform`].
    ///
    /// # Errors
    ///
    /// When nothing fits, when what fits is not in the store or not what its digest says, and for artifacts that are no
    /// images.
    pub fn image(&self, descriptor: &Descriptor, platform: &Platform) -> Result<Image> {
        let (digest, manifest) = self.choose(descriptor, platform, 0)?;
        self.assemble(digest, &manifest)
    }

    /// Every image of a descriptor whose manifest and configuration are in the store, in the order of the index.
    pub fn images(&self, descriptor: &Descriptor) -> Result<Vec<Image>> {
        let mut images = Vec::new();
        let mut pending = vec![(descriptor.clone(), 0)];
        while let Some((descriptor, depth)) = pending.pop() {
            match self.document(&descriptor)? {
                Document::Manifest(manifest) if self.blobs().contains(&manifest.config.digest) => {
                    images.push(self.assemble(descriptor.digest, &manifest)?);
                }
                Document::Index(index) if depth < DEEPEST => {
                    let here = index.images().filter(|entry| self.blobs().contains(&entry.digest));
                    let mut here: Vec<_> = here.map(|entry| (entry.clone(), depth + 1)).collect();
                    here.reverse();
                    pending.extend(here);
                }
                _ => {}
            }
        }
        Ok(images)
    }

    /// A manifest or an index that is in the store.
    pub fn document(&self, descriptor: &Descriptor) -> Result<Document> {
        let bytes = self.small_blob("manifest", &descriptor.digest, manifest::LARGEST)?;
        if descriptor.size != bytes.len() as u64 {
            let found = bytes.len() as u64;
            return Err(Error::Size { digest: descriptor.digest, expected: descriptor.size, found });
        }
        Document::parse(&descriptor.digest, &descriptor.media_type, &bytes)
    }

    /// A blob that is read whole, with its digest checked again: what is parsed decides over everything else.
    pub(crate) fn small_blob(&self, object: &'static str, digest: &Digest, limit: u64) -> Result<Vec<u8>> {
        let bytes = match self.blobs().read(digest, limit) {
            Err(blob::Error::Missing(digest)) => return Err(Error::Absent { object, digest }),
            other => other?,
        };
        let found = Digest::with(digest.algorithm(), &bytes);
        if found != *digest {
            return Err(Error::Blob(blob::Error::Mismatch { expected: *digest, found }));
        }
        Ok(bytes)
    }

    fn choose(&self, descriptor: &Descriptor, platform: &Platform, depth: usize) -> Result<(Digest, Manifest)> {
        let object = || format!("index {}", descriptor.digest);
        match self.document(descriptor)? {
            Document::Manifest(manifest) => Ok((descriptor.digest, manifest)),
            Document::Index(_) if depth == DEEPEST => {
                Err(Error::invalid(object(), format!("indexes are nested more than {DEEPEST} deep")))
            }
            Document::Index(index) => {
                let here = |entry: &Descriptor| self.blobs().contains(&entry.digest);
                if let Some(entry) = index.choose(platform, here) {
                    return self.choose(entry, platform, depth + 1);
                }
                match index.choose(platform, |_| true) {
                    Some(entry) => Err(Error::Absent { object: "manifest", digest: entry.digest }),
                    None => {
                        let (wanted, offers) = (platform.clone(), index.platforms());
                        Err(Error::NoPlatform { object: object(), wanted, offers })
                    }
                }
            }
        }
    }

    fn assemble(&self, digest: Digest, manifest: &Manifest) -> Result<Image> {
        let object = || format!("manifest {digest}");
        if !media_type::is_image_config(&manifest.config.media_type) {
            let kind = manifest.artifact_type.as_deref().unwrap_or(&manifest.config.media_type);
            let reason = format!("it holds {}", kind.escape_debug());
            return Err(Error::NotAnImage { object: object(), reason });
        }
        if let Some(layer) = manifest.layers.iter().find(|layer| !media_type::is_layer(&layer.media_type)) {
            let reason = format!("its layer {} is {}", layer.digest, layer.media_type.escape_debug());
            return Err(Error::NotAnImage { object: object(), reason });
        }
        let bytes = self.small_blob("configuration", &manifest.config.digest, config::LARGEST)?;
        if manifest.config.size != bytes.len() as u64 {
            let (digest, found) = (manifest.config.digest, bytes.len() as u64);
            return Err(Error::Size { digest, expected: manifest.config.size, found });
        }
        let config = ImageConfiguration::parse(&manifest.config.digest, &bytes)?;
        let (layers, diff_ids) = (manifest.layers.clone(), config.rootfs.diff_ids.clone());
        if layers.len() != diff_ids.len() {
            let reason = format!("it has {} layers, its configuration names {}", layers.len(), diff_ids.len());
            return Err(Error::invalid(object(), reason));
        }
        Ok(Image { manifest: digest, config, config_digest: manifest.config.digest, layers, diff_ids })
    }
}
