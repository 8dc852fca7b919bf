//! Writing the files of a tree into a directory.
//!
//! A file of the user's work tree is copied when its content hashes to what the tree says; the rest is inflated by
//! `git cat-file`. So a snapshot holds what its tree says, whatever happens to the work tree meanwhile.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, futimens, utimensat};
use sha1::Digest;

use super::filters;
use super::tree::{EXECUTABLE, GITLINK, Objects, SYMLINK};
use crate::GitError;
use crate::index::IndexEntry;
use crate::repository::ObjectFormat;
use crate::threads::{in_runs, in_threads, threads};

/// Writes `entries` below `to` (which exists and is empty), all with the modification time `mtime` (seconds), and
/// fills in their stat data. Returns the bytes written.
pub(crate) fn materialise(
    objects: &Objects<'_>,
    entries: &mut [IndexEntry],
    to: &Path,
    mtime: u32,
) -> Result<u64, GitError> {
    let special = filters::converted(objects, entries)?;
    let job = Job {
        objects,
        format: objects.repository.object_format(),
        to,
        mtime,
        sizes: entries.iter().map(|_| AtomicUsize::new(0)).collect(),
        reflink: AtomicBool::new(true),
    };
    job.make_directories(entries)?;
    let plain: Vec<usize> =
        (0..entries.len()).filter(|at| !special.contains(at) && entries[*at].mode != GITLINK).collect();
    let mut missing = job.copy_all(entries, &plain)?;
    // Symlinks come last: no write can be led astray by one.
    missing.sort_by_key(|at| (entries[*at].mode == SYMLINK, *at));
    job.inflate_all(entries, &missing)?;
    filters::check_out(objects, entries, &special, to)?;
    for at in special {
        let path = job.path(&entries[at]);
        let size = path.symlink_metadata().map_err(GitError::io("cannot read", &path))?.len();
        job.sizes[at].store(usize::try_from(size).unwrap_or(usize::MAX), Ordering::Relaxed);
        utimensat(CWD, &path, &job.times(), AtFlags::SYMLINK_NOFOLLOW).map_err(|error| GitError::Io {
            what: "cannot set the time of",
            path,
            source: error.into(),
        })?;
    }
    let mut total = 0;
    for (entry, size) in entries.iter_mut().zip(&job.sizes) {
        let size = size.load(Ordering::Relaxed) as u64;
        total += size;
        // git keeps the size modulo 2^32; 0 would mean "unknown", so it uses 2^31 there.
        let short = match u32::try_from(size & 0xffff_ffff).unwrap_or(0) {
            0 if size != 0 => 1 << 31,
            short => short,
        };
        entry.stat = Some((short, mtime));
    }
    Ok(total)
}

struct Job<'a> {
    objects: &'a Objects<'a>,
    format: ObjectFormat,
    to: &'a Path,
    mtime: u32,
    sizes: Vec<AtomicUsize>,
    /// Cleared when the file system says it cannot.
    reflink: AtomicBool,
}

