use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use blob::Digest;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Store, private_dir, write_forgettable};
use crate::error::{Error, Result};

/// A value with the blobs and layers that it keeps alive.
#[derive(Serialize, Deserialize)]
struct Pin<T> {
    value: T,
    blobs: Vec<Digest>,
    diff_ids: Vec<Digest>,
}

/// What a pin keeps, without its value.
pub(super) struct Pinned {
    pub(super) path: PathBuf,
    pub(super) used: SystemTime,
    pub(super) blobs: Vec<Digest>,
    pub(super) diff_ids: Vec<Digest>,
}

impl Store {
    /// Remembers a value under a key, and keeps these blobs and unpacked layers until the pin is pruned: the results of
    /// build steps, for example. `kind` and `key` name a file: letters, digits, `-`, `_` and `.` only.
    pub fn pin<T: Serialize>(
        &self,
        kind: &str,
        key: &str,
        value: &T,
        blobs: &[Digest],
        diff_ids: &[Digest],
    ) -> Result<()> {
        let path = self.pin_path(kind, key)?;
        private_dir(&self.root().join("pins").join(kind))?;
        let pin = Pin { value, blobs: blobs.to_vec(), diff_ids: diff_ids.to_vec() };
        let bytes = serde_json::to_vec(&pin).map_err(|error| Error::invalid(format!("pin {kind}/{key}"), error))?;
        // What a pin holds can be made again, and one that is empty after a power cut is none.
        write_forgettable(&path, &bytes)
    }

    /// The value of a pin, whose last use is now. None when there is none, when it is of another form, or when some of its
    /// blobs are gone.
    pub fn pinned<T: DeserializeOwned>(&self, kind: &str, key: &str) -> Result<Option<T>> {
        let path = self.pin_path(kind, key)?;
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(Error::io("read", &path))?,
        };
        let Ok(pin) = serde_json::from_slice::<Pin<T>>(&bytes) else { return Ok(None) };
        if !pin.blobs.iter().all(|digest| self.blobs().contains(digest)) {
            return Ok(None);
        }
        // Only the order in which pins are pruned depends on this.
        let _ = fs::File::options().append(true).open(&path).and_then(|file| file.set_modified(SystemTime::now()));
        Ok(Some(pin.value))
    }

    /// Forgets a pin. False when there was none.
    pub fn unpin(&self, kind: &str, key: &str) -> Result<bool> {
        let path = self.pin_path(kind, key)?;
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Error::io("remove", &path)(error)),
        }
    }

    /// Every pin. One that cannot be read keeps nothing.
    pub(super) fn pins(&self) -> Result<Vec<Pinned>> {
        let mut pins = Vec::new();
        let top = self.root().join("pins");
        for kind in fs::read_dir(&top).map_err(Error::io("list", &top))? {
            let dir = kind.map_err(Error::io("list", &top))?.path();
            for file in fs::read_dir(&dir).map_err(Error::io("list", &dir))? {
                let file = file.map_err(Error::io("list", &dir))?;
                let path = file.path();
                if path.extension() != Some(OsStr::new("json")) {
                    continue;
                }
                let used = file.metadata().and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
                let pin = fs::read(&path).ok();
                let pin = pin.and_then(|bytes| serde_json::from_slice::<Pin<serde::de::IgnoredAny>>(&bytes).ok());
                let (blobs, diff_ids) = pin.map(|pin| (pin.blobs, pin.diff_ids)).unwrap_or_default();
                pins.push(Pinned { path, used, blobs, diff_ids });
            }
        }
        Ok(pins)
    }

    fn pin_path(&self, kind: &str, key: &str) -> Result<PathBuf> {
        for name in [kind, key] {
            let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            if name.is_empty() || name.len() > 200 || name.starts_with('.') || !name.bytes().all(good) {
                return Err(Error::invalid(
                    format!("name of a pin `{}`", name.escape_debug()),
                    "it is no plain file name",
                ));
            }
        }
        Ok(self.root().join("pins").join(kind).join(format!("{key}.json")))
    }
}
