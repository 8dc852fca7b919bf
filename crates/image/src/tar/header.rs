use super::BLOCK;
use super::reader::TarError;

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    File,
    Directory,
    Symlink,
    HardLink,
    CharDevice,
    BlockDevice,
    Fifo,
}

/// One member of an archive without its content. Names are bytes, as they are on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub kind: Kind,
    pub path: Vec<u8>,
    /// The target of a link.
    pub link: Vec<u8>,
    /// Permissions with set-uid, set-gid and sticky: 12 bits.
    pub mode: u32,
    pub uid: u64,
    pub gid: u64,
    /// Bytes of content that follow; 0 for everything but files.
    pub size: u64,
    /// Seconds since 1970 and nanoseconds.
    pub mtime: (i64, u32),
    /// Major and minor number of a device.
    pub device: (u32, u32),
    /// Extended attributes, in the order of the archive.
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Member {
    /// A member of root's with no time, no content and no attributes.
    pub fn new(kind: Kind, path: &[u8], mode: u32) -> Self {
        Self {
            kind,
            path: path.to_vec(),
            link: Vec::new(),
            mode,
            uid: 0,
            gid: 0,
            size: 0,
            mtime: (0, 0),
            device: (0, 0),
            xattrs: Vec::new(),
        }
    }
}

/// A header block as it stands in the archive.
pub(super) struct Raw<'a>(pub(super) &'a [u8; BLOCK]);

impl Raw<'_> {
    pub(super) fn is_zero(&self) -> bool {
        self.0.iter().all(|byte| *byte == 0)
    }

    /// Whether the sum of the bytes is what the header says; old programs summed them up as signed numbers.
    pub(super) fn is_sound(&self) -> bool {
        let Some(expected) = number(&self.0[148..156]) else { return false };
        let blank = |index: usize, byte: u8| if (148..156).contains(&index) { b' ' } else { byte };
        let unsigned: u64 = self.0.iter().enumerate().map(|(index, byte)| u64::from(blank(index, *byte))).sum();
        let signed: i64 =
            self.0.iter().enumerate().map(|(index, byte)| i64::from(blank(index, *byte).cast_signed())).sum();
        expected == i128::from(unsigned) || expected == i128::from(signed)
    }

    pub(super) fn flag(&self) -> u8 {
        self.0[156]
    }

    pub(super) fn path(&self) -> Vec<u8> {
        let name = text(&self.0[..100]);
        let is_ustar = &self.0[257..263] == b"ustar\0";
        let prefix = if is_ustar { text(&self.0[345..500]) } else { b"" };
        if prefix.is_empty() { name.to_vec() } else { [prefix, b"/", name].concat() }
    }

    pub(super) fn link(&self) -> Vec<u8> {
        text(&self.0[157..257]).to_vec()
    }

    pub(super) fn mode(&self) -> Result<u32, TarError> {
        let mode = number(&self.0[100..108]).ok_or(TarError::Number("mode"))?;
        u32::try_from(mode & 0o7777).map_err(|_| TarError::Number("mode"))
    }

    pub(super) fn size(&self) -> Result<u64, TarError> {
        let size = number(&self.0[124..136]).and_then(|size| u64::try_from(size).ok());
        // Nothing is longer than a file offset can say.
        size.filter(|size| *size <= i64::MAX.cast_unsigned()).ok_or(TarError::Number("size"))
    }

    pub(super) fn uid(&self) -> Result<u64, TarError> {
        number(&self.0[108..116]).and_then(|uid| u64::try_from(uid).ok()).ok_or(TarError::Number("uid"))
    }

    pub(super) fn gid(&self) -> Result<u64, TarError> {
        number(&self.0[116..124]).and_then(|gid| u64::try_from(gid).ok()).ok_or(TarError::Number("gid"))
    }

    pub(super) fn mtime(&self) -> Result<i64, TarError> {
        number(&self.0[136..148]).and_then(|time| i64::try_from(time).ok()).ok_or(TarError::Number("mtime"))
    }

    /// Major and minor number; headers of old programs have none.
    pub(super) fn device(&self) -> Result<(u32, u32), TarError> {
        if &self.0[257..262] != b"ustar" {
            return Ok((0, 0));
        }
        let part =
            |bytes: &[u8]| number(bytes).and_then(|part| u32::try_from(part).ok()).ok_or(TarError::Number("device"));
        Ok((part(&self.0[329..337])?, part(&self.0[337..345])?))
    }
}

/// Text up to its first NUL.
pub(super) fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// A number: octal digits among blanks and NULs, or GNU's base 256 when the first bit is set.
fn number(field: &[u8]) -> Option<i128> {
    let (first, rest) = field.split_first()?;
    if first & 0x80 != 0 {
        // The second bit is the sign; the others belong to the number, of at most 95 bits here.
        let start = if first & 0x40 == 0 { i128::from(first & 0x3f) } else { i128::from(*first) - 0x100 };
        return Some(rest.iter().fold(start, |number, byte| (number << 8) | i128::from(*byte)));
    }
    let digits = field.iter().skip_while(|byte| matches!(**byte, b' ' | 0));
    let mut number: i128 = 0;
    let mut ended = false;
    for byte in digits {
        match byte {
            b'0'..=b'7' if !ended => number = (number << 3) | i128::from(byte - b'0'),
            b' ' | 0 => ended = true,
            _ => return None,
        }
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (field, expected) in [
            (&b"0000644\0"[..], Some(0o644)),
            (b"   644 \0", Some(0o644)),
            (b"\0\0\0\0\0\0\0\0", Some(0)),
            (b"00000008", None),
            (b"12 34\0\0\0", None),
            (b"77777777", Some(0o7777_7777)),
            (b"\x80\0\0\0\0\0\0\x01", Some(1)),
            (b"\x80\0\0\0\0\0\x01\0", Some(256)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff", Some(-1)),
            (b"-0000001", None),
        ] {
            assert_eq!(number(field), expected, "{field:?}");
        }
    }
}
