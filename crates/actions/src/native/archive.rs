//! Tar archives of caches: written and read as `tar --posix -P` does, in one pass, never held whole.

mod landing;
mod pack;
mod unpack;

pub(crate) use landing::Landing;
pub(crate) use pack::pack;
pub(crate) use unpack::unpack;

use std::io::{self, BufRead, BufReader, Read, Write};

use tokio_util::sync::CancellationToken;

/// How an archive is compressed, by the name that @actions/cache hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    Gzip,
    Zstd,
}

impl Compression {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd-without-long",
        }
    }
}

/// Threads for compressing at most.
const MAX_THREADS: usize = 4;

/// Lets `write` write a tar archive that arrives at `to` compressed.
pub(crate) fn compress<W: Write, T>(
    compression: Compression,
    to: W,
    write: impl FnOnce(&mut dyn Write) -> io::Result<T>,
) -> io::Result<T> {
    match compression {
        Compression::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(to, flate2::Compression::fast());
            let done = write(&mut encoder)?;
            encoder.finish()?.flush()?;
            Ok(done)
        }
        Compression::Zstd => {
            let mut encoder = zstd::Encoder::new(to, zstd::DEFAULT_COMPRESSION_LEVEL)?;
            let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
            encoder.multithread(u32::try_from(threads).unwrap_or(1))?;
            let done = write(&mut encoder)?;
            encoder.finish()?.flush()?;
            Ok(done)
        }
    }
}

/// Reads what is compressed either way, or not at all: the content tells.
pub(crate) fn decompress<'a>(from: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut from = BufReader::with_capacity(128 * 1024, from);
    let start = from.fill_buf()?;
    Ok(if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let mut decoder = zstd::Decoder::with_buffer(from)?;
        decoder.window_log_max(30)?;
        Box::new(decoder)
    } else if start.starts_with(&[0x1f, 0x8b]) {
        Box::new(flate2::bufread::MultiGzDecoder::new(from))
    } else {
        Box::new(from)
    })
}

/// Fails once the step is cancelled.
pub(crate) struct Cancellable<'a, R> {
    pub(crate) inner: R,
    pub(crate) cancel: &'a CancellationToken,
}

impl<R: Read> Read for Cancellable<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.cancel.is_cancelled() {
            return Err(io::Error::other("the step was cancelled"));
        }
        self.inner.read(buffer)
    }
}

#[cfg(test)]
mod tests;
