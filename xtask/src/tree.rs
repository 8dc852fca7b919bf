//! The files of the working copy.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository's root: the directory above this crate.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Files that git tracks or would track, relative to the root.
pub(crate) fn files() -> Result<Vec<String>, String> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .map_err(|error| format!("git ls-files: {error}"))?;
    if !output.status.success() {
        return Err(format!("git ls-files: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let mut files: Vec<String> =
        text.split('\0').filter(|path| !path.is_empty() && root().join(path).is_file()).map(str::to_owned).collect();
    files.sort();
    files.dedup();
    Ok(files)
}

/// The text of a file, `None` when it is not text.
pub(crate) fn text(path: &str) -> Option<String> {
    std::fs::read(root().join(path)).ok().and_then(|bytes| String::from_utf8(bytes).ok())
}
