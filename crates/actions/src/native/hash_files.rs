//! The digest of files that cache keys of the setup actions carry: @actions/glob's `hashFiles`.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::error::{Fault, Result};
use super::files::Files;
use super::walk::Walk;
use super::{NativeCall, download_artifact};
use crate::glob::Patterns;

/// SHA-256 over the SHA-256 of each file of the workspace that matches; `None` when none does. Blocks.
pub(crate) fn hash_files(call: &NativeCall, patterns: &str) -> Result<Option<String>> {
    let place = &call.place;
    let home = call.home();
    let patterns = Patterns::parse(patterns, &place.workspace, Some(Path::new(&home)), true)?;
    let files = Files(&place.sandbox);
    let check = || call.check();
    let walk = Walk { files, patterns: &patterns, without_hidden: false, check: &check };
    let mut all = Sha256::new();
    let mut any = false;
    for found in walk.find()? {
        if found.is_dir || !found.path.starts_with(&place.workspace) {
            continue;
        }
        let digest = services::open_regular(&files.host(&found.real)).and_then(download_artifact::sha256);
        let digest = digest.map_err(Fault::io("read", &found.path))?;
        all.update(hex::decode(digest).unwrap_or_default());
        any = true;
    }
    Ok(any.then(|| hex::encode(all.finalize())))
}
