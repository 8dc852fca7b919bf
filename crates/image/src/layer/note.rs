use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What became of a layer when it was unpacked: its size, and what could not be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Files, directories, links and so on.
    pub entries: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// Members of other users than root, which belong to the user who unpacked them.
    #[serde(default)]
    pub owners_lost: u64,
    /// Set-uid and set-gid bits that were left out, as the files belong to a normal user.
    #[serde(default)]
    pub setid_lost: u64,
    /// Devices that only root can make.
    #[serde(default)]
    pub devices_lost: u64,
    /// Extended attributes that could not be set, or that have a meaning for the sandbox's own filesystem.
    #[serde(default)]
    pub xattrs_lost: u64,
}

impl Note {
    const FILE: &str = "note.json";

    /// Whether the files are exactly what the layer says.
    pub fn is_exact(&self) -> bool {
        self.owners_lost == 0 && self.setid_lost == 0 && self.devices_lost == 0 && self.xattrs_lost == 0
    }

    /// Of an unpacked layer; none when there is no such layer. Nor is there one whose note is damaged: it is written last, and
    /// a power cut may have taken the layer's files, too.
    pub(crate) fn read(dir: &Path) -> Result<Option<Self>> {
        let path = dir.join(Self::FILE);
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(Error::io("read", &path))?,
        };
        Ok(serde_json::from_slice(&bytes).ok())
    }

    pub(crate) fn write(&self, dir: &Path) -> Result<()> {
        let path = dir.join(Self::FILE);
        let bytes = serde_json::to_vec(self).map_err(|error| Error::invalid("note", error))?;
        fs::write(&path, bytes).map_err(Error::io("write", &path))
    }
}
