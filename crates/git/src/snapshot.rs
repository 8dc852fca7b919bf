//! Read-only snapshots of trees, materialised once and shared by jobs.
//!
//! ```text
//! <cache>/snapshots/<tree>/files     the tree
//! <cache>/snapshots/<tree>/index     its index (everything as in the tree)
//! <cache>/snapshots/<tree>/indexes/  indexes of dirty work trees with this content
//! <cache>/snapshots/<tree>/meta      bytes, boot id
//! <cache>/commits/<sha>              tree of a commit
//! <cache>/locks/<tree>               shared: in use; exclusive: being made or removed
//! <cache>/latest/<key>              the tree a work tree had last, see `renew`
//! <cache>/plain/<key>.git            objects of directories outside git
//! <cache>/tmp/                       being made; swept when its maker is gone
//! ```

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::Digest;

use crate::index::{self, IndexEntry};
use crate::{GitError, Repository};

mod collect;
mod filters;
mod lease;
pub(crate) mod materialise;
mod renew;
mod scratch;
pub(crate) mod tree;

pub use collect::GcReport;
pub(crate) use lease::Lease;
use scratch::Scratch;
use tree::Objects;

/// What to take a snapshot of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source<'a> {
    /// Tracked files with their uncommitted changes, and untracked files that are not ignored. In a bare repository: HEAD.
    WorkTree,
    /// A commit (or anything with a tree), by full object id.
    Commit(&'a str),
}

/// A materialised tree. While this value lives the snapshot is not collected.
#[derive(Debug)]
pub struct Snapshot {
    /// Tree hash.
    pub tree: String,
    /// The files. Never write here: it is the lower layer of jobs' overlays.
    pub path: PathBuf,
    /// An index whose stat data match `path`, to be copied into a job's `.git`.
    pub index: PathBuf,
    /// Whether it was materialised just now.
    pub fresh: bool,
    /// Whether the tree is not that of HEAD.
    pub uncommitted: bool,
    object_dirs: Vec<PathBuf>,
    _lease: Lease,
}

impl Snapshot {
    /// Directories a job must be able to read for git commands to work (object stores).
    pub fn object_dirs(&self) -> &[PathBuf] {
        &self.object_dirs
    }
}

/// Snapshots below one cache directory; shared by any number of processes.
#[derive(Debug)]
pub struct SnapshotStore {
    root: PathBuf,
}

impl SnapshotStore {
    /// Opens or creates the store and sweeps what killed processes left.
    pub fn open(cache_dir: &Path) -> Result<SnapshotStore, GitError> {
        for name in ["snapshots", "commits", "locks", "plain", "latest", "tmp"] {
            let dir = cache_dir.join(name);
            std::fs::create_dir_all(&dir).map_err(GitError::io("cannot create", &dir))?;
        }
        let root = cache_dir.canonicalize().map_err(GitError::io("cannot open", cache_dir))?;
        scratch::sweep(&root.join("tmp"));
        Ok(SnapshotStore { root })
    }

    /// The directory given to [`SnapshotStore::open`].
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the snapshot of `source`, materialising it when it is not there yet.
    pub fn snapshot(&self, repository: &Repository, source: Source<'_>) -> Result<Snapshot, GitError> {
        let mut objects = Objects {
            repository,
            git_dir: None,
            extra: None,
            files: (!repository.is_bare()).then(|| repository.top_level().to_path_buf()),
        };
        if !repository.is_git() {
            return self.plain(objects);
        }
        let head = match source {
            Source::Commit(sha) => Some(sha.to_owned()),
            Source::WorkTree => {
                repository.head()?.sha.filter(|_| repository.status().is_ok_and(crate::Status::is_clean))
            }
        };
        if let Some(sha) = head {
            let tree = self.tree_of_commit(repository, &sha)?;
            return self.ensure(&mut objects, tree, None);
        }
        repository.status()?;
        let scratch = self.object_scratch(&mut objects)?;
        let tree = objects.write_work_tree(scratch.path())?;
        let mut snapshot = self.ensure(&mut objects, tree, Some(&scratch))?;
        snapshot.index = self.user_index(&objects, &snapshot)?;
        snapshot.uncommitted = true;
        Ok(snapshot)
    }

    /// A directory outside git: its objects go to a repository of our own.
    fn plain(&self, mut objects: Objects<'_>) -> Result<Snapshot, GitError> {
        use std::os::unix::ffi::OsStrExt;
        let top = objects.repository.top_level();
        let key = hex::encode(&sha2::Sha256::digest(top.as_os_str().as_bytes())[..16]);
        let lock = self.root.join("locks").join(format!("plain-{key}"));
        let _lease = Lease::exclusive(&lock).map_err(GitError::io("cannot lock", &lock))?;
        let dir = self.root.join("plain").join(format!("{key}.git"));
        if !dir.join("HEAD").exists() {
            crate::command::Git::new(&self.root).args(["init", "-q", "--bare", "--template="]).arg(&dir).run()?;
        }
        drop(std::fs::remove_file(dir.join("index.lock")));
        objects.git_dir = Some(dir.clone());
        let scratch = Scratch::new(&self.root.join("tmp"))?;
        objects.extra = Some(scratch.path().to_path_buf());
        let tree = objects.write_work_tree(scratch.path())?;
        let mut snapshot = self.ensure(&mut objects, tree, Some(&scratch))?;
        snapshot.uncommitted = true;
        snapshot.object_dirs = vec![dir.join("objects")];
        Ok(snapshot)
    }

