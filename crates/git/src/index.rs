//! Writing and reading index files (format version 2).
//!
//! Only indexes we wrote ourselves are read. Stat data hold size and modification time in whole seconds, which is what
//! git compares under `core.checkStat=minimal` and `core.trustctime=false`; so an index made for one copy of the
//! files fits every other copy and every overlay of it.

use sha1::Digest;

use crate::repository::ObjectFormat;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IndexEntry {
    pub(crate) path: Vec<u8>,
    pub(crate) mode: u32,
    pub(crate) oid: Vec<u8>,
    /// 0, or 1–3 in a conflict.
    pub(crate) stage: u16,
    /// Size and modification time (seconds); `None`: unknown, git will look at the content.
    pub(crate) stat: Option<(u32, u32)>,
}

/// The bytes of an index file. Entries must be sorted by path, then stage.
pub(crate) fn write(format: ObjectFormat, entries: &[IndexEntry]) -> Vec<u8> {
    let mut out = Vec::with_capacity(entries.len() * 96 + 32);
    out.extend_from_slice(b"DIRC");
    out.extend_from_slice(&2_u32.to_be_bytes());
    out.extend_from_slice(&u32::try_from(entries.len()).unwrap_or(u32::MAX).to_be_bytes());
    for entry in entries {
        let start = out.len();
        let (size, mtime) = entry.stat.unwrap_or((0, 0));
        // ctime (2), mtime (2), dev, ino, mode, uid, gid, size
        for number in [0, 0, mtime, 0, 0, 0, entry.mode, 0, 0, size] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        out.extend_from_slice(&entry.oid);
        let length = u16::try_from(entry.path.len()).unwrap_or(0xfff).min(0xfff);
        out.extend_from_slice(&(entry.stage << 12 | length).to_be_bytes());
        out.extend_from_slice(&entry.path);
        let used = out.len() - start;
        out.resize(start + (used / 8 + 1) * 8, 0);
    }
    let sum = checksum(format, &out);
    out.extend_from_slice(&sum);
    out
}

/// Reads what [`write`] wrote.
pub(crate) fn read(format: ObjectFormat, bytes: &[u8]) -> Option<Vec<IndexEntry>> {
    let number = |at: usize| bytes.get(at..at + 4).and_then(|four| Some(u32::from_be_bytes(four.try_into().ok()?)));
    if bytes.get(..4)? != b"DIRC" || number(4)? != 2 {
        return None;
    }
    let count = number(8)?;
    let mut entries = Vec::new();
    let mut at = 12;
    for _ in 0..count {
        let oid_at = at + 40;
        let oid = bytes.get(oid_at..oid_at + format.len())?.to_vec();
        let flags = u16::from_be_bytes(bytes.get(oid_at + format.len()..oid_at + format.len() + 2)?.try_into().ok()?);
        let path_at = oid_at + format.len() + 2;
        let length = bytes.get(path_at..)?.iter().position(|byte| *byte == 0)?;
        let path = bytes[path_at..path_at + length].to_vec();
        let stat = Some((number(at + 36)?, number(at + 8)?)).filter(|stat| *stat != (0, 0));
        entries.push(IndexEntry { path, mode: number(at + 24)?, oid, stage: flags >> 12 & 3, stat });
        at += ((path_at + length - at) / 8 + 1) * 8;
    }
    Some(entries)
}

fn checksum(format: ObjectFormat, bytes: &[u8]) -> Vec<u8> {
    match format {
        ObjectFormat::Sha1 => sha1::Sha1::digest(bytes).to_vec(),
        ObjectFormat::Sha256 => sha2::Sha256::digest(bytes).to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::{IndexEntry, read, write};
    use crate::repository::ObjectFormat;

    #[test]
    fn what_is_written_is_read_again() {
        for format in [ObjectFormat::Sha1, ObjectFormat::Sha256] {
            let entry = |path: &str, stage, stat| IndexEntry {
                path: path.as_bytes().to_vec(),
                mode: 0o100_644,
                oid: vec![7; format.len()],
                stage,
                stat,
            };
            let long = "d/".repeat(3000);
            let entries = vec![
                entry("a", 0, Some((3, 9))),
                entry("b\nü", 1, None),
                entry("b\nü", 2, None),
                entry(&long, 0, Some((0, 5))),
            ];
            assert_eq!(read(format, &write(format, &entries)), Some(entries));
        }
    }

    #[test]
    fn a_cut_file_is_refused() {
        let bytes = write(
            ObjectFormat::Sha1,
            &[IndexEntry { path: b"a".to_vec(), mode: 1, oid: vec![0; 20], stage: 0, stat: None }],
        );
        for end in 0..bytes.len() - 30 {
            assert_eq!(read(ObjectFormat::Sha1, &bytes[..end]), None, "{end}");
        }
    }
}
