//! Locating a repository.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use crate::command::Git;
use crate::config::Config;
use crate::{GitError, Ref, Status};

/// A located repository, or a plain directory that is treated as one uncommitted tree.
#[derive(Debug)]
pub struct Repository {
    top_level: PathBuf,
    git: Option<GitPaths>,
    trusted: bool,
    pub(crate) config: OnceLock<Config>,
    pub(crate) refs: OnceLock<Vec<Ref>>,
    pub(crate) status: OnceLock<Status>,
    /// Held while git looks through the work tree, so that it does so once.
    pub(crate) looking: Mutex<()>,
}

#[derive(Debug)]
struct GitPaths {
    /// The git directory of this work tree.
    dir: PathBuf,
    /// What linked work trees share.
    common: PathBuf,
    bare: bool,
}

/// Which hash names objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ObjectFormat {
    Sha1,
    Sha256,
}

impl Repository {
    /// Finds the repository `dir` belongs to, walking up; starts no process. A directory outside any repository
    /// is accepted, see [`Repository::is_git`].
    pub fn discover(dir: &Path) -> Result<Repository, GitError> {
        let start = canonical(dir)?;
        let found = start.ancestors().find_map(|at| locate(at).map(|git| (at.to_path_buf(), git)));
        Ok(match found {
            Some((top_level, git)) => Repository::with(top_level, Some(git)),
            None => Repository::with(start, None),
        })
    }

    /// Opens exactly `dir`: a work tree, a bare repository or a plain directory. Does not walk up. For directories
    /// the user named: git's check of their owner is waived.
    pub fn open(dir: &Path) -> Result<Repository, GitError> {
        let top_level = canonical(dir)?;
        let git = locate(&top_level);
        Ok(Repository { trusted: true, ..Repository::with(top_level, git) })
    }

    fn with(top_level: PathBuf, git: Option<GitPaths>) -> Repository {
        let (config, refs, status) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Repository { top_level, git, trusted: false, config, refs, status, looking: Mutex::default() }
    }

    /// Top of the work tree; the git directory itself for a bare repository.
    pub fn top_level(&self) -> &Path {
        &self.top_level
    }

    /// The git directory; `None` for a plain directory.
    pub fn git_dir(&self) -> Option<&Path> {
        self.git.as_ref().map(|git| git.dir.as_path())
    }

    /// The directory linked work trees share (refs, objects).
    pub fn common_dir(&self) -> Option<&Path> {
        self.git.as_ref().map(|git| git.common.as_path())
    }

    /// Whether this is a git repository.
    pub fn is_git(&self) -> bool {
        self.git.is_some()
    }

    /// Whether it has no work tree.
    pub fn is_bare(&self) -> bool {
        self.git.as_ref().is_some_and(|git| git.bare)
    }

    /// Where its objects are.
    pub(crate) fn objects(&self) -> Option<PathBuf> {
        self.common_dir().map(|common| common.join("objects"))
    }

    /// The repository's own configuration file.
    pub(crate) fn config(&self) -> &Config {
        self.config.get_or_init(|| self.common_dir().map(|dir| Config::read(&dir.join("config"))).unwrap_or_default())
    }

    /// The hash in use.
    pub(crate) fn object_format(&self) -> ObjectFormat {
        match self.config().get("extensions.objectformat") {
            Some("sha256") => ObjectFormat::Sha256,
            _ => ObjectFormat::Sha1,
        }
    }

    /// A git process on this repository.
    pub(crate) fn git(&self) -> Git {
        let git = Git::new(&self.top_level).quiet_args(["-c", "core.fsmonitor=false", "-c", "core.quotePath=false"]);
        let git = if self.trusted { git.quiet_args(["-c", "safe.directory=*"]) } else { git };
        match &self.git {
            Some(paths) if paths.bare => git.quiet_args(["--git-dir".as_ref(), paths.dir.as_os_str()]),
            _ => git,
        }
    }
}

impl ObjectFormat {
    /// The tree without entries.
    pub(crate) fn empty_tree(self) -> &'static str {
        match self {
            ObjectFormat::Sha1 => "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
            ObjectFormat::Sha256 => "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
        }
    }

    /// Length of an id in bytes.
    pub(crate) fn len(self) -> usize {
        match self {
            ObjectFormat::Sha1 => 20,
            ObjectFormat::Sha256 => 32,
        }
    }
}

fn canonical(dir: &Path) -> Result<PathBuf, GitError> {
    let path = dir.canonicalize().map_err(GitError::io("cannot open", dir))?;
    if path.is_dir() {
        return Ok(path);
    }
    let source = std::io::Error::from(std::io::ErrorKind::NotADirectory);
    Err(GitError::Io { what: "cannot open", path, source })
}

/// What makes `at` a repository: `.git` (a directory, or a file that names one), or being a bare one.
fn locate(at: &Path) -> Option<GitPaths> {
    let dot = at.join(".git");
    if dot.is_dir() && is_git_dir(&dot) {
        let common = common_of(&dot);
        return Some(GitPaths { dir: dot, common, bare: false });
    }
    if dot.is_file() {
        let text = std::fs::read_to_string(&dot).ok()?;
        let dir = at.join(text.strip_prefix("gitdir:")?.trim()).canonicalize().ok()?;
        let common = common_of(&dir);
        return is_git_dir(&dir).then_some(GitPaths { dir, common, bare: false });
    }
    if is_git_dir(at) {
        return Some(GitPaths { dir: at.to_path_buf(), common: at.to_path_buf(), bare: true });
    }
    None
}

fn is_git_dir(dir: &Path) -> bool {
    let common = common_of(dir);
    dir.join("HEAD").symlink_metadata().is_ok() && common.join("objects").is_dir() && common.join("refs").is_dir()
}

fn common_of(dir: &Path) -> PathBuf {
    match std::fs::read_to_string(dir.join("commondir")) {
        Ok(text) => {
            let joined = dir.join(text.trim());
            joined.canonicalize().unwrap_or(joined)
        }
        Err(_) => dir.to_path_buf(),
    }
}