    /// The tree of a commit never changes, so it is remembered.
    fn tree_of_commit(&self, repository: &Repository, sha: &str) -> Result<String, GitError> {
        let note = self.root.join("commits").join(sha);
        let known = std::fs::read_to_string(&note).ok().filter(|tree| crate::refs::is_object_id(tree));
        if let Some(tree) = known {
            return Ok(tree);
        }
        let tree = repository.tree_of(sha)?;
        if crate::refs::is_object_id(sha) {
            write_atomically(&note, tree.as_bytes())?;
        }
        Ok(tree)
    }

    fn object_scratch(&self, objects: &mut Objects<'_>) -> Result<Scratch, GitError> {
        let scratch = Scratch::new(&self.root.join("tmp"))?;
        let extra = scratch.path().join("objects");
        std::fs::create_dir(&extra).map_err(GitError::io("cannot create", &extra))?;
        objects.extra = Some(extra);
        Ok(scratch)
    }

    /// Finds or makes the snapshot of a tree and takes a lease on it.
    fn ensure(&self, objects: &mut Objects<'_>, tree: String, scratch: Option<&Scratch>) -> Result<Snapshot, GitError> {
        let lock = self.root.join("locks").join(&tree);
        let dir = self.root.join("snapshots").join(&tree);
        let latest = self.latest_of(objects.repository);
        let changed = SnapshotStore::is_a_change(latest.as_deref(), &tree);
        let format = objects.repository.object_format();
        if changed && collect::is_sound(&dir, format) {
            self.renew(&dir, &lock, format)?;
        }
        let mut fresh = false;
        let lease = loop {
            let lease = Lease::shared(&lock).map_err(GitError::io("cannot lock", &lock))?;
            if collect::is_sound(&dir, objects.repository.object_format()) {
                break lease;
            }
            drop(lease);
            let making = Lease::exclusive(&lock).map_err(GitError::io("cannot lock", &lock))?;
            if !collect::is_sound(&dir, objects.repository.object_format()) {
                self.make(objects, &tree, &dir, scratch)?;
                fresh = true;
            }
            drop(making);
        };
        collect::mark_used(&dir);
        if let Some(latest) = latest.filter(|_| changed) {
            write_atomically(&latest, tree.as_bytes())?;
        }
        let object_dirs = objects.repository.objects().into_iter().collect();
        let (path, index) = (dir.join("files"), dir.join("index"));
        Ok(Snapshot { tree, path, index, fresh, uncommitted: false, object_dirs, _lease: lease })
    }

    fn make(
        &self,
        objects: &mut Objects<'_>,
        tree: &str,
        dir: &Path,
        scratch: Option<&Scratch>,
    ) -> Result<(), GitError> {
        let own = if scratch.is_some() { None } else { Some(self.object_scratch(objects)?) };
        let Some(scratch) = scratch.or(own.as_ref()) else {
            return Ok(());
        };
        let staging = scratch.path().join("snapshot");
        let files = staging.join("files");
        std::fs::create_dir_all(&files).map_err(GitError::io("cannot create", &files))?;
        let mut entries = objects.entries(tree)?;
        let bytes = materialise::materialise(objects, &mut entries, &files, past_second())?;
        let list = index::write(objects.repository.object_format(), &entries);
        let path = staging.join("index");
        std::fs::write(&path, list).map_err(GitError::io("cannot write", &path))?;
        collect::write_meta(&staging, bytes, entries.len())?;
        if dir.exists() {
            // Unsound, left by a crash of the machine.
            let grave = scratch.path().join("unsound");
            std::fs::rename(dir, &grave).map_err(GitError::io("cannot remove", dir))?;
        }
        std::fs::rename(&staging, dir).map_err(GitError::io("cannot create", dir))
    }

    /// The user's index with stat data of the snapshot's files where both hold the same content.
    fn user_index(&self, objects: &Objects<'_>, snapshot: &Snapshot) -> Result<PathBuf, GitError> {
        let format = objects.repository.object_format();
        let Some(git_dir) = objects.repository.git_dir() else {
            return Ok(snapshot.index.clone());
        };
        let own = std::fs::read(git_dir.join("index")).unwrap_or_default();
        let key = hex::encode(&sha2::Sha256::digest(&own)[..16]);
        let dir = snapshot.path.with_file_name("indexes");
        let path = dir.join(key);
        if path.exists() {
            return Ok(path);
        }
        let base = std::fs::read(&snapshot.index).map_err(GitError::io("cannot read", &snapshot.index))?;
        let base = index::read(format, &base).unwrap_or_default();
        let mut entries = objects.index_entries()?;
        for entry in &mut entries {
            entry.stat = stat_of(&base, entry);
        }
        std::fs::create_dir_all(&dir).map_err(GitError::io("cannot create", &dir))?;
        write_atomically(&path, &index::write(format, &entries))?;
        Ok(path)
    }
}

fn stat_of(base: &[IndexEntry], entry: &IndexEntry) -> Option<(u32, u32)> {
    let at = base.binary_search_by(|known| known.path.cmp(&entry.path)).ok()?;
    let known = &base[at];
    (entry.stage == 0 && known.oid == entry.oid && known.mode == entry.mode).then_some(known.stat).flatten()
}

/// A time before now, so that a change a job makes in its first second is seen by its time.
fn past_second() -> u32 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u32::try_from(now.as_secs().saturating_sub(2)).unwrap_or(u32::MAX)
}

/// Writes a file so that readers see all of it or nothing.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), GitError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}-{:x}.tmp", std::process::id(), fastrand::u64(..)));
    let staged = path.with_file_name(name);
    std::fs::write(&staged, bytes).map_err(GitError::io("cannot write", &staged))?;
    std::fs::rename(&staged, path).map_err(GitError::io("cannot write", path))
}
