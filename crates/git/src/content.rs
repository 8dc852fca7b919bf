//! A hash of a directory's content, independent of git.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// SHA-256 over the files below `dir` (paths, executable bits, contents, link targets), as `sha256:<hex>`. Empty
/// directories and `.git` at the top do not count.
pub fn content_hash(dir: &Path) -> io::Result<String> {
    let mut files = Vec::new();
    let mut dirs = vec![PathBuf::new()];
    while let Some(inner) = dirs.pop() {
        for entry in std::fs::read_dir(dir.join(&inner))? {
            let entry = entry?;
            let path = inner.join(entry.file_name());
            if path.as_os_str() == ".git" {
                continue;
            }
            if entry.file_type()?.is_dir() {
                dirs.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort_by(|a, b| a.as_os_str().as_bytes().cmp(b.as_os_str().as_bytes()));
    let mut all = Sha256::new();
    for path in files {
        let file = dir.join(&path);
        let meta = file.symlink_metadata()?;
        let (kind, content) = if meta.is_symlink() {
            ("link", Sha256::digest(std::fs::read_link(&file)?.as_os_str().as_bytes()))
        } else {
            let mut hash = Sha256::new();
            io::copy(&mut std::fs::File::open(&file)?, &mut HashWriter(&mut hash))?;
            (if meta.permissions().mode() & 0o111 == 0 { "file" } else { "program" }, hash.finalize())
        };
        let name = path.as_os_str().as_bytes();
        all.update(format!("{kind} {} ", name.len()).as_bytes());
        all.update(name);
        all.update(content);
    }
    Ok(format!("sha256:{}", hex::encode(all.finalize())))
}

struct HashWriter<'a>(&'a mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
