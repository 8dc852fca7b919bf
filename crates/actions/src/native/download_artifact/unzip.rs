//! A zip into the job's files.

use std::fs::{File, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use services::validate_file_path;
use tokio_util::sync::CancellationToken;
use zip::ZipArchive;

use crate::native::archive::{Cancellable, Landing};
use crate::native::error::{Fault, Result};

/// Bytes an archive may unpack to for each byte stored; deflate itself cannot exceed about 1032.
const MAX_EXPANSION: u64 = 1100;

pub(crate) struct Unzip<'a, 'b> {
    /// Path of the job.
    pub(crate) dir: &'a Path,
    pub(crate) landing: &'a mut Landing<'b>,
    pub(crate) cancel: &'a CancellationToken,
}

impl Unzip<'_, '_> {
    /// Unpacks everything, or nothing when a name leads out of the directory.
    pub(crate) fn run(&mut self, file: File) -> Result<()> {
        let damaged = |reason: String| Fault::Text(format!("the archive is damaged: {reason}"));
        let stored = file.metadata().map_err(Fault::io("read", self.dir))?.len();
        let mut zip = ZipArchive::new(io::BufReader::new(file)).map_err(|error| damaged(error.to_string()))?;
        let mut targets: Vec<(PathBuf, bool)> = Vec::with_capacity(zip.len());
        for position in 0..zip.len() {
            let entry = zip.by_index_raw(position).map_err(|error| damaged(error.to_string()))?;
            let name = entry.name().map_err(|error| damaged(error.to_string()))?.replace('\\', "/");
            let relative = name.trim_end_matches('/');
            validate_file_path(relative).map_err(services::Error::from)?;
            targets.push((self.dir.join(relative), entry.is_dir()));
        }
        let mut allowed = stored.saturating_mul(MAX_EXPANSION);
        for (position, (target, is_dir)) in targets.iter().enumerate() {
            if *is_dir {
                self.landing.directory(target).map_err(Fault::io("make", target))?;
                continue;
            }
            let entry = zip.by_index(position).map_err(|error| damaged(error.to_string()))?;
            let mut from = Cancellable { inner: entry, cancel: self.cancel }.take(allowed + 1);
            let mut to = self.landing.file(target).map_err(Fault::io("write", target))?;
            let count = io::copy(&mut from, &mut to).map_err(Fault::io("write", target))?;
            open_to_all(&to, target)?;
            allowed = allowed
                .checked_sub(count)
                .ok_or_else(|| damaged("it unpacks to more than its size allows".to_owned()))?;
        }
        Ok(())
    }
}

/// Artifacts keep no modes: every file is readable by all, and no program.
pub(crate) fn open_to_all(file: &File, path: &Path) -> Result<()> {
    file.set_permissions(Permissions::from_mode(0o644)).map_err(Fault::io("write", path))
}
