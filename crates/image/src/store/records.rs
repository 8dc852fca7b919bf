use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use blob::Digest;
use serde::{Deserialize, Serialize};

use super::{Store, lock, write_whole};
use crate::error::{Error, Result};
use crate::manifest::Descriptor;
use crate::reference::Reference;

/// An image and one of its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// None for an image that lost its name, or never had one.
    pub reference: Option<Reference>,
    /// A manifest or an index.
    pub descriptor: Descriptor,
    /// When this name was given.
    pub stored: SystemTime,
}

/// An [`Entry`] as it is written.
#[derive(Serialize, Deserialize)]
struct Record {
    reference: Option<String>,
    descriptor: Descriptor,
    /// Microseconds since 1970.
    stored: u64,
}

impl Store {
    /// Gives an image a name. An image that loses its only name by that stays, nameless, until it is pruned.
    pub fn tag(&self, reference: &Reference, descriptor: &Descriptor) -> Result<()> {
        let _lock = self.lock_records()?;
        let entries = self.read_all()?;
        let old = entries.iter().find(|entry| entry.reference.as_ref() == Some(reference));
        if let Some(old) = old
            && old.descriptor.digest != descriptor.digest
        {
            let names = entries.iter().filter(|entry| entry.descriptor.digest == old.descriptor.digest).count();
            if names == 1 {
                self.write_record(None, &old.descriptor)?;
            }
        }
        self.write_record(Some(reference), descriptor)?;
        self.remove_record(&nameless_key(&descriptor.digest))?;
        Ok(())
    }

    /// Keeps an image without giving it a name; nothing when it has one.
    pub fn keep(&self, descriptor: &Descriptor) -> Result<()> {
        let _lock = self.lock_records()?;
        if self.read_all()?.iter().any(|entry| entry.descriptor.digest == descriptor.digest) {
            return Ok(());
        }
        self.write_record(None, descriptor)
    }

    /// Takes a name away. False when there was none. The image goes at the next [`Store::prune`] unless it has another name.
    pub fn untag(&self, reference: &Reference) -> Result<bool> {
        let _lock = self.lock_records()?;
        self.remove_record(&named_key(reference))
    }

    /// Takes away a nameless image, and every name of it.
    pub fn forget(&self, digest: &Digest) -> Result<bool> {
        let _lock = self.lock_records()?;
        let mut forgotten = false;
        for entry in self.read_all()?.iter().filter(|entry| entry.descriptor.digest == *digest) {
            forgotten |= self.remove_record(&key(entry.reference.as_ref(), digest))?;
        }
        Ok(forgotten)
    }

    /// What a name means. A name with a digest means that digest, under whatever tag of the repository it came.
    pub fn resolve(&self, reference: &Reference) -> Result<Option<Descriptor>> {
        if let Some(entry) = self.read_record(&self.record_path(&named_key(reference)))? {
            return Ok(Some(entry.descriptor));
        }
        let Some(digest) = reference.digest() else { return Ok(None) };
        let same_repository =
            |entry: &Entry| entry.reference.as_ref().is_some_and(|known| known.repository() == reference.repository());
        let mut entries = self.read_all()?.into_iter();
        Ok(entries
            .find(|entry| entry.descriptor.digest == *digest && same_repository(entry))
            .map(|entry| entry.descriptor))
    }

    /// Every name and every nameless image: by name, the nameless last.
    pub fn list(&self) -> Result<Vec<Entry>> {
        let mut entries = self.read_all()?;
        let order = |entry: &Entry| (entry.reference.is_none(), entry.reference.clone(), entry.descriptor.digest);
        entries.sort_by_key(order);
        Ok(entries)
    }

    pub(super) fn lock_records(&self) -> Result<fs::File> {
        lock::exclusive(&self.root().join("locks/.images"))
    }

    pub(super) fn remove_entry(&self, entry: &Entry) -> Result<bool> {
        self.remove_record(&key(entry.reference.as_ref(), &entry.descriptor.digest))
    }

    fn read_all(&self) -> Result<Vec<Entry>> {
        let dir = self.root().join("images");
        let mut entries = Vec::new();
        for file in fs::read_dir(&dir).map_err(Error::io("list", &dir))? {
            let path = file.map_err(Error::io("list", &dir))?.path();
            if path.extension() == Some(OsStr::new("json")) {
                entries.extend(self.read_record(&path)?);
            }
        }
        Ok(entries)
    }

    fn read_record(&self, path: &PathBuf) -> Result<Option<Entry>> {
        let bytes = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(Error::io("read", path))?,
        };
        let object = || format!("record {}", path.display());
        let record: Record = serde_json::from_slice(&bytes).map_err(|error| Error::invalid(object(), error))?;
        let reference = record.reference.map(|text| Reference::parse(&text)).transpose()?;
        let stored = UNIX_EPOCH.checked_add(Duration::from_micros(record.stored)).unwrap_or(UNIX_EPOCH);
        Ok(Some(Entry { reference, descriptor: record.descriptor, stored }))
    }

    fn write_record(&self, reference: Option<&Reference>, descriptor: &Descriptor) -> Result<()> {
        if !self.blobs().contains(&descriptor.digest) {
            return Err(Error::Absent { object: "manifest", digest: descriptor.digest });
        }
        let stored = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        let stored = u64::try_from(stored).unwrap_or(u64::MAX);
        let record = Record { reference: reference.map(ToString::to_string), descriptor: descriptor.clone(), stored };
        let bytes = serde_json::to_vec(&record).map_err(|error| Error::invalid("record", error))?;
        write_whole(&self.record_path(&key(reference, &descriptor.digest)), &bytes)
    }

    fn remove_record(&self, key: &str) -> Result<bool> {
        let path = self.record_path(key);
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Error::io("remove", &path)(error)),
        }
    }

    fn record_path(&self, key: &str) -> PathBuf {
        self.root().join("images").join(format!("{key}.json"))
    }
}

fn key(reference: Option<&Reference>, digest: &Digest) -> String {
    reference.map_or_else(|| nameless_key(digest), named_key)
}

/// Names are longer than file names may be, and hold slashes.
fn named_key(reference: &Reference) -> String {
    Digest::of(reference.to_string().as_bytes()).hex()
}

fn nameless_key(digest: &Digest) -> String {
    format!("nameless-{}-{}", digest.algorithm().name(), digest.hex())
}
