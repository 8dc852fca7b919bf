use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use libdeflater::CompressionLvl;

use super::compression::Compression;

/// gzip is written in members of so many uncompressed bytes, each for itself. The result depends on this number, but not on
/// how many threads there are. RFC 1952, 2.2: a file is a series of members.
const BLOCK: usize = 1 << 20;
/// Of libdeflate: as small as level 6 of zlib, in half of its time.
const GZIP_LEVEL: i32 = 5;
const ZSTD_LEVEL: i32 = 3;

/// Compresses what is written. The same bytes become the same bytes on every machine.
pub struct Compressor<W: Write>(Inner<W>);

enum Inner<W: Write> {
    None(W),
    Gzip(Gzip<W>),
    Zstd(Box<zstd::stream::write::Encoder<'static, W>>),
}

impl<W: Write> Compressor<W> {
    /// # Errors
    ///
    /// When zstd has no memory.
    pub fn new(output: W, compression: Compression) -> io::Result<Self> {
        Ok(Self(match compression {
            Compression::None => Inner::None(output),
            Compression::Gzip => Inner::Gzip(Gzip::new(output)),
            Compression::Zstd => Inner::Zstd(Box::new(zstd::stream::write::Encoder::new(output, ZSTD_LEVEL)?)),
        }))
    }

    /// Writes what is left.
    pub fn finish(self) -> io::Result<W> {
        match self.0 {
            Inner::None(output) => Ok(output),
            Inner::Gzip(gzip) => gzip.finish(),
            Inner::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> Write for Compressor<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Inner::None(output) => output.write(bytes),
            Inner::Gzip(gzip) => gzip.write(bytes),
            Inner::Zstd(encoder) => encoder.write(bytes),
        }
    }

    /// Nothing: what was not compressed yet stays until [`Compressor::finish`].
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

type Block = io::Result<Vec<u8>>;
type Job = (Vec<u8>, Sender<Block>);

struct Gzip<W> {
    output: W,
    /// What is not yet a whole block.
    block: Vec<u8>,
    /// Whether there is a member: nothing at all is no gzip.
    begun: bool,
    /// Blocks that are being compressed, in order.
    pending: VecDeque<Receiver<Block>>,
    /// Started with the second block.
    jobs: Option<Sender<Job>>,
}

impl<W: Write> Gzip<W> {
    fn new(output: W) -> Self {
        Self { output, block: Vec::new(), begun: false, pending: VecDeque::new(), jobs: None }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(BLOCK - self.block.len());
        self.block.extend_from_slice(&bytes[..taken]);
        if self.block.len() == BLOCK {
            self.hand_over()?;
        }
        Ok(taken)
    }

    /// Gives a whole block to a thread, and writes one that is done when there are enough on their way.
    fn hand_over(&mut self) -> io::Result<()> {
        let workers = thread::available_parallelism().map_or(1, usize::from).min(8);
        let jobs = self.jobs.get_or_insert_with(|| start(workers));
        self.begun = true;
        let (done, receive) = channel();
        let block = std::mem::replace(&mut self.block, Vec::with_capacity(BLOCK));
        jobs.send((block, done)).map_err(|_| gone())?;
        self.pending.push_back(receive);
        while self.pending.len() > workers + 1 {
            self.write_next()?;
        }
        Ok(())
    }

    fn write_next(&mut self) -> io::Result<()> {
        let Some(next) = self.pending.pop_front() else { return Ok(()) };
        let block = next.recv().map_err(|_| gone())??;
        self.output.write_all(&block)
    }

    fn finish(mut self) -> io::Result<W> {
        // Here, while the threads are at the others.
        let last = (!self.block.is_empty() || !self.begun).then(|| member(&mut compressor()?, &self.block));
        while !self.pending.is_empty() {
            self.write_next()?;
        }
        if let Some(last) = last {
            self.output.write_all(&last?)?;
        }
        Ok(self.output)
    }
}

fn gone() -> io::Error {
    io::Error::other("a thread that compresses has failed")
}

/// Threads that end when nothing can come any more.
fn start(workers: usize) -> Sender<Job> {
    let (jobs, receive) = channel::<Job>();
    let receive = Arc::new(Mutex::new(receive));
    for _ in 0..workers {
        let receive = Arc::clone(&receive);
        thread::spawn(move || {
            let mut compressor = compressor();
            loop {
                let Ok(job) = receive.lock().map(|receive| receive.recv()) else { return };
                let Ok((block, done)) = job else { return };
                let _ = done.send(match &mut compressor {
                    Ok(compressor) => member(compressor, &block),
                    Err(error) => Err(io::Error::other(error.to_string())),
                });
            }
        });
    }
    jobs
}

fn compressor() -> io::Result<libdeflater::Compressor> {
    let level =
        CompressionLvl::new(GZIP_LEVEL).map_err(|_| io::Error::other("there is no such level of compression"))?;
    Ok(libdeflater::Compressor::new(level))
}

/// A member of its own. It holds no name and no time: nothing that differs from one machine to the next.
fn member(compressor: &mut libdeflater::Compressor, block: &[u8]) -> Block {
    let mut output = vec![0; compressor.gzip_compress_bound(block.len())];
    let length = compressor.gzip_compress(block, &mut output).map_err(io::Error::other)?;
    output.truncate(length);
    Ok(output)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use proptest::prelude::*;

    use super::super::compression::Decompressor;
    use super::*;

    fn compressed(bytes: &[u8], compression: Compression, pieces: usize) -> Vec<u8> {
        let mut compressor = Compressor::new(Vec::new(), compression).unwrap();
        for piece in bytes.chunks(pieces) {
            compressor.write_all(piece).unwrap();
        }
        compressor.finish().unwrap()
    }

    /// Bytes that are neither all the same nor random.
    fn sample(length: usize) -> Vec<u8> {
        (0..length).map(|index| (index * index / 7 % 251) as u8).collect()
    }

    #[test]
    fn what_was_compressed_comes_back() {
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
            for length in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK + 17] {
                let bytes = sample(length);
                let stored = compressed(&bytes, compression, 100_000);
                assert_eq!(stored, compressed(&bytes, compression, 77_777), "pieces do not matter");
                let mut read = Decompressor::new(&stored[..]).unwrap();
                assert_eq!(
                    read.compression(),
                    if length == 0 && compression == Compression::None { Compression::None } else { compression }
                );
                let mut back = Vec::new();
                read.read_to_end(&mut back).unwrap();
                assert!(back == bytes, "{compression:?} {length}");
            }
        }
    }

    /// A digest that changes here changes every layer that anybody builds.
    #[test]
    fn the_same_bytes_everywhere() {
        let digest =
            |compression| blob::Digest::of(&compressed(&sample(3 * BLOCK + 5), compression, 65536)).to_string();
        insta::assert_snapshot!(digest(Compression::Gzip), @"sha256:330ac8294991ad2678507b2edf0024aa125699e231df1c3f0b29a7b1709bc625");
        insta::assert_snapshot!(digest(Compression::Zstd), @"sha256:7037d62596782e427685ce0a6a41e0f656439a55deb4a75b895da93c7765c58a");
    }

    proptest! {
        #[test]
        fn incompressible_bytes_come_back(bytes in prop::collection::vec(any::<u8>(), 0..20_000)) {
            let stored = compressed(&bytes, Compression::Gzip, 1000);
            let mut back = Vec::new();
            Decompressor::new(&stored[..]).unwrap().read_to_end(&mut back).unwrap();
            prop_assert_eq!(back, bytes);
        }
    }
}
