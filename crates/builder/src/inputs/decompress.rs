//! Compressed archives, told by their first bytes.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
    Bzip2,
    Xz,
}

impl Compression {
    /// By the first bytes.
    pub(crate) fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            [b'B', b'Z', b'h', ..] => Self::Bzip2,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            _ => Self::None,
        }
    }
}

/// What is in a file, whether it is compressed or not. Reads from the beginning.
pub(crate) fn decompressed(mut file: File) -> io::Result<(Compression, Box<dyn Read + Send>)> {
    let mut head = [0_u8; 6];
    file.seek(SeekFrom::Start(0))?;
    let mut length = 0;
    while length < head.len() {
        match file.read(&mut head[length..])? {
            0 => break,
            more => length += more,
        }
    }
    file.seek(SeekFrom::Start(0))?;
    let compression = Compression::of(&head[..length]);
    let buffered = BufReader::with_capacity(128 * 1024, file);
    let reader: Box<dyn Read + Send> = match compression {
        Compression::None => Box::new(buffered),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(buffered)),
        Compression::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(buffered)?),
        Compression::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(buffered)),
        Compression::Xz => Box::new(lzma_rust2::XzReader::new(buffered, true)),
    };
    Ok((compression, reader))
}
