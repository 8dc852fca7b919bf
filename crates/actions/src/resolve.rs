//! From a `uses` value to a directory.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use git::{RepoName, SnapshotStore, Sources};

use crate::remote::Remote;
use crate::{ActionError, LockFile, LockedAction, Uses};

/// `actions.native`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NativeMode {
    /// A native action when there is one.
    #[default]
    Prefer,
    /// Never a native action.
    Never,
    /// Nothing but native and local actions.
    Only,
}

/// Which native actions exist.
pub trait NativeTable: Send + Sync {
    /// The name of the native action that stands in for `repo[/path]@reference` (e.g. `checkout`), or `None`.
    /// `major` is the number in refs like `v4` or `v4.1.2`; `None` for branches and commits.
    fn find(&self, repo: &RepoName, path: &str, reference: &str, major: Option<u32>) -> Option<String>;
}

/// What kind of thing was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionKind {
    /// A native action, by name.
    Native(String),
    /// A directory with this metadata file.
    Metadata(PathBuf),
    /// A directory with a Dockerfile and no metadata.
    Dockerfile(PathBuf),
    /// `docker://image`.
    Image(String),
}

/// A resolved action.
#[derive(Debug, Clone)]
pub struct ResolvedAction {
    /// What it is.
    pub kind: ActionKind,
    /// The action's own directory (`github.action_path`); `None` for native actions and images.
    pub dir: Option<PathBuf>,
    /// Root of the repository that holds it.
    pub root: Option<PathBuf>,
    /// Commit, for remote actions from git.
    pub commit: Option<String>,
    /// The ref as written (`github.action_ref`); empty for local ones.
    pub reference: String,
    /// `owner/repo` (`github.action_repository`), for remote ones.
    pub repository: Option<String>,
    /// Where it came from and why, one sentence.
    pub why: String,
    /// Keeps the files from being collected.
    pub held: Option<Arc<git::Snapshot>>,
}

/// A file of a remote repository, e.g. a reusable workflow.
#[derive(Debug, Clone)]
pub struct ResolvedFile {
    /// Content.
    pub text: Vec<u8>,
    /// Commit, when from git.
    pub commit: Option<String>,
    /// The repository's root, for `./` references inside it.
    pub root: PathBuf,
    /// Where it came from and why.
    pub why: String,
    /// Keeps the files from being collected.
    pub held: Option<Arc<git::Snapshot>>,
}

/// Resolves `uses` values. Remembers what it found: within a run a ref always means the same commit.
///
/// Directories of remote actions are shared and must not be written to; a job without an overlay gets a copy
/// ([`git::copy_tree`]).
pub struct Resolver {
    pub(crate) sources: Sources,
    pub(crate) store: Arc<SnapshotStore>,
    native: Option<(NativeMode, Arc<dyn NativeTable>)>,
    lock: Option<LockFile>,
    pub(crate) vendor: Option<PathBuf>,
    pub(crate) known: Mutex<HashMap<String, Remote>>,
}

impl Resolver {
    /// A resolver over `sources`; actions are materialised in `store`.
    pub fn new(sources: Sources, store: Arc<SnapshotStore>) -> Resolver {
        Resolver { sources, store, native: None, lock: None, vendor: None, known: Mutex::default() }
    }

    /// Sets the native actions and when they are used. Default: none.
    #[must_use]
    pub fn with_native(self, mode: NativeMode, table: Arc<dyn NativeTable>) -> Resolver {
        Resolver { native: Some((mode, table)), ..self }
    }

    /// Sets the lock file, and the directory of vendored actions (`.trunkline/vendor`).
    #[must_use]
    pub fn with_lock(self, lock: Option<LockFile>, vendor: Option<PathBuf>) -> Resolver {
        Resolver { lock, vendor, ..self }
    }

    /// The native action that stands in for `uses`, under the mode set.
    pub fn native(&self, uses: &Uses) -> Option<String> {
        let (Uses::Remote { repo, path, reference }, Some((mode, table))) = (uses, &self.native) else {
            return None;
        };
        if *mode == NativeMode::Never {
            return None;
        }
        table.find(repo, path, reference, major(reference))
    }

    /// Resolves an action. `workspace` is where `./` points, `own` where `$/` points.
    pub fn action(&self, uses: &Uses, workspace: &Path, own: &Path) -> Result<ResolvedAction, ActionError> {
        match uses {
            Uses::Local(path) => local(uses, workspace, path, "in the workspace"),
            Uses::SelfRepository(path) => local(uses, own, path, "in the workflow's own repository"),
            Uses::Docker(image) => Ok(ResolvedAction {
                kind: ActionKind::Image(image.clone()),
                dir: None,
                root: None,
                commit: None,
                reference: String::new(),
                repository: None,
                why: format!("{image} is an image"),
                held: None,
            }),
            Uses::Remote { repo, path, reference } => self.remote_action(uses, repo, path, reference),
        }
    }

