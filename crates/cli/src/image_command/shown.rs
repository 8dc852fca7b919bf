//! Images as they are shown: ids, ages, sizes.

use std::time::UNIX_EPOCH;

use image::{Digest, Entry, Image, Platform, Store};
use jiff::Timestamp;

use crate::report::text;

/// What docker calls an image's id: the digest of its configuration. What is no image has that of its manifest.
pub(super) fn id(image: Option<&Image>, entry: &Entry) -> Digest {
    image.map_or(entry.descriptor.digest, |image| image.config_digest)
}

/// Twelve digits are enough for people, and for every command.
pub(super) fn short(digest: &Digest) -> String {
    digest.hex().chars().take(12).collect()
}

/// The image for a platform, else any that is here. None for what is no image, or is damaged.
pub(super) fn image_of(store: &Store, entry: &Entry, platform: &Platform) -> Option<Image> {
    let image = store.image(&entry.descriptor, platform);
    image.ok().or_else(|| store.images(&entry.descriptor).ok()?.into_iter().next())
}

/// When the image was made, or else came here; microseconds.
pub(super) fn created(image: Option<&Image>, entry: &Entry) -> i64 {
    let said = image.and_then(|image| image.config.created.as_deref()).and_then(|text| text.parse::<Timestamp>().ok());
    let stored = || entry.stored.duration_since(UNIX_EPOCH).ok().and_then(|time| i64::try_from(time.as_micros()).ok());
    said.map(Timestamp::as_microsecond).or_else(stored).unwrap_or_default()
}

/// How long ago something was; builds that give no time away have none.
pub(super) fn age(created: i64) -> String {
    const DAY: i64 = 86_400_000_000;
    let age = crate::record::now() - created;
    match created {
        ..=0 => "N/A".to_owned(),
        _ if age > 730 * DAY => format!("{} years ago", age / (365 * DAY)),
        _ => text::age(age),
    }
}
