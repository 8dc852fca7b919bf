use std::io::{self, ErrorKind, Read, Write};

use blob::Algorithm;

use crate::config::{History, ImageConfiguration};
use crate::error::{Error, Result};
use crate::layer::{self, Compression, Compressor, LayerError};
use crate::manifest::{Descriptor, Manifest};
use crate::media_type;
use crate::store::Store;

/// What an imported tree becomes.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// The configuration; its layers and history are filled in.
    pub config: ImageConfiguration,
    /// A line for the history.
    pub message: Option<String>,
    /// RFC 3339.
    pub created: Option<String>,
}

/// Makes an image of one layer from a tar archive of a root directory, compressed or not. It has no name yet: the caller holds
/// [`Store::writing`] until it has.
///
/// # Errors
///
/// When the bytes are no tar archive or go beyond the limits.
pub fn import(store: &Store, archive: &str, mut input: impl Read + Send, options: ImportOptions) -> Result<Descriptor> {
    let failed = |source: LayerError| match source {
        // What is read is written at once: this is the store's disk, and no fault of the archive.
        LayerError::Compression(error) if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
            Error::io("write in", store.root())(error)
        }
        source => Error::Archive { archive: archive.to_owned(), reason: source.to_string() },
    };
    let stream = |source: io::Error| failed(LayerError::Compression(source));
    let mut head = Vec::new();
    input.by_ref().take(8).read_to_end(&mut head).map_err(stream)?;
    let stored_as = layer::Decompressor::new(&head[..]).map_err(failed)?.compression();
    // What is compressed is stored as it is; what is not gets smaller.
    let (compression, recompress) = match stored_as {
        Compression::None => (Compression::Gzip, Compression::Gzip),
        other => (other, Compression::None),
    };
    let sink = Compressor::new(store.blobs().writer()?, recompress).map_err(stream)?;
    let mut tee = Tee { input: (&head[..]).chain(input), sink };
    let diff_id = layer::check(&mut tee, Algorithm::Sha256, store.limits()).map_err(failed)?;
    io::copy(&mut tee, &mut io::sink()).map_err(stream)?;
    let (digest, size) = tee.sink.finish().map_err(stream)?.commit(None)?;
    let layer = Descriptor::new(compression.media_type(), digest, size);

    let ImportOptions { mut config, message, created } = options;
    config.created.clone_from(&created);
    config.rootfs.diff_ids = vec![diff_id];
    let comment = message.or_else(|| Some(format!("Imported from {archive}")));
    config.history = vec![History { created, comment, ..History::default() }];
    let config = store.put(media_type::OCI_CONFIG, &config.to_bytes())?;
    store.put(media_type::OCI_MANIFEST, &Manifest::oci(config, vec![layer]).to_bytes())
}

/// Gives everything that is read to somebody else as well.
struct Tee<R, W> {
    input: R,
    sink: W,
}

impl<R: Read, W: Write> Read for Tee<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.sink.write_all(&buffer[..read])?;
        Ok(read)
    }
}
