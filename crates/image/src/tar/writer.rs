use std::io::{self, Read, Write};

use super::BLOCK;
use super::header::{Kind, Member};

/// The largest numbers that fit into the octal digits of a header.
const LARGEST_ID: u64 = 0o777_7777;
const LARGEST_SIZE: u64 = 0o777_7777_7777;

/// Writes an archive member by member. Names of users and groups are left out, times are whole seconds.
#[derive(Debug)]
pub struct Writer<W> {
    output: W,
}

impl<W: Write> Writer<W> {
    pub fn new(output: W) -> Self {
        Self { output }
    }

    /// Adds a member with its content, which must have as many bytes as the member says.
    ///
    /// # Errors
    ///
    /// When the content is shorter or longer: the archive is of no use then.
    pub fn append(&mut self, member: &Member, content: &mut dyn Read) -> io::Result<()> {
        self.head(member)?;
        let mut buffer = [0; 64 << 10];
        let mut left = if member.kind == Kind::File { member.size } else { 0 };
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
            let read = match content.read(&mut buffer[..most]) {
                Ok(0) => return Err(changed(member, "shorter")),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.output.write_all(&buffer[..read])?;
            left -= read as u64;
        }
        if member.kind == Kind::File {
            if content.read(&mut buffer[..1])? != 0 {
                return Err(changed(member, "longer"));
            }
            self.pad(member.size)?;
        }
        Ok(())
    }

    /// Ends the archive.
    pub fn finish(mut self) -> io::Result<W> {
        self.output.write_all(&[0; 2 * BLOCK])?;
        Ok(self.output)
    }

    fn head(&mut self, member: &Member) -> io::Result<()> {
        let mut path = member.path.clone();
        if member.kind == Kind::Directory && !path.ends_with(b"/") {
            path.push(b'/');
        }
        let split = split(&path);
        let mut records = Vec::new();
        if split.is_none() {
            record(&mut records, b"path", &path);
        }
        if member.link.len() > 100 {
            record(&mut records, b"linkpath", &member.link);
        }
        for (key, number, largest) in [
            (&b"size"[..], member.size, LARGEST_SIZE),
            (b"uid", member.uid, LARGEST_ID),
            (b"gid", member.gid, LARGEST_ID),
        ] {
            if number > largest {
                record(&mut records, key, number.to_string().as_bytes());
            }
        }
        let time = u64::try_from(member.mtime.0).ok().filter(|time| *time <= LARGEST_SIZE);
        if time.is_none() {
            record(&mut records, b"mtime", member.mtime.0.to_string().as_bytes());
        }
        let mut xattrs: Vec<_> = member.xattrs.iter().collect();
        xattrs.sort();
        for (name, value) in xattrs {
            record(&mut records, &[b"SCHILY.xattr.", &name[..]].concat(), value);
        }
        if !records.is_empty() {
            let mut header = blank();
            put(&mut header[..100], b"PaxHeaders.0/x");
            octal(&mut header[100..108], 0o644);
            octal(&mut header[124..136], records.len() as u64);
            header[156] = b'x';
            self.output.write_all(&sealed(header))?;
            self.output.write_all(&records)?;
            self.pad(records.len() as u64)?;
        }
        let mut header = blank();
        let (prefix, name) = split.unwrap_or((b"", &path[..path.len().min(100)]));
        put(&mut header[..100], name);
        put(&mut header[345..500], prefix);
        put(&mut header[157..257], &member.link[..member.link.len().min(100)]);
        octal(&mut header[100..108], u64::from(member.mode & 0o7777));
        octal(&mut header[108..116], Some(member.uid).filter(|uid| *uid <= LARGEST_ID).unwrap_or_default());
        octal(&mut header[116..124], Some(member.gid).filter(|gid| *gid <= LARGEST_ID).unwrap_or_default());
        octal(&mut header[124..136], Some(member.size).filter(|size| *size <= LARGEST_SIZE).unwrap_or_default());
        octal(&mut header[136..148], time.unwrap_or_default());
        header[156] = match member.kind {
            Kind::File => b'0',
            Kind::HardLink => b'1',
            Kind::Symlink => b'2',
            Kind::CharDevice => b'3',
            Kind::BlockDevice => b'4',
            Kind::Directory => b'5',
            Kind::Fifo => b'6',
        };
        octal(&mut header[329..337], u64::from(member.device.0));
        octal(&mut header[337..345], u64::from(member.device.1));
        self.output.write_all(&sealed(header))
    }

    fn pad(&mut self, size: u64) -> io::Result<()> {
        let padding = usize::try_from(size.wrapping_neg() % BLOCK as u64).unwrap_or_default();
        self.output.write_all(&[0; BLOCK][..padding])
    }
}

fn changed(member: &Member, how: &str) -> io::Error {
    let path = String::from_utf8_lossy(&member.path);
    io::Error::other(format!("{} became {how} than {} bytes while it was read", path.escape_debug(), member.size))
}

