use std::io::Read;

use blob::{Algorithm, Digest};

use super::error::LayerError;
use super::limits::Limits;
use super::pipeline;
use crate::tar::Reader;

/// Reads a layer without unpacking it: whether it is a tar archive within the limits, and the digest of what is uncompressed.
pub fn check(stored: impl Read + Send, algorithm: Algorithm, limits: &Limits) -> Result<Digest, LayerError> {
    std::thread::scope(|scope| {
        // The size of a stream is not known beforehand, so there is no ratio.
        let (stream, digesting) = pipeline::start(scope, stored, u64::MAX, algorithm, limits);
        let mut reader = Reader::new(stream);
        let mut entries = 0;
        while reader.advance().map_err(LayerError::from_tar)?.is_some() {
            entries += 1;
            if entries > limits.entries {
                return Err(LayerError::Limit { what: "entries", limit: limits.entries });
            }
        }
        reader.into_inner().drain().map_err(LayerError::from_stream)?;
        let failed = || LayerError::Compression(std::io::Error::other("the thread that uncompresses has failed"));
        digesting.join().ok().flatten().ok_or_else(failed)
    })
}
