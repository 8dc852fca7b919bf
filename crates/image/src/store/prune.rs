use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use blob::Digest;

use super::records::Entry;
use super::{Store, lock};
use crate::error::{Error, Result};
use crate::manifest::{Descriptor, Document};

/// While somebody adds blobs, only those this old are collected.
const GRACE: Duration = Duration::from_secs(24 * 60 * 60);

/// What is to go. Blobs and layers that nothing refers to go always.
#[derive(Clone, Debug, Default)]
pub struct Prune {
    /// Images without a name.
    pub nameless: bool,
    /// Images with names, too.
    pub named: bool,
    /// Pins that were not used for this long; none keeps all.
    pub pins_older_than: Option<Duration>,
    /// What is left of pulls that broke off, which would go on with it.
    pub downloads: bool,
    /// Only images and downloads that were stored longer ago than this.
    pub older_than: Duration,
    /// Blobs that others refer to, such as a registry that shares the directory.
    pub keep: HashSet<Digest>,
    /// Say what would go, and leave it.
    pub dry_run: bool,
}

/// What went.
#[derive(Clone, Debug, Default)]
pub struct Pruned {
    pub images: Vec<Entry>,
    pub pins: u64,
    pub blobs: u64,
    pub layers: u64,
    pub downloads: u64,
    /// Bytes of blobs, downloads and unpacked files.
    pub bytes: u64,
}

/// What is still referred to.
#[derive(Default)]
struct Live {
    blobs: HashSet<Digest>,
    diff_ids: HashSet<Digest>,
}

impl Store {
    /// Removes images as asked, and everything that no image, pin or running container needs. Safe beside other processes
    /// that read, write or run images.
    pub fn prune(&self, what: &Prune) -> Result<Pruned> {
        let mut pruned = Pruned::default();
        let writing = lock::try_exclusive(&self.root().join("locks/.writing"))?;
        let before = blob::Store::now();
        let live = {
            let _records = self.lock_records()?;
            let mut live = Live { blobs: what.keep.clone(), ..Live::default() };
            for entry in self.list()? {
                let age = entry.stored.elapsed().unwrap_or_default();
                let goes = if entry.reference.is_some() { what.named } else { what.nameless };
                if goes && age >= what.older_than {
                    if !what.dry_run {
                        self.remove_entry(&entry)?;
                    }
                    pruned.images.push(entry);
                } else {
                    self.mark(&entry.descriptor, &mut live);
                }
            }
            for pin in self.pins()? {
                let age = pin.used.elapsed().unwrap_or_default();
                if what.pins_older_than.is_some_and(|limit| age >= limit) {
                    if !what.dry_run {
                        fs::remove_file(&pin.path).map_err(Error::io("remove", &pin.path))?;
                    }
                    pruned.pins += 1;
                } else {
                    live.blobs.extend(pin.blobs);
                    live.diff_ids.extend(pin.diff_ids);
                }
            }
            live
        };
        if what.dry_run {
            return self.measure(what, &live, pruned);
        }
        let before =
            if writing.is_some() { before } else { before.checked_sub(GRACE).unwrap_or(SystemTime::UNIX_EPOCH) };
        let collected = self.blobs().collect_before(&live.blobs, before)?;
        pruned.blobs = collected.blobs;
        pruned.bytes += collected.bytes;
        for (name, diff_id) in self.unpacked_layers()? {
            if !live.diff_ids.contains(&diff_id)
                && let Some(bytes) = self.remove_layer(&name)?
            {
                pruned.layers += 1;
                pruned.bytes += bytes;
            }
        }
        if what.downloads {
            let swept = self.blobs().sweep_uploads(what.older_than)?;
            pruned.downloads = swept.files;
            pruned.bytes += swept.bytes;
        }
        self.sweep_records();
        Ok(pruned)
    }

    /// Marks what an image consists of. What cannot be read keeps nothing: it is of no use to anybody.
    fn mark(&self, descriptor: &Descriptor, live: &mut Live) {
        let mut pending = vec![descriptor.clone()];
        while let Some(descriptor) = pending.pop() {
            if !live.blobs.insert(descriptor.digest) {
                continue;
            }
            match self.document(&descriptor) {
                Ok(Document::Index(index)) => {
                    pending.extend(index.manifests.into_iter().filter(|entry| self.blobs().contains(&entry.digest)));
                }
                Ok(Document::Manifest(manifest)) => {
                    live.blobs.insert(manifest.config.digest);
                    live.blobs.extend(manifest.layers.iter().map(|layer| layer.digest));
                    if let Ok(images) = self.images(&descriptor) {
                        live.diff_ids.extend(images.into_iter().flat_map(|image| image.diff_ids));
                    }
                }
                Err(_) => {}
            }
        }
    }

    fn measure(&self, what: &Prune, live: &Live, mut pruned: Pruned) -> Result<Pruned> {
        for digest in self.blobs().iter()? {
            let digest = digest?;
            if !live.blobs.contains(&digest) {
                pruned.blobs += 1;
                pruned.bytes += self.blobs().size(&digest)?.unwrap_or_default();
            }
        }
        let layers = self.unpacked_layers()?;
        if what.downloads {
            let left = self.blobs().abandoned_uploads(what.older_than)?;
            pruned.downloads = left.files;
            pruned.bytes += left.bytes;
        }
        pruned.layers = layers.iter().filter(|(_, diff_id)| !live.diff_ids.contains(diff_id)).count() as u64;
        Ok(pruned)
    }

    /// Removes records that were being written when their process was killed.
    fn sweep_records(&self) {
        let sweep = |dir: &Path| {
            for file in fs::read_dir(dir).into_iter().flatten().flatten() {
                let unfinished = file.file_name().to_string_lossy().starts_with(".new-");
                let modified = file.metadata().and_then(|metadata| metadata.modified());
                if unfinished && modified.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > GRACE)) {
                    let _ = fs::remove_file(file.path());
                }
            }
        };
        sweep(&self.root().join("images"));
        for kind in fs::read_dir(self.root().join("pins")).into_iter().flatten().flatten() {
            if kind.file_name() != OsStr::new(".") {
                sweep(&kind.path());
            }
        }
    }
}
