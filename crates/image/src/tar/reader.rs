use std::io::{self, BufRead};

use thiserror::Error;

use super::BLOCK;
use super::header::{Kind, Member, Raw};
use super::pax::Extension;

/// Names and records of one member may take so much; far more than any real one needs.
const LONGEST_EXTENSION: u64 = 1 << 20;

/// Why bytes are no tar archive.
#[derive(Debug, Error)]
pub enum TarError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("it ends in the middle")]
    Truncated,
    #[error("the header at byte {0} is damaged (its checksum is wrong): this is no tar archive")]
    Checksum(u64),
    #[error("a header's {0} is no number in range")]
    Number(&'static str),
    #[error("a PAX header is damaged")]
    Pax,
    #[error("the names and attributes of one member take {0} bytes, more than {LONGEST_EXTENSION}")]
    Extension(u64),
    #[error("member type {:?} is not supported", char::from(*.0))]
    Kind(u8),
    #[error("it holds a sparse file; write the archive without --sparse")]
    Sparse,
}

/// Reads an archive member by member.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    /// Bytes read so far.
    position: u64,
    /// Content of the current member that was not read yet.
    left: u64,
    /// Zeros behind that content.
    padding: u64,
    ended: bool,
}

impl<R: BufRead> Reader<R> {
    pub fn new(input: R) -> Self {
        Self { input, position: 0, left: 0, padding: 0, ended: false }
    }

    /// The next member; none at the end. What was not read of the one before is skipped.
    pub fn advance(&mut self) -> Result<Option<Member>, TarError> {
        let mut extension = Extension::default();
        let mut extended = 0;
        loop {
            self.skip(self.left.saturating_add(self.padding))?;
            (self.left, self.padding) = (0, 0);
            let Some(block) = self.header()? else {
                return Ok(None);
            };
            let raw = Raw(&block);
            let flag = raw.flag();
            if matches!(flag, b'x' | b'g' | b'L' | b'K') {
                let size = raw.size()?;
                extended += size;
                if extended > LONGEST_EXTENSION {
                    return Err(TarError::Extension(extended));
                }
                let content = self.take(size)?;
                match flag {
                    b'x' => extension.records(&content)?,
                    b'L' => extension.long_path(&content),
                    b'K' => extension.long_link(&content),
                    // What is said of all members: comments, in practice.
                    _ => {}
                }
                continue;
            }
            let mut member = read(&raw)?;
            extension.apply(&mut member);
            if member.kind == Kind::File && matches!(flag, b'0' | 0) && member.path.ends_with(b"/") {
                member.kind = Kind::Directory;
            }
            // Only files have content, whatever size the others claim: links are given that of their target by some.
            if member.kind != Kind::File {
                member.size = 0;
            }
            self.left = member.size;
            self.padding = padding(self.left);
            return Ok(Some(member));
        }
    }

    /// Content of the current member that is at hand; empty at its end.
    pub fn fill(&mut self) -> Result<&[u8], TarError> {
        if self.left == 0 {
            return Ok(&[]);
        }
        let chunk = self.input.fill_buf()?;
        if chunk.is_empty() {
            return Err(TarError::Truncated);
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(chunk.len());
        Ok(&chunk[..most])
    }

    /// Marks so many bytes of [`Self::fill`] as read.
    pub fn consume(&mut self, read: usize) {
        self.input.consume(read);
        self.left = self.left.saturating_sub(read as u64);
        self.position += read as u64;
    }

    /// The content of the current member as a reader.
    pub fn content(&mut self) -> impl io::Read + '_ {
        Content(self)
    }

    pub fn into_inner(self) -> R {
        self.input
    }

    /// A header, or none at the end: two blocks of zeros, or nothing.
    fn header(&mut self) -> Result<Option<[u8; BLOCK]>, TarError> {
        if self.ended {
            return Ok(None);
        }
        let at = self.position;
        let Some(block) = self.block()? else {
            self.ended = true;
            return Ok(None);
        };
        if Raw(&block).is_zero() {
            self.ended = true;
            return match self.block()? {
                Some(second) if !Raw(&second).is_zero() => Err(TarError::Checksum(self.position - BLOCK as u64)),
                _ => Ok(None),
            };
        }
        if !Raw(&block).is_sound() {
            return Err(TarError::Checksum(at));
        }
        Ok(Some(block))
    }

    /// A whole block; none when there is nothing more.
    fn block(&mut self) -> Result<Option<[u8; BLOCK]>, TarError> {
        if self.input.fill_buf()?.is_empty() {
            return Ok(None);
        }
        let mut block = [0; BLOCK];
        self.input.read_exact(&mut block).map_err(truncated)?;
        self.position += BLOCK as u64;
        Ok(Some(block))
    }

    /// A short content with its padding.
    fn take(&mut self, size: u64) -> Result<Vec<u8>, TarError> {
        let mut content = vec![0; usize::try_from(size).map_err(|_| TarError::Extension(size))?];
        self.input.read_exact(&mut content).map_err(truncated)?;
        self.position += size;
        self.skip(padding(size))?;
        Ok(content)
    }

    fn skip(&mut self, mut count: u64) -> Result<(), TarError> {
        while count > 0 {
            let available = self.input.fill_buf()?.len();
            if available == 0 {
                return Err(TarError::Truncated);
            }
            let skipped = usize::try_from(count).unwrap_or(usize::MAX).min(available);
            self.input.consume(skipped);
            self.position += skipped as u64;
            count -= skipped as u64;
        }
        Ok(())
    }
}

struct Content<'a, R>(&'a mut Reader<R>);

impl<R: BufRead> io::Read for Content<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let chunk = self.0.fill().map_err(|error| match error {
            TarError::Io(error) => error,
            other => io::Error::new(io::ErrorKind::InvalidData, other),
        })?;
        let count = chunk.len().min(buffer.len());
        buffer[..count].copy_from_slice(&chunk[..count]);
        self.0.consume(count);
        Ok(count)
    }
}

fn read(raw: &Raw<'_>) -> Result<Member, TarError> {
    let kind = match raw.flag() {
        0 | b'0' | b'7' => Kind::File,
        b'1' => Kind::HardLink,
        b'2' => Kind::Symlink,
        b'3' => Kind::CharDevice,
        b'4' => Kind::BlockDevice,
        b'5' => Kind::Directory,
        b'6' => Kind::Fifo,
        b'S' => return Err(TarError::Sparse),
        other => return Err(TarError::Kind(other)),
    };
    let is_device = matches!(kind, Kind::CharDevice | Kind::BlockDevice);
    Ok(Member {
        kind,
        path: raw.path(),
        link: raw.link(),
        mode: raw.mode()?,
        uid: raw.uid()?,
        gid: raw.gid()?,
        size: raw.size()?,
        mtime: (raw.mtime()?, 0),
        device: if is_device { raw.device()? } else { (0, 0) },
        xattrs: Vec::new(),
    })
}

fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK as u64
}

fn truncated(error: io::Error) -> TarError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => TarError::Truncated,
        _ => TarError::Io(error),
    }
}