    fn remote_action(
        &self,
        uses: &Uses,
        repo: &RepoName,
        path: &str,
        reference: &str,
    ) -> Result<ResolvedAction, ActionError> {
        let repository = Some(repo.to_string());
        if let Some(name) = self.native(uses) {
            let why = format!("{uses}: Trunkline's native action `{name}` stands in for it");
            let kind = ActionKind::Native(name);
            let reference = reference.to_owned();
            return Ok(ResolvedAction {
                kind,
                dir: None,
                root: None,
                commit: None,
                reference,
                repository,
                why,
                held: None,
            });
        }
        if self.native.as_ref().is_some_and(|(mode, _)| *mode == NativeMode::Only) {
            return Err(ActionError::OnlyNative { uses: uses.to_string() });
        }
        let found = self.remote(repo, reference, self.pin(repo, reference))?;
        let dir = inside(uses, &found.root, path)?;
        let kind = kind_of(uses, &dir)?;
        Ok(ResolvedAction {
            kind,
            dir: Some(dir),
            root: Some(found.root),
            commit: found.commit,
            reference: reference.to_owned(),
            repository,
            why: found.why,
            held: found.held,
        })
    }

    /// Resolves `owner/repo/.github/workflows/x.yml@ref`, or `./` and `$/` below `own`.
    pub fn workflow(&self, uses: &Uses, own: &Path) -> Result<ResolvedFile, ActionError> {
        let (root, path, found) = match uses {
            Uses::Local(path) | Uses::SelfRepository(path) => (own.to_path_buf(), path, None),
            Uses::Remote { repo, path, reference } => {
                let found = self.remote(repo, reference, self.pin(repo, reference))?;
                (found.root.clone(), path, Some(found))
            }
            Uses::Docker(_) => {
                let expected =
                    "a job's `uses` names a workflow file, ./x.yml or owner/repo/.github/workflows/x.yml@ref";
                return Err(ActionError::Misplaced { uses: uses.to_string(), expected });
            }
        };
        let file = inside(uses, &root, path)
            .map_err(|_| ActionError::NoFile { uses: uses.to_string(), path: root.join(path) })?;
        if !file.is_file() {
            return Err(ActionError::NoFile { uses: uses.to_string(), path: file });
        }
        let text = std::fs::read(&file).map_err(ActionError::io("cannot read", &file))?;
        let (commit, why, held) = match found {
            Some(found) => (found.commit, found.why, found.held),
            None => (None, format!("{uses} is {}", file.display()), None),
        };
        Ok(ResolvedFile { text, commit, root, why, held })
    }

    fn pin(&self, repo: &RepoName, reference: &str) -> Option<&LockedAction> {
        self.lock.as_ref()?.find(repo, reference)
    }
}

fn local(uses: &Uses, root: &Path, path: &str, place: &str) -> Result<ResolvedAction, ActionError> {
    let dir = root.join(path);
    if !dir.is_dir() {
        return Err(ActionError::NoDirectory { uses: uses.to_string(), dir });
    }
    let kind = kind_of(uses, &dir)?;
    let why = format!("{uses} is a directory {place}");
    let root = Some(root.to_path_buf());
    Ok(ResolvedAction {
        kind,
        dir: Some(dir),
        root,
        commit: None,
        reference: String::new(),
        repository: None,
        why,
        held: None,
    })
}

/// `path` in `root`; a link in a remote repository must not lead out of it.
fn inside(uses: &Uses, root: &Path, path: &str) -> Result<PathBuf, ActionError> {
    let dir = root.join(path);
    let stays = || Some(dir.canonicalize().ok()?.starts_with(root.canonicalize().ok()?));
    match stays() {
        Some(true) => Ok(dir),
        _ => Err(ActionError::NoMetadata { uses: uses.to_string(), dir }),
    }
}

/// The names the runner knows, in its order.
fn kind_of(uses: &Uses, dir: &Path) -> Result<ActionKind, ActionError> {
    let file = |names: &[&str]| names.iter().map(|name| dir.join(name)).find(|path| path.is_file());
    if let Some(path) = file(&["action.yml", "action.yaml"]) {
        return Ok(ActionKind::Metadata(path));
    }
    let docker = file(&["Dockerfile", "dockerfile"]).map(ActionKind::Dockerfile);
    docker.ok_or_else(|| ActionError::NoMetadata { uses: uses.to_string(), dir: dir.to_path_buf() })
}

/// 4 for `v4`, `4`, `v4.1.2`; `None` for anything that is not a version.
fn major(reference: &str) -> Option<u32> {
    let digits = reference.strip_prefix('v').unwrap_or(reference);
    let mut parts = digits.split('.');
    let first = parts.next()?.parse().ok()?;
    let numeric = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    // A commit could consist of digits only.
    (digits.len() < 40 && parts.all(numeric)).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn versions_have_a_major_number() {
        let table = [
            ("v4", Some(4)),
            ("4", Some(4)),
            ("v4.1.2", Some(4)),
            ("main", None),
            ("v4-beta", None),
            ("v", None),
            ("v4.", None),
            ("v4.x", None),
        ];
        for (text, want) in table {
            assert_eq!(major(text), want, "{text}");
        }
        assert_eq!(major(&"1".repeat(40)), None);
    }
}
