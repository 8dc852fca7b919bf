//! Archives that are contexts.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::decompressed;

/// A context may not unpack to more bytes than this.
const LARGEST: u64 = 64 << 30;

/// Unpacks a tar archive, however it is compressed, as files of this process's user. Names that lead out of `directory` are left
/// out, as are devices. False when the file is no archive.
pub(crate) fn unpack_archive(file: File, directory: &Path) -> io::Result<bool> {
    let (_, mut reader) = decompressed(file)?;
    let mut head = [0_u8; 512];
    let mut length = 0;
    while length < head.len() {
        match reader.read(&mut head[length..]) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    if !is_tar_header(&head[..length]) {
        return Ok(false);
    }
    let limited = Limited { inner: io::Cursor::new(head).chain(reader), left: LARGEST };
    let mut archive = tar::Archive::new(limited);
    archive.set_preserve_permissions(true);
    archive.set_preserve_mtime(false);
    archive.set_preserve_ownerships(false);
    archive.set_overwrite(true);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let kind = entry.header().entry_type();
        let plain = kind.is_file() || kind.is_dir() || kind.is_symlink() || kind.is_hard_link() || kind.is_contiguous();
        if plain || kind.is_gnu_sparse() {
            entry.unpack_in(directory)?;
        }
    }
    Ok(true)
}

/// Whether a block is a header: its sum is right, or it is the end of an empty archive.
pub(crate) fn is_tar_header(block: &[u8]) -> bool {
    let Some(block) = block.first_chunk::<512>() else { return false };
    if block.iter().all(|byte| *byte == 0) {
        return true;
    }
    let sum: u32 =
        block.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u32::from(*byte) }).sum();
    tar::Header::from_byte_slice(block).cksum().is_ok_and(|written| written == sum)
}

struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(length as u64)
            .ok_or_else(|| io::Error::other(format!("the archive holds more than {LARGEST} bytes")))?;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn names_that_lead_out_stay_inside() {
        let directory = tempfile::tempdir().unwrap();
        let (archive, target) = (directory.path().join("a.tar"), directory.path().join("out"));
        fs::create_dir(&target).unwrap();
        let mut builder = tar::Builder::new(File::create(&archive).unwrap());
        let mut add = |name: &str| {
            let mut header = tar::Header::new_gnu();
            header.set_size(1);
            header.set_mode(0o644);
            header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            builder.append(&header, &b"x"[..]).unwrap();
        };
        add("good");
        add("../evil");
        add("/absolute");
        builder.into_inner().unwrap();
        assert!(unpack_archive(File::open(&archive).unwrap(), &target).unwrap());
        let mut names: Vec<_> = fs::read_dir(&target).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["absolute", "good"]);
        assert!(!directory.path().join("evil").exists());
    }

    #[test]
    fn a_dockerfile_is_no_archive() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("Dockerfile");
        fs::write(&path, "FROM scratch\n".repeat(100)).unwrap();
        assert!(!unpack_archive(File::open(&path).unwrap(), directory.path()).unwrap());
    }
}