/// Prefix and name, when they fit into the header: at most 155 and 100 bytes, parted by a slash.
fn split(path: &[u8]) -> Option<(&[u8], &[u8])> {
    if path.len() <= 100 {
        return Some((b"", path));
    }
    // The last slash belongs to a directory's name.
    let slash = (1..path.len() - 1).rfind(|index| path[*index] == b'/' && *index <= 155)?;
    let (prefix, name) = (&path[..slash], &path[slash + 1..]);
    (name.len() <= 100).then_some((prefix, name))
}

/// The length of a record counts its own digits.
fn record(records: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    let body = key.len() + value.len() + 3;
    let mut length = body + 1;
    while body + length.to_string().len() != length {
        length = body + length.to_string().len();
    }
    records.extend_from_slice(format!("{length} ").as_bytes());
    for part in [key, b"=", value, b"\n"] {
        records.extend_from_slice(part);
    }
}

fn blank() -> [u8; BLOCK] {
    let mut header = [0; BLOCK];
    for (range, digits) in [(108..116, 8), (116..124, 8), (124..136, 12), (136..148, 12), (329..337, 8), (337..345, 8)]
    {
        debug_assert_eq!(range.len(), digits);
        octal(&mut header[range], 0);
    }
    header[257..265].copy_from_slice(b"ustar\x0000");
    header
}

fn put(field: &mut [u8], text: &[u8]) {
    field[..text.len()].copy_from_slice(text);
}

/// Octal digits with leading zeros and a NUL.
fn octal(field: &mut [u8], mut number: u64) {
    let Some((last, digits)) = field.split_last_mut() else { return };
    *last = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number & 7) as u8;
        number >>= 3;
    }
}

fn sealed(mut header: [u8; BLOCK]) -> [u8; BLOCK] {
    header[148..156].fill(b' ');
    let sum: u64 = header.iter().map(|byte| u64::from(*byte)).sum();
    octal(&mut header[148..155], sum);
    header
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Reader;
    use super::*;

    fn kind() -> impl Strategy<Value = Kind> {
        prop::sample::select(vec![
            Kind::File,
            Kind::Directory,
            Kind::Symlink,
            Kind::HardLink,
            Kind::CharDevice,
            Kind::BlockDevice,
            Kind::Fifo,
        ])
    }

    prop_compose! {
        fn member()(
            kind in kind(), path in "[a-zé/]{1,200}[a-z]{1,120}", link in "[a-z/]{0,150}", mode in 0_u32..0o10000,
            uid: u32, gid in 0_u32..5000, time in -5_i64..10_000_000_000_000, device in (0_u32..500, 0_u32..500),
            xattrs in prop::collection::btree_map("[a-z.]{1,10}", any::<Vec<u8>>(), 0..3), size in 0_u64..2000,
        ) -> Member {
            let mut member = Member::new(kind, path.as_bytes(), mode);
            if matches!(kind, Kind::Symlink | Kind::HardLink) { member.link = link.into_bytes(); }
            (member.uid, member.gid, member.mtime) = (uid.into(), gid.into(), (time, 0));
            if matches!(kind, Kind::CharDevice | Kind::BlockDevice) { member.device = device; }
            if kind == Kind::File { member.size = size; }
            member.xattrs = xattrs.into_iter().map(|(name, value)| (name.into_bytes(), value)).collect();
            member
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(members in prop::collection::vec(member(), 0..6)) {
            let mut writer = Writer::new(Vec::new());
            for member in &members {
                writer.append(member, &mut io::repeat(7).take(member.size)).unwrap();
            }
            let bytes = writer.finish().unwrap();
            let mut reader = Reader::new(&bytes[..]);
            for member in members {
                let mut read = reader.advance().unwrap().unwrap();
                if read.kind == Kind::Directory { read.path.pop(); }
                let mut content = Vec::new();
                reader.content().read_to_end(&mut content).unwrap();
                prop_assert_eq!(content, vec![7; member.size as usize]);
                prop_assert_eq!(read, member);
            }
            prop_assert!(reader.advance().unwrap().is_none());
        }

        #[test]
        fn any_bytes_are_answered(mut bytes in prop::collection::vec(any::<u8>(), 0..3000), sealed_first: bool) {
            if sealed_first && bytes.len() >= BLOCK {
                let header: [u8; BLOCK] = bytes[..BLOCK].try_into().unwrap();
                bytes[..BLOCK].copy_from_slice(&sealed(header));
            }
            let mut reader = Reader::new(&bytes[..]);
            while let Ok(Some(_)) = reader.advance() {
                let _ = reader.content().read_to_end(&mut Vec::new());
            }
        }
    }

    #[test]
    fn content_of_another_length_is_refused() {
        let mut member = Member::new(Kind::File, b"a", 0o644);
        member.size = 3;
        for content in [&b"12"[..], b"1234"] {
            assert!(Writer::new(Vec::new()).append(&member, &mut &content[..]).is_err());
        }
    }
}
