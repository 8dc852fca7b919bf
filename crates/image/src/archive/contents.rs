use std::collections::HashMap;
use std::io::Read;

use blob::Digest;

use crate::error::{Error, Result};
use crate::layer::{Decompressor, LayerError};
use crate::manifest;
use crate::store::Store;
use crate::tar::{Kind, Reader, TarError};

/// More files than any archive of images has.
const MOST_FILES: usize = 200_000;
/// Links to links to links …
const MOST_HOPS: usize = 16;

/// The files of an archive, which are blobs of the store by now.
pub(super) struct Contents<'a> {
    store: &'a Store,
    /// For messages.
    archive: &'a str,
    files: HashMap<String, (Digest, u64)>,
    links: HashMap<String, String>,
}

impl<'a> Contents<'a> {
    /// Reads a whole archive, compressed or not, from a stream. Files named as blobs of an OCI layout must have the digest
    /// that their name says.
    pub(super) fn read(store: &'a Store, archive: &'a str, input: impl Read) -> Result<Self> {
        let failed = |reason: String| Error::Archive { archive: archive.to_owned(), reason };
        let damaged = |error: TarError| failed(LayerError::from_tar(error).to_string());
        let input = Decompressor::new(input).map_err(|error| failed(error.to_string()))?;
        let mut reader = Reader::new(std::io::BufReader::with_capacity(256 << 10, input));
        let (mut contents, mut total) = (Self { store, archive, files: HashMap::new(), links: HashMap::new() }, 0_u64);
        while let Some(member) = reader.advance().map_err(damaged)? {
            if contents.files.len() + contents.links.len() >= MOST_FILES {
                return Err(failed(format!("it has more than {MOST_FILES} files")));
            }
            let Some(path) = clean(&member.path) else {
                return Err(failed(format!(
                    "it has a file `{}`",
                    String::from_utf8_lossy(&member.path).escape_debug()
                )));
            };
            match member.kind {
                Kind::File => {
                    total = total.saturating_add(member.size);
                    let most = store.limits().bytes.saturating_mul(4);
                    if total > most {
                        return Err(failed(format!("it has more than {most} bytes")));
                    }
                    // Files beside each layer that only docker before 1.10 had a use for.
                    if matches!(path.rsplit('/').next(), Some("VERSION" | "json")) {
                        continue;
                    }
                    let named = blob_name(&path);
                    let mut writer = match &named {
                        Some(digest) => store.blobs().writer_with(digest.algorithm())?,
                        None => store.blobs().writer()?,
                    };
                    loop {
                        let chunk = reader.fill().map_err(damaged)?;
                        if chunk.is_empty() {
                            break;
                        }
                        writer.append(chunk)?;
                        let read = chunk.len();
                        reader.consume(read);
                    }
                    let stored = writer.commit(named.as_ref()).map_err(|error| match error {
                        blob::Error::Mismatch { .. } => failed(format!("{path}: {error}")),
                        other => other.into(),
                    })?;
                    contents.files.insert(path, stored);
                }
                Kind::Symlink | Kind::HardLink => {
                    let base = match member.kind {
                        Kind::Symlink => path.rsplit_once('/').map_or("", |(parent, _)| parent),
                        _ => "",
                    };
                    let target = [base.as_bytes(), b"/", &member.link].concat();
                    if let Some(target) = clean(&target) {
                        contents.links.insert(path, target);
                    }
                }
                _ => {}
            }
        }
        Ok(contents)
    }

    /// The blob that a file became.
    pub(super) fn get(&self, path: &str) -> Option<(Digest, u64)> {
        let mut path = clean(path.as_bytes())?;
        for _ in 0..MOST_HOPS {
            if let Some(stored) = self.files.get(&path) {
                return Some(*stored);
            }
            path = self.links.get(&path)?.clone();
        }
        None
    }

    /// The same for a file that something in the archive refers to.
    pub(super) fn need(&self, path: &str) -> Result<(Digest, u64)> {
        self.get(path).ok_or_else(|| self.failed(format!("there is no file `{}` in it", path.escape_debug())))
    }

    /// A file of JSON.
    pub(super) fn json<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T> {
        let (digest, _) = self.need(path)?;
        let bytes = self.store.small_blob("file", &digest, manifest::LARGEST)?;
        serde_json::from_slice(&bytes).map_err(|error| self.failed(format!("{path}: {error}")))
    }

    pub(super) fn failed(&self, reason: String) -> Error {
        Error::Archive { archive: self.archive.to_owned(), reason }
    }
}

/// A path without `.` and doubled slashes; none when it leads out or is no text.
fn clean(path: &[u8]) -> Option<String> {
    let mut parts = Vec::new();
    for part in std::str::from_utf8(path).ok()?.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The digest that the name of a file in an OCI layout says.
fn blob_name(path: &str) -> Option<Digest> {
    let (algorithm, hex) = path.strip_prefix("blobs/")?.split_once('/')?;
    format!("{algorithm}:{hex}").parse().ok()
}
