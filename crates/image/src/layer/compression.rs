use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use super::error::LayerError;

/// How a layer is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    None,
    #[default]
    Gzip,
    Zstd,
}

impl Compression {
    /// The media type of a layer of OCI.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::None => crate::media_type::OCI_LAYER,
            Self::Gzip => crate::media_type::OCI_LAYER_GZIP,
            Self::Zstd => crate::media_type::OCI_LAYER_ZSTD,
        }
    }

    /// From the first bytes; what is not known is uncompressed.
    fn detect(head: &[u8]) -> Result<Self, LayerError> {
        match head {
            [0x1f, 0x8b, ..] => Ok(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Ok(Self::Zstd),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Err(LayerError::UnsupportedCompression("bzip2")),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Err(LayerError::UnsupportedCompression("xz")),
            _ => Ok(Self::None),
        }
    }
}

/// Windows of more than 128 MiB are refused: each reader of a layer would need so much memory.
const LARGEST_WINDOW_LOG: u32 = 27;

/// Uncompresses whatever the first bytes say it is.
pub enum Decompressor<R: Read> {
    None(BufReader<R>),
    Gzip(Box<MultiGzDecoder<BufReader<R>>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, BufReader<R>>>),
}

impl<R: Read> Decompressor<R> {
    pub fn new(input: R) -> Result<Self, LayerError> {
        let mut input = BufReader::with_capacity(128 << 10, input);
        // A buffer that is just full or at the end: the first read of any source gives the few bytes that are looked at.
        let head = input.fill_buf().map_err(LayerError::Compression)?;
        Ok(match Compression::detect(head)? {
            Compression::None => Self::None(input),
            Compression::Gzip => Self::Gzip(Box::new(MultiGzDecoder::new(input))),
            Compression::Zstd => {
                let decoder = zstd::stream::read::Decoder::with_buffer(input).and_then(|mut decoder| {
                    decoder.window_log_max(LARGEST_WINDOW_LOG)?;
                    Ok(decoder)
                });
                Self::Zstd(Box::new(decoder.map_err(LayerError::Compression)?))
            }
        })
    }

    pub fn compression(&self) -> Compression {
        match self {
            Self::None(_) => Compression::None,
            Self::Gzip(_) => Compression::Gzip,
            Self::Zstd(_) => Compression::Zstd,
        }
    }
}

impl<R: Read> Read for Decompressor<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::None(input) => input.read(buffer),
            Self::Gzip(input) => input.read(buffer),
            Self::Zstd(input) => input.read(buffer),
        }
    }
}
