//! What a build gives.

use blob::Digest;
use image::{Descriptor, Platform};

/// A finished build.
#[derive(Debug, Clone)]
pub struct Built {
    /// Digest of the manifest, or of the index when there are several platforms or attestations.
    pub digest: Digest,
    /// The same with its size and media type.
    pub descriptor: Descriptor,
    /// Digest of the configuration: what docker calls the image's id. That of the first platform.
    pub image_id: Digest,
    /// The manifest of each platform, in the order asked for.
    pub platforms: Vec<(Platform, Descriptor)>,
    /// What `--metadata-file` holds: `containerimage.digest`, `image.name` and others, as buildx names them.
    pub metadata: serde_json::Map<String, serde_json::Value>,
}
