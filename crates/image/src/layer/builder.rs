use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

use blob::{Algorithm, Digest, Hasher};

use super::compress::Compressor;
use super::compression::Compression;
use super::entry::{Entry, Source};
use super::error::LayerError;
use crate::error::{Error, Result};
use crate::manifest::Descriptor;
use crate::store::Store;
use crate::tar::{Kind, Writer};

/// How layers are written. The same entries with the same options give the same digests on every machine.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub compression: Compression,
    /// Times later than this become this, in seconds since 1970: `SOURCE_DATE_EPOCH`. None leaves them.
    pub latest: Option<i64>,
}

/// A layer that is in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    pub descriptor: Descriptor,
    pub diff_id: Digest,
}

/// Collects the entries of a layer, in any order, and writes them in one: sorted by path, hard links last.
#[derive(Debug, Default)]
pub struct Builder {
    entries: BTreeMap<Vec<u8>, Entry>,
    options: Options,
}

impl Builder {
    pub fn new(options: Options) -> Self {
        Self { entries: BTreeMap::new(), options }
    }

    /// Adds an entry. One that was added before with the same path is replaced.
    pub fn add(&mut self, mut entry: Entry) {
        let path = &mut entry.member.path;
        while path.last() == Some(&b'/') {
            path.pop();
        }
        let key = key(path);
        self.entries.insert(key, entry);
    }

    /// Makes a file that was added a hard link to another one.
    pub(super) fn relink(&mut self, path: &[u8], target: &[u8]) {
        if let Some(entry) = self.entries.get_mut(&key(path)) {
            entry.source = Source::Empty;
            let member = &mut entry.member;
            (member.kind, member.size, member.link) = (Kind::HardLink, 0, target.to_vec());
            member.xattrs.clear();
        }
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Writes the layer into a store.
    ///
    /// # Errors
    ///
    /// When a source cannot be read or is not as large as its entry says; nothing is stored then.
    pub fn write(self, store: &Store) -> Result<Layer> {
        let compression = self.options.compression;
        let writer = store.blobs().writer()?;
        let failed = Error::Making;
        let output = Compressor::new(writer, compression).map_err(|source| failed(LayerError::Compression(source)))?;
        let hashed = Hashed { output, hasher: Hasher::new(Algorithm::Sha256) };
        let hashed = self.write_tar(hashed).map_err(failed)?;
        let writer = hashed.output.finish().map_err(|source| failed(LayerError::io("write", b"the layer", source)))?;
        let (digest, size) = writer.commit(None)?;
        let descriptor = Descriptor::new(compression.media_type(), digest, size);
        Ok(Layer { descriptor, diff_id: hashed.hasher.finish() })
    }

    /// Writes the uncompressed archive.
    pub fn write_tar<W: Write>(self, output: W) -> Result<W, LayerError> {
        let latest = self.options.latest;
        let mut writer = Writer::new(io::BufWriter::with_capacity(256 << 10, output));
        let mut append = |mut entry: Entry| {
            let member = &mut entry.member;
            member.mtime = (latest.map_or(member.mtime.0, |latest| member.mtime.0.min(latest)), 0);
            let place = match &entry.source {
                Source::File(path) => path.clone(),
                _ => PathBuf::from(String::from_utf8_lossy(&member.path).into_owned()),
            };
            let failed = |source| LayerError::Source { path: place.clone(), source };
            let mut content = entry.source.open().map_err(failed)?;
            writer.append(&entry.member, &mut content).map_err(failed)
        };
        let (links, others): (Vec<Entry>, Vec<Entry>) =
            self.entries.into_values().partition(|entry| entry.member.kind == Kind::HardLink);
        others.into_iter().chain(links).try_for_each(&mut append)?;
        let failed = |source: io::Error| LayerError::io("write", b"the layer", source);
        writer.finish().map_err(failed)?.into_inner().map_err(|error| failed(error.into_error()))
    }
}

/// The order of entries: `a` and all below it come before `a-b`, so that directories are followed by what is in them.
pub(super) fn key(path: &[u8]) -> Vec<u8> {
    path.iter().map(|byte| if *byte == b'/' { 0 } else { *byte }).collect()
}

/// Hashes what goes through.
struct Hashed<W> {
    output: W,
    hasher: Hasher,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.output.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}
