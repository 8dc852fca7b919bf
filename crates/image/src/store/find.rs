use blob::Digest;

use super::Store;
use crate::error::{Error, Result};
use crate::manifest::Descriptor;
use crate::reference::Reference;

/// Fewer digits than this are never the beginning of an id.
const SHORTEST_ID: usize = 4;

/// An image that a person named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// None when an id was given.
    pub reference: Option<Reference>,
    pub descriptor: Descriptor,
}

impl Store {
    /// Finds an image as a person writes it: by name, or by the beginning of an id or digest, with or without `sha256:`.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] when there is none, [`Error::Ambiguous`] when several ids begin so.
    pub fn find(&self, text: &str) -> Result<Found> {
        let reference = Reference::parse(text);
        if let Ok(reference) = &reference
            && let Some(descriptor) = self.resolve(reference)?
        {
            return Ok(Found { reference: Some(reference.clone()), descriptor });
        }
        let hex = text.strip_prefix("sha256:").unwrap_or(text);
        let is_id = hex.len() >= SHORTEST_ID
            && hex.len() <= 64
            && hex.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if !is_id {
            // A name that is no name is the better answer than one that is unknown.
            return match reference {
                Ok(reference) => Err(Error::Unknown(reference.familiar())),
                Err(error) => Err(error.into()),
            };
        }
        let mut found: Vec<Descriptor> = Vec::new();
        for entry in self.list()? {
            let fits = self.ids(&entry.descriptor)?.iter().any(|digest| digest.hex().starts_with(hex));
            if fits && found.iter().all(|known| known.digest != entry.descriptor.digest) {
                found.push(entry.descriptor);
            }
        }
        match found.len() {
            0 => Err(Error::Unknown(text.to_owned())),
            1 => Ok(Found { reference: None, descriptor: found.swap_remove(0) }),
            count => Err(Error::Ambiguous { text: text.to_owned(), count }),
        }
    }

    /// Every digest that people know an image by: its own, and those of its manifests and configurations.
    fn ids(&self, descriptor: &Descriptor) -> Result<Vec<Digest>> {
        let images = self.images(descriptor).unwrap_or_default();
        let below = images.iter().flat_map(|image| [image.manifest, image.config_digest]);
        Ok(std::iter::once(descriptor.digest).chain(below).collect())
    }
}
