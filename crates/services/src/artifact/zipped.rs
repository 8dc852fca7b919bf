//! Files into a zip, in one pass.

use super::name::validate_file_path;
use crate::{Error, Result};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// One entry of an artifact.
#[derive(Debug, Clone)]
pub struct ArtifactFile {
    /// Where the content is; `None` makes an empty directory. Symbolic links are followed, as upstream does.
    pub source: Option<PathBuf>,
    /// Relative, with `/`.
    pub path: String,
}

/// Deflate level: 0 stores, 6 is the upload action's default, 9 is smallest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compression(u8);

impl Compression {
    /// `None` above 9.
    pub fn level(level: u8) -> Option<Compression> {
        (level <= 9).then_some(Compression(level))
    }
}

impl Default for Compression {
    fn default() -> Compression {
        Compression(6)
    }
}

/// Writes a zip that needs no seeking, so that it is hashed as it goes. Modes and times are not kept:
/// every file unpacks as 0644, as artifacts do on GitHub.
pub(super) fn write(
    to: &mut dyn Write,
    files: impl IntoIterator<Item = ArtifactFile>,
    compression: Compression,
    limit: u64,
) -> Result<()> {
    let archive = |error: io::Error| match error.kind() {
        io::ErrorKind::FileTooLarge => Error::TooLarge { limit },
        _ => Error::Archive { path: PathBuf::from("artifact"), reason: error.to_string() },
    };
    let zip_error = |error: zip::result::ZipError| archive(error.into());
    let mut seen = HashSet::new();
    let mut zip = ZipWriter::new_stream(io::BufWriter::with_capacity(64 * 1024, to));
    let options = match compression.0 {
        0 => SimpleFileOptions::default().compression_method(CompressionMethod::Stored),
        level => SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(i64::from(level))),
    };
    let mut buffer = vec![0; 256 * 1024];
    for ArtifactFile { source, path } in files {
        validate_file_path(&path)?;
        if !seen.insert(path.clone()) {
            return Err(Error::Archive { path: path.into(), reason: "two files have this path".to_owned() });
        }
        let Some(source) = source else {
            zip.add_directory(path.as_str(), options.unix_permissions(0o755)).map_err(zip_error)?;
            continue;
        };
        let mut file = open_regular(&source).map_err(Error::io(&source))?;
        let size = file.metadata().map_err(Error::io(&source))?.len();
        // The size can grow while it is read; leave room before the 4 GiB form runs out.
        let large = size >= u64::from(u32::MAX) / 2;
        zip.start_file(path.as_str(), options.unix_permissions(0o644).large_file(large)).map_err(zip_error)?;
        copy(&mut file, &mut zip, &mut buffer, &source, &archive)?;
    }
    let finished = zip.finish().map_err(zip_error)?;
    finished.into_inner().into_inner().map_err(|error| archive(error.into_error()))?;
    Ok(())
}

/// Opens a file of a job to read it; a link is followed. A pipe, socket or device is an error, and is not waited for.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        // A socket.
        Err(Errno::NXIO) => return Err(not_regular()),
        Err(error) => return Err(error.into()),
    };
    if file.metadata()?.is_file() { Ok(file) } else { Err(not_regular()) }
}

fn not_regular() -> io::Error {
    let text = "it is not a regular file; pipes, sockets and devices cannot be read here";
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

fn copy(
    from: &mut File,
    to: &mut impl Write,
    buffer: &mut [u8],
    source: &Path,
    archive: &impl Fn(io::Error) -> Error,
) -> Result<()> {
    loop {
        match from.read(buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => to.write_all(&buffer[..count]).map_err(archive)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::io(source)(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_or_socket_is_no_content_and_is_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let (pipe, socket) = (dir.path().join("pipe"), dir.path().join("socket"));
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, Mode::from(0o600)).unwrap();
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for source in [&pipe, &socket, &dir.path().to_owned()] {
            let files = [ArtifactFile { source: Some(source.clone()), path: "x".to_owned() }];
            let error = write(&mut io::sink(), files, Compression::default(), 1000).unwrap_err();
            assert!(error.to_string().contains("not a regular file"), "{error}");
        }
    }
}
