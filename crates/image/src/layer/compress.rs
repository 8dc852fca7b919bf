use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use flate2::{Compress, FlushCompress, Status};

use super::compression::Compression;

/// gzip is written in blocks of so many bytes, each compressed for itself. The result depends on this number, but not on how
/// many threads there are.
const BLOCK: usize = 1 << 20;
const GZIP_LEVEL: u32 = 6;
const ZSTD_LEVEL: i32 = 3;

/// No name, no time, an unknown system: nothing that differs from one machine to the next.
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// A last block with nothing in it, as every block before ends at a byte.
const DEFLATE_END: [u8; 2] = [0x03, 0x00];

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
    crc: crc32fast::Hasher,
    length: u64,
    begun: bool,
    /// Blocks that are being compressed, in order.
    pending: VecDeque<Receiver<Block>>,
    /// Started with the second block.
    jobs: Option<Sender<Job>>,
}

impl<W: Write> Gzip<W> {
    fn new(output: W) -> Self {
        let (block, crc) = (Vec::new(), crc32fast::Hasher::new());
        Self { output, block, crc, length: 0, begun: false, pending: VecDeque::new(), jobs: None }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(BLOCK - self.block.len());
        self.block.extend_from_slice(&bytes[..taken]);
        self.crc.update(&bytes[..taken]);
        self.length += taken as u64;
        if self.block.len() == BLOCK {
            self.hand_over()?;
        }
        Ok(taken)
    }

    /// Gives a whole block to a thread, and writes one that is done when there are enough on their way.
    fn hand_over(&mut self) -> io::Result<()> {
        let workers = thread::available_parallelism().map_or(1, usize::from).min(8);
        let jobs = self.jobs.get_or_insert_with(|| start(workers));
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
        self.begin()?;
        self.output.write_all(&block)
    }

    fn begin(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.begun, true) {
            self.output.write_all(&GZIP_HEADER)?;
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<W> {
        while !self.pending.is_empty() {
            self.write_next()?;
        }
        self.begin()?;
        if !self.block.is_empty() {
            let last = deflate(&mut compress(), &self.block)?;
            self.output.write_all(&last)?;
        }
        self.output.write_all(&DEFLATE_END)?;
        self.output.write_all(&self.crc.finalize().to_le_bytes())?;
        // The length in the trailer wraps around, by definition.
        self.output.write_all(&(self.length as u32).to_le_bytes())?;
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
            let mut compress = compress();
            loop {
                let Ok(job) = receive.lock().map(|receive| receive.recv()) else { return };
                let Ok((block, done)) = job else { return };
                compress.reset();
                let _ = done.send(deflate(&mut compress, &block));
            }
        });
    }
    jobs
}

fn compress() -> Compress {
    Compress::new(flate2::Compression::new(GZIP_LEVEL), false)
}

/// Compresses a block so that it ends at a byte and refers to nothing before it.
fn deflate(compress: &mut Compress, block: &[u8]) -> Block {
    let mut output = Vec::with_capacity(block.len() / 2 + 1024);
    loop {
        let taken = usize::try_from(compress.total_in()).unwrap_or(usize::MAX);
        let status =
            compress.compress_vec(&block[taken..], &mut output, FlushCompress::Sync).map_err(io::Error::other)?;
        let all_taken = compress.total_in() == block.len() as u64;
        if all_taken && output.len() < output.capacity() {
            return Ok(output);
        }
        if status == Status::StreamEnd {
            return Err(io::Error::other("deflate ended early"));
        }
        output.reserve(block.len() / 4 + 1024);
    }
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
        insta::assert_snapshot!(digest(Compression::Gzip), @"sha256:ff1fb846acdcde7728d95e5f156669604657a0ee26188299b96b797cf4bc3acd");
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
