//! What a registry keeps, as files.
//!
//! ```text
//! blobs/                                 one blob store for all repositories: manifests, configs, layers, uploads
//! repositories/<name>/_blobs/<alg>/<hex>       the repository has this blob (empty)
//! repositories/<name>/_manifests/<alg>/<hex>   … this manifest; its media type
//! repositories/<name>/_tags/<tag>              what the tag means
//! repositories/<name>/_referrers/<alg>-<hex>/<alg>-<hex>   a descriptor, below the subject's digest
//! .tmp/                                  files being written
//! .push.lock                             shared: a manifest is being stored; exclusive: a collection takes its bearings
//! token.key, users                       see `access`
//! ```
//!
//! Names of repositories have no component that starts with `_`, so the two never meet. Each file is written whole, synced
//! and renamed, in an order that shows a manifest only when everything it needs is there, and its tag last.

pub(crate) mod files;
pub(crate) mod manifests;
mod referrers;
mod tags;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use blob::{Digest, Store};

use crate::name::Repository;
use crate::{Config, Error};

pub(crate) use manifests::{Put, Stored};

#[derive(Clone, Debug)]
pub(crate) struct Storage {
    root: PathBuf,
    blobs: Store,
    siblings: Vec<Store>,
    sparse: bool,
}

impl Storage {
    pub(crate) fn open(config: &Config) -> Result<Self, Error> {
        let root = std::path::absolute(&config.root).map_err(Error::io("find", &config.root))?;
        for dir in ["repositories", ".tmp"] {
            let path = root.join(dir);
            fs::create_dir_all(&path).map_err(Error::io("create", &path))?;
        }
        let storage = Self {
            blobs: Store::open(root.join("blobs"))?,
            root,
            siblings: config.siblings.clone(),
            sparse: config.sparse,
        };
        files::sweep(&storage.root.join(".tmp"))?;
        Ok(storage)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn blobs(&self) -> &Store {
        &self.blobs
    }

    pub(crate) fn repository_dir(&self, name: &Repository) -> PathBuf {
        self.root.join("repositories").join(name.as_str())
    }

    /// Whether anything was ever pushed there.
    pub(crate) fn has_repository(&self, name: &Repository) -> bool {
        let dir = self.repository_dir(name);
        dir.join("_manifests").is_dir() || dir.join("_blobs").is_dir()
    }

    /// Every repository with a manifest, sorted by name.
    pub(crate) fn repositories(&self) -> Result<Vec<Repository>, Error> {
        self.named(&["_manifests"])
    }

    /// Every repository that anything was pushed to, sorted by name.
    pub(crate) fn all_repositories(&self) -> Result<Vec<Repository>, Error> {
        self.named(&["_manifests", "_blobs"])
    }

    /// The repositories that have one of these directories.
    fn named(&self, kinds: &[&str]) -> Result<Vec<Repository>, Error> {
        let top = self.root.join("repositories");
        let mut found = Vec::new();
        let mut open = vec![String::new()];
        while let Some(name) = open.pop() {
            let dir = top.join(&name);
            let entries = match fs::read_dir(&dir) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                other => other.map_err(Error::io("list", &dir))?,
            };
            for entry in entries {
                let entry = entry.map_err(Error::io("list", &dir))?;
                let Ok(component) = entry.file_name().into_string() else { continue };
                match component.as_str() {
                    kind if kinds.contains(&kind) => found.extend(name.parse::<Repository>().ok()),
                    other if other.starts_with(['_', '.']) => {}
                    _ if name.is_empty() => open.push(component),
                    _ => open.push(format!("{name}/{component}")),
                }
            }
        }
        found.sort();
        found.dedup();
        Ok(found)
    }

    fn blob_link(&self, name: &Repository, digest: &Digest) -> PathBuf {
        self.repository_dir(name).join("_blobs").join(digest.algorithm().name()).join(digest.hex())
    }

    /// Makes a blob of the store part of a repository.
    pub(crate) fn link_blob(&self, name: &Repository, digest: &Digest) -> Result<(), Error> {
        let link = self.blob_link(name, digest);
        if files::touch(&link)? {
            return Ok(());
        }
        files::create_empty(&link, &self.root)
    }

    /// The size of a blob that the repository has; it stays for the grace of the next collections. Takes from a sibling what
    /// only that has.
    pub(crate) fn hold_blob(&self, name: &Repository, digest: &Digest) -> Result<Option<u64>, Error> {
        if files::touch(&self.blob_link(name, digest))? && self.blobs.hold(digest)? {
            return Ok(self.blobs.size(digest)?);
        }
        for sibling in &self.siblings {
            if self.blobs.share_from(sibling, digest)? {
                self.link_blob(name, digest)?;
                return Ok(self.blobs.size(digest)?);
            }
        }
        Ok(None)
    }

    /// Opens a blob that the repository has.
    pub(crate) fn open_blob(&self, name: &Repository, digest: &Digest) -> Result<Option<(File, u64)>, Error> {
        if !self.blob_link(name, digest).is_file() {
            return Ok(None);
        }
        let file = match self.blobs.open_blob(digest) {
            Err(blob::Error::Missing(_)) => return Ok(None),
            other => other?,
        };
        let size = file.metadata().map_err(Error::io("look at", &self.blobs.path(digest)))?.len();
        Ok(Some((file, size)))
    }

    /// Makes a blob of one repository part of another. `false` when the first has no such blob.
    pub(crate) fn mount_blob(&self, from: &Repository, to: &Repository, digest: &Digest) -> Result<bool, Error> {
        let found = self.hold_blob(from, digest)?.is_some();
        if found {
            self.link_blob(to, digest)?;
        }
        Ok(found)
    }

    /// Takes a blob out of a repository; a collection removes it when no other has it. `false` when it was not there.
    pub(crate) fn unlink_blob(&self, name: &Repository, digest: &Digest) -> Result<bool, Error> {
        files::remove(&self.blob_link(name, digest))
    }

    /// The digests in one of a repository's directories, `_blobs` or `_manifests`.
    pub(crate) fn linked(&self, name: &Repository, kind: &str) -> Result<Vec<Digest>, Error> {
        let mut digests = Vec::new();
        for algorithm in blob::Algorithm::ALL {
            let dir = self.repository_dir(name).join(kind).join(algorithm.name());
            let names = files::names(&dir)?;
            digests.extend(names.iter().filter_map(|hex| format!("{}:{hex}", algorithm.name()).parse::<Digest>().ok()));
        }
        Ok(digests)
    }

    /// Held while a manifest is stored: what it refers to is held after a collection took its bearings, or before and seen.
    pub(crate) fn pushing(&self) -> Result<File, Error> {
        self.lock(File::lock_shared)
    }

    /// Held by a collection while no manifest is being stored.
    pub(crate) fn no_pushing(&self) -> Result<File, Error> {
        self.lock(File::lock)
    }

    fn lock(&self, lock: impl FnOnce(&File) -> io::Result<()>) -> Result<File, Error> {
        let path = self.root.join(".push.lock");
        let file = File::options().create(true).append(true).open(&path).map_err(Error::io("open", &path))?;
        lock(&file).map_err(Error::io("lock", &path))?;
        Ok(file)
    }
}
