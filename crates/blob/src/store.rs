use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::{Algorithm, Digest, Error, Hasher, Lease, Upload, Writer, durable};

/// A directory of blobs. Cheap to clone; any number of stores, also in other processes, may be open on one directory.
#[derive(Clone, Debug)]
pub struct Store {
    dir: Arc<Path>,
}

/// Files that somebody left behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    pub files: u64,
    pub bytes: u64,
}

/// How long a temporary file nobody holds is left alone: between its making and its locking there is a moment.
const SETTLING: Duration = Duration::from_secs(60);

impl Store {
    /// Opens the directory, makes it where it is missing, and removes what killed writers left.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, Error> {
        let dir = dir.as_ref();
        let make = |path: &Path| fs::create_dir_all(path).map_err(Error::io("create", path));
        make(dir)?;
        let dir = std::path::absolute(dir).map_err(Error::io("find", dir))?;
        let store = Self { dir: dir.into() };
        for algorithm in Algorithm::ALL {
            make(&store.dir.join(algorithm.name()))?;
        }
        for name in [".tmp", ".uploads", ".leases"] {
            make(&store.dir.join(name))?;
        }
        store.sweep(".tmp", SETTLING)?;
        Ok(store)
    }

    /// The directory that was opened.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where a blob lies, or would.
    #[must_use]
    pub fn path(&self, digest: &Digest) -> PathBuf {
        self.dir.join(digest.algorithm().name()).join(digest.hex())
    }

    #[must_use]
    pub fn contains(&self, digest: &Digest) -> bool {
        self.path(digest).is_file()
    }

    /// Size in bytes; `None` when there is no such blob.
    pub fn size(&self, digest: &Digest) -> Result<Option<u64>, Error> {
        let path = self.path(digest);
        match fs::metadata(&path) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("look at", &path)(error)),
        }
    }

    /// Opens a blob for reading. It stays readable when it is collected meanwhile.
    pub fn open_blob(&self, digest: &Digest) -> Result<File, Error> {
        let path = self.path(digest);
        File::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::Missing(*digest),
            _ => Error::io("open", &path)(error),
        })
    }

    /// A whole blob, which must not have more than `limit` bytes.
    pub fn read(&self, digest: &Digest, limit: u64) -> Result<Vec<u8>, Error> {
        let path = self.path(digest);
        let mut file = self.open_blob(digest)?;
        let size = file.metadata().map_err(Error::io("look at", &path))?.len();
        if size > limit {
            return Err(Error::TooLarge { digest: *digest, size, limit });
        }
        let mut content = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        file.read_to_end(&mut content).map_err(Error::io("read", &path))?;
        Ok(content)
    }

    /// Starts a blob hashed with SHA-256.
    pub fn writer(&self) -> Result<Writer, Error> {
        self.writer_with(Algorithm::Sha256)
    }

    /// Starts a blob.
    pub fn writer_with(&self, algorithm: Algorithm) -> Result<Writer, Error> {
        Writer::new(self.clone(), algorithm)
    }

    /// Stores some bytes.
    pub fn put(&self, content: &[u8]) -> Result<Digest, Error> {
        self.put_with(Algorithm::Sha256, content)
    }

    /// Stores some bytes under a digest of this algorithm.
    pub fn put_with(&self, algorithm: Algorithm, content: &[u8]) -> Result<Digest, Error> {
        let digest = Digest::with(algorithm, content);
        if self.hold(&digest)? {
            return Ok(digest);
        }
        let mut writer = self.writer_with(algorithm)?;
        writer.append(content)?;
        Ok(writer.commit(Some(&digest))?.0)
    }

    /// Whether the blob is here; if so it counts as just written, so that no collection that is running or starts within its
    /// grace takes it. Call it before relying on a blob that nothing refers to yet.
    pub fn hold(&self, digest: &Digest) -> Result<bool, Error> {
        let path = self.path(digest);
        let _adding = self.adding()?;
        match durable::touch(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Error::io("touch", &path)(error)),
        }
    }

    /// A lease: what is added to it is not collected while this process holds it.
    pub fn lease(&self) -> Result<Lease, Error> {
        Lease::new(self)
    }

    /// The resumable upload of this name, made where there is none. Names are letters, digits, `-` and `_`.
    pub fn upload(&self, id: &str) -> Result<Upload, Error> {
        Upload::open(self.clone(), id, true)
    }

    /// The resumable upload of this name, which must exist.
    pub fn existing_upload(&self, id: &str) -> Result<Upload, Error> {
        Upload::open(self.clone(), id, false)
    }

    /// Removes a blob now, whoever may need it. `false` when it was not there.
    pub fn delete(&self, digest: &Digest) -> Result<bool, Error> {
        let path = self.path(digest);
        let _removing = self.removing()?;
        durable::remove(&path)
    }

    /// Every blob, in no order.
    pub fn iter(&self) -> Result<impl Iterator<Item = Result<Digest, Error>> + use<>, Error> {
        let mut listings = Vec::new();
        for algorithm in Algorithm::ALL {
            let path = self.dir.join(algorithm.name());
            listings.push((algorithm, fs::read_dir(&path).map_err(Error::io("list", &path))?, path));
        }
        Ok(listings.into_iter().flat_map(|(algorithm, entries, path)| {
            entries.filter_map(move |entry| match entry {
                Ok(entry) => format!("{}:{}", algorithm.name(), entry.file_name().to_str()?).parse().ok().map(Ok),
                Err(error) => Some(Err(Error::io("list", &path)(error))),
            })
        }))
    }

    /// Takes in a file that lies on the same filesystem, by hard link where that works, else by copy. The file must not be
    /// written to afterwards.
    pub fn link_in(&self, source: &Path) -> Result<(Digest, u64), Error> {
        let mut file = File::open(source).map_err(Error::io("open", source))?;
        let mut hasher = Hasher::new(Algorithm::Sha256);
        let size = hash_file(&mut file, &mut hasher).map_err(Error::io("read", source))?;
        let digest = hasher.finish();
        self.take(source, &file, &digest)?;
        Ok((digest, size))
    }

    /// Takes a blob over from another store: by hard link where both are on one filesystem, else by copy. `false` when the
    /// other has no such blob.
    pub fn share_from(&self, other: &Self, digest: &Digest) -> Result<bool, Error> {
        if self.hold(digest)? {
            return Ok(true);
        }
        match other.open_blob(digest) {
            Ok(file) => self.take(&other.path(digest), &file, digest).map(|()| true),
            Err(Error::Missing(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn take(&self, source: &Path, mut file: &File, digest: &Digest) -> Result<(), Error> {
        if self.hold(digest)? {
            return Ok(());
        }
        file.sync_all().map_err(Error::io("sync", source))?;
        let target = self.path(digest);
        let linked = {
            let _adding = self.adding()?;
            fs::hard_link(source, &target).and_then(|()| durable::touch(&target))
        };
        if linked.is_ok() {
            return self.sync_names(digest.algorithm());
        }
        let mut writer = self.writer_with(digest.algorithm())?;
        io::Seek::rewind(&mut file).map_err(Error::io("read", source))?;
        let mut buffer = vec![0; 256 * 1024];
        loop {
            let read = file.read(&mut buffer).map_err(Error::io("read", source))?;
            if read == 0 {
                return writer.commit(Some(digest)).map(|_| ());
            }
            writer.append(&buffer[..read])?;
        }
    }

    pub(crate) fn sync_names(&self, algorithm: Algorithm) -> Result<(), Error> {
        durable::sync_dir(&self.dir.join(algorithm.name()))
    }

    /// Gives a finished, synced file its name. The caller keeps or removes the source when the blob was there already
    /// (`false`).
    pub(crate) fn adopt(&self, source: &Path, digest: &Digest, size: u64) -> Result<bool, Error> {
        let target = self.path(digest);
        {
            let _adding = self.adding()?;
            if !self.is_whole(&target, size)? {
                fs::rename(source, &target).map_err(Error::io("rename", source))?;
                durable::touch(&target).map_err(Error::io("touch", &target))?;
            } else {
                durable::touch(&target).map_err(Error::io("touch", &target))?;
                return Ok(false);
            }
        }
        self.sync_names(digest.algorithm())?;
        Ok(true)
    }

    /// Whether a blob of this size is here; it is held then. A wrong size means that the disk lost it: it is replaced.
    pub(crate) fn hold_whole(&self, digest: &Digest, size: u64) -> Result<bool, Error> {
        let path = self.path(digest);
        let _adding = self.adding()?;
        let whole = self.is_whole(&path, size)?;
        if whole {
            durable::touch(&path).map_err(Error::io("touch", &path))?;
        }
        Ok(whole)
    }

    fn is_whole(&self, path: &Path, size: u64) -> Result<bool, Error> {
        match fs::metadata(path) {
            Ok(metadata) => Ok(metadata.len() == size),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Error::io("look at", path)(error)),
        }
    }

    /// Held while a blob is added or touched.
    pub(crate) fn adding(&self) -> Result<File, Error> {
        self.lock(File::lock_shared)
    }

    /// Held while blobs are removed: nobody adds or touches one meanwhile.
    pub(crate) fn removing(&self) -> Result<File, Error> {
        self.lock(File::lock)
    }

    fn lock(&self, lock: impl FnOnce(&File) -> io::Result<()>) -> Result<File, Error> {
        let path = self.dir.join(".lock");
        let file = File::options().create(true).append(true).open(&path).map_err(Error::io("open", &path))?;
        lock(&file).map_err(Error::io("lock", &path))?;
        Ok(file)
    }

    /// Removes the files of a directory that nobody has locked and that have not changed for so long.
    pub(crate) fn sweep(&self, name: &str, older_than: Duration) -> Result<Swept, Error> {
        self.abandoned(name, older_than, durable::remove)
    }

    /// Those files, counted where `removes` says so; they stay locked meanwhile.
    pub(crate) fn abandoned(
        &self,
        name: &str,
        older_than: Duration,
        removes: impl Fn(&Path) -> Result<bool, Error>,
    ) -> Result<Swept, Error> {
        let dir = self.dir.join(name);
        let mut swept = Swept::default();
        for entry in fs::read_dir(&dir).map_err(Error::io("list", &dir))? {
            let path = entry.map_err(Error::io("list", &dir))?.path();
            let Ok(file) = File::open(&path) else { continue };
            let Ok(metadata) = file.metadata() else { continue };
            let age = metadata.modified().ok().and_then(|time| time.elapsed().ok());
            if age.is_some_and(|age| age >= older_than) && file.try_lock().is_ok() && removes(&path)? {
                swept.files += 1;
                swept.bytes += metadata.len();
            }
        }
        Ok(swept)
    }

    /// A new file that this process has locked, in one of the store's own directories.
    pub(crate) fn create_locked(&self, name: &str) -> Result<(File, PathBuf), Error> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        loop {
            let mut random = [0; 8];
            rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty())
                .map_err(|errno| Error::io("make a name in", &self.dir)(errno.into()))?;
            let id = format!("{}-{}", hex::encode(random), NEXT.fetch_add(1, Ordering::Relaxed));
            let path = self.dir.join(name).join(id);
            match File::options().read(true).write(true).create_new(true).open(&path) {
                Ok(file) => {
                    file.lock().map_err(Error::io("lock", &path))?;
                    return Ok((file, path));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Error::io("create", &path)(error)),
            }
        }
    }
}

/// Hashes the rest of a file; gives the number of bytes.
pub(crate) fn hash_file(file: &mut File, hasher: &mut Hasher) -> io::Result<u64> {
    let mut buffer = vec![0; 1024 * 1024];
    let mut size = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(size);
        }
        hasher.update(&buffer[..read]);
        size += read as u64;
    }
}
