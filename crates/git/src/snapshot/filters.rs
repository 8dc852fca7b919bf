//! Files that git converts on checkout (`.gitattributes`): left to git.
//!
//! What a fresh checkout on a CI machine would give counts: the user's own `core.autocrlf`, `core.eol` and global
//! attributes play no part. LFS pointers stay pointers.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::tree::{EXECUTABLE, Objects};
use crate::GitError;
use crate::index::{self, IndexEntry};

/// Attributes that decide, in the order asked.
const ASKED: [&str; 5] = ["filter", "eol", "ident", "working-tree-encoding", "text"];

/// Words without which an attributes file converts nothing on checkout.
const WORDS: [&str; 4] = ["filter", "eol", "ident", "working-tree-encoding"];

/// Positions of the entries whose files are not their blobs.
pub(crate) fn converted(objects: &Objects<'_>, entries: &[IndexEntry]) -> Result<BTreeSet<usize>, GitError> {
    let mut found = BTreeSet::new();
    let files: Vec<&IndexEntry> = entries.iter().filter(|entry| is_attributes(&entry.path)).collect();
    if files.is_empty() || !any_word(objects, &files)? {
        return Ok(found);
    }
    let Some(scratch) = &objects.extra else {
        return Ok(found);
    };
    let list = scratch.join("attributes-index");
    std::fs::write(&list, index::write(objects.repository.object_format(), entries))
        .map_err(GitError::io("cannot write", &list))?;
    let mut paths = Vec::new();
    for entry in entries {
        paths.extend_from_slice(&entry.path);
        paths.push(0);
    }
    let ask = objects.git().quiet_args(CLEAN).args(["check-attr", "--cached", "-z", "--stdin"]).args(ASKED);
    let out = ask.env("GIT_INDEX_FILE", &list).stdin(paths).run()?;
    let positions: HashMap<&[u8], usize> =
        entries.iter().enumerate().map(|(at, entry)| (entry.path.as_slice(), at)).collect();
    let mut fields = out.split(|byte| *byte == 0);
    while let (Some(path), Some(name), Some(value)) = (fields.next(), fields.next(), fields.next()) {
        let Some(at) = positions.get(path) else {
            continue;
        };
        let set = !matches!(value, b"unspecified" | b"unset");
        let converts = match name {
            b"filter" => set && value != b"lfs",
            b"eol" => value == b"crlf",
            b"ident" | b"working-tree-encoding" => set,
            _ => false,
        };
        if converts && matches!(entries[*at].mode, 0o100_644 | EXECUTABLE) {
            found.insert(*at);
        }
    }
    Ok(found)
}

/// Lets git write the converted files.
pub(crate) fn check_out(
    objects: &Objects<'_>,
    entries: &[IndexEntry],
    which: &BTreeSet<usize>,
    to: &Path,
) -> Result<(), GitError> {
    let (false, Some(scratch)) = (which.is_empty(), &objects.extra) else {
        return Ok(());
    };
    let list = scratch.join("attributes-index");
    let mut paths = Vec::new();
    for at in which {
        paths.extend_from_slice(&entries[*at].path);
        paths.push(0);
    }
    let mut prefix = to.as_os_str().to_owned();
    prefix.push("/");
    let git = objects.git().quiet_args(CLEAN).args(["checkout-index", "-z", "--force", "--stdin"]);
    let mut option = std::ffi::OsString::from("--prefix=");
    option.push(prefix);
    git.quiet_args([option]).env("GIT_INDEX_FILE", &list).stdin(paths).run()?;
    Ok(())
}

/// The settings of a fresh machine.
const CLEAN: [&str; 6] = ["-c", "core.autocrlf=false", "-c", "core.eol=lf", "-c", "core.attributesFile=/dev/null"];

fn is_attributes(path: &[u8]) -> bool {
    path == b".gitattributes" || path.ends_with(b"/.gitattributes")
}

fn any_word(objects: &Objects<'_>, files: &[&IndexEntry]) -> Result<bool, GitError> {
    let mut wanted = String::new();
    for file in files {
        wanted.push_str(&hex::encode(&file.oid));
        wanted.push('\n');
    }
    let out = objects.git().args(["cat-file", "--batch"]).stdin(wanted.into_bytes()).run()?;
    let text = String::from_utf8_lossy(&out);
    Ok(WORDS.iter().any(|word| text.contains(word)))
}