impl Job<'_> {
    fn path(&self, entry: &IndexEntry) -> PathBuf {
        self.to.join(OsStr::from_bytes(&entry.path))
    }

    fn times(&self) -> Timestamps {
        let time = Timespec { tv_sec: i64::from(self.mtime), tv_nsec: 0 };
        Timestamps { last_access: time, last_modification: time }
    }

    fn make_directories(&self, entries: &[IndexEntry]) -> Result<(), GitError> {
        let mut last: &[u8] = b"";
        for entry in entries {
            let dir = match entry.path.iter().rposition(|byte| *byte == b'/') {
                _ if entry.mode == GITLINK => &entry.path[..],
                Some(slash) => &entry.path[..slash],
                None => continue,
            };
            if dir != last {
                let path = self.to.join(OsStr::from_bytes(dir));
                std::fs::create_dir_all(&path).map_err(GitError::io("cannot create", &path))?;
                last = dir;
            }
        }
        Ok(())
    }

    /// Copies what the work tree has; returns what it has not.
    fn copy_all(&self, entries: &[IndexEntry], which: &[usize]) -> Result<Vec<usize>, GitError> {
        let Some(files) = &self.objects.files else {
            return Ok(which.to_vec());
        };
        let missing = Mutex::new(Vec::new());
        in_runs(which, |run| -> Result<(), GitError> {
            let mut buffer = vec![0; 64 * 1024];
            let mut lacking = Vec::new();
            for at in run {
                let entry = &entries[*at];
                let target = self.path(entry);
                let source = files.join(OsStr::from_bytes(&entry.path));
                // Links wait until no file is written any more.
                let copied = entry.mode != SYMLINK
                    && self
                        .copy(entry, &source, &target, &self.sizes[*at], &mut buffer)
                        .map_err(GitError::io("cannot write", &target))?;
                if !copied {
                    lacking.push(*at);
                }
            }
            if let Ok(mut missing) = missing.lock() {
                missing.append(&mut lacking);
            }
            Ok(())
        })?;
        let mut missing = missing.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        missing.sort_unstable();
        Ok(missing)
    }

    /// Copies one file if its content is the entry's. An unreadable source is no error, only not a copy.
    fn copy(
        &self,
        entry: &IndexEntry,
        source: &Path,
        target: &Path,
        size: &AtomicUsize,
        buffer: &mut [u8],
    ) -> io::Result<bool> {
        let flags =
            i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits() | rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
        let Ok(mut from) = OpenOptions::new().read(true).custom_flags(flags).open(source) else {
            return Ok(false);
        };
        let Ok(meta) = from.metadata() else {
            return Ok(false);
        };
        if !meta.is_file() {
            return Ok(false);
        }
        let mut hash = Hash::blob(self.format, meta.len());
        // A file that fits the buffer is hashed before anything is created.
        let fits = meta.len() < buffer.len() as u64;
        let mut held = 0;
        if fits {
            while (held as u64) < meta.len() {
                match from.read(&mut buffer[held..]) {
                    Ok(0) => break,
                    Ok(read) => held += read,
                    Err(_) => return Ok(false),
                }
            }
            hash.update(&buffer[..held]);
            if held as u64 != meta.len() || hash.finish() != entry.oid {
                return Ok(false);
            }
            let mut to = create(target, entry.mode)?;
            to.write_all(&buffer[..held])?;
            futimens(&to, &self.times())?;
            size.store(held, Ordering::Relaxed);
            return Ok(true);
        }
        let to = create(target, entry.mode)?;
        if !self.copy_large(from, &to, hash, meta.len(), entry, buffer)? {
            std::fs::remove_file(target)?;
            return Ok(false);
        }
        futimens(&to, &self.times())?;
        size.store(usize::try_from(meta.len()).unwrap_or(usize::MAX), Ordering::Relaxed);
        Ok(true)
    }

    fn copy_large(
        &self,
        mut from: File,
        mut to: &File,
        mut hash: Hash,
        size: u64,
        entry: &IndexEntry,
        buffer: &mut [u8],
    ) -> io::Result<bool> {
        let cloned = self.reflink.load(Ordering::Relaxed) && {
            let done = rustix::fs::ioctl_ficlone(to, &from).is_ok();
            self.reflink.store(done, Ordering::Relaxed);
            done
        };
        if cloned {
            // Hash the clone: nobody can change that one.
            from = File::open(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(to)))?;
        }
        let mut seen = 0;
        loop {
            let read = match from.read(buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(_) => return Ok(false),
            };
            hash.update(&buffer[..read]);
            if !cloned {
                to.write_all(&buffer[..read])?;
            }
            seen += read as u64;
        }
        Ok(seen == size && hash.finish() == entry.oid)
    }

    /// Writes files and links from the object store; `which` has links last.
    fn inflate_all(&self, entries: &[IndexEntry], which: &[usize]) -> Result<(), GitError> {
        let links_from = which.partition_point(|at| entries[*at].mode != SYMLINK);
        let (files, links) = which.split_at(links_from);
        // A second git pays off only when there is much to inflate.
        let parts = threads(files.len() / 256);
        let length = files.len().div_ceil(parts).max(1);
        in_threads(parts, |part| match files.chunks(length).nth(part) {
            Some(chunk) => self.inflate(entries, chunk),
            None => Ok(()),
        })?;
        self.inflate(entries, links)
    }

    fn inflate(&self, entries: &[IndexEntry], which: &[usize]) -> Result<(), GitError> {
        if which.is_empty() {
            return Ok(());
        }
        let mut child = self.objects.git().args(["cat-file", "--batch"]).converse()?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let mut wanted = String::with_capacity(which.len() * 41);
        for at in which {
            wanted.push_str(&hex::encode(&entries[*at].oid));
            wanted.push('\n');
        }
        let result = std::thread::scope(|scope| {
            if let Some(mut stdin) = stdin {
                // If git stops, reading its answers says so.
                scope.spawn(move || drop(stdin.write_all(wanted.as_bytes())));
            }
            let mut out =
                BufReader::with_capacity(256 * 1024, stdout.ok_or_else(|| io::Error::other("no pipe to git"))?);
            for at in which {
                let size = self.inflate_one(&entries[*at], &mut out)?;
                self.sizes[*at].store(usize::try_from(size).unwrap_or(usize::MAX), Ordering::Relaxed);
            }
            Ok(())
        });
        drop(child.kill());
        drop(child.wait());
        result.map_err(GitError::io("cannot materialise files below", self.to))
    }

    fn inflate_one(&self, entry: &IndexEntry, out: &mut impl BufRead) -> io::Result<u64> {
        let mut header = String::new();
        out.by_ref().take(200).read_line(&mut header)?;
        let path = || String::from_utf8_lossy(&entry.path).into_owned();
        let size: u64 = header.trim_end().rsplit(' ').next().and_then(|size| size.parse().ok()).ok_or_else(|| {
            let oid = hex::encode(&entry.oid);
            io::Error::other(format!("object {oid} ({}) is missing; run `git fsck` or fetch it again", path()))
        })?;
        let target = self.path(entry);
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path()));
        let mut content = out.by_ref().take(size);
        if entry.mode == SYMLINK {
            let mut link = Vec::new();
            content.by_ref().take(1 << 16).read_to_end(&mut link)?;
            std::os::unix::fs::symlink(OsStr::from_bytes(&link), &target).map_err(named)?;
            utimensat(CWD, &target, &self.times(), AtFlags::SYMLINK_NOFOLLOW)?;
        } else {
            let mut file = create(&target, entry.mode).map_err(named)?;
            if io::copy(&mut content, &mut file)? != size {
                return Err(named(io::ErrorKind::UnexpectedEof.into()));
            }
            futimens(&file, &self.times())?;
        }
        out.read_exact(&mut [0])?;
        Ok(size)
    }
}

fn create(target: &Path, mode: u32) -> io::Result<File> {
    let executable = mode == EXECUTABLE;
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(if executable { 0o755 } else { 0o644 })
        .open(target)?;
    // A strict umask must not make a job's files unreadable to other users of its sandbox.
    if executable && file.metadata()?.permissions().mode() & 0o111 == 0 {
        file.set_permissions(std::fs::Permissions::from_mode(0o755))?;
    }
    Ok(file)
}

/// A running object id.
enum Hash {
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
}

impl Hash {
    fn blob(format: ObjectFormat, size: u64) -> Hash {
        let mut hash = match format {
            ObjectFormat::Sha1 => Hash::Sha1(sha1::Sha1::new()),
            ObjectFormat::Sha256 => Hash::Sha256(sha2::Sha256::new()),
        };
        hash.update(format!("blob {size}\0").as_bytes());
        hash
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Hash::Sha1(hash) => hash.update(bytes),
            Hash::Sha256(hash) => hash.update(bytes),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Hash::Sha1(hash) => hash.finalize().to_vec(),
            Hash::Sha256(hash) => hash.finalize().to_vec(),
        }
    }
}
