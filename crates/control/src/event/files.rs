//! Workflow files at a revision, linked with what they call.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use forge::git::{Entry, GitError, ObjectKind, Repo};
use span::Diagnostic;
use store::repositories::Repository;
use workflow::{Program, Workflow, WorkflowReference};

use crate::program::Linker;
use crate::told::Source;
use crate::{Control, Result};

/// Where workflows lie.
pub(super) const DIRECTORY: &str = ".github/workflows";
/// GitHub takes files of at most 512 KB.
pub(crate) const LARGEST: u64 = 1 << 20;

/// Bytes that are read of all workflow files of a commit together.
const MOST_BYTES: u64 = 16 << 20;

/// A workflow file as it lies there.
#[derive(Clone)]
pub(super) struct File {
    pub(super) path: String,
    pub(super) text: Arc<str>,
    /// Why it was not read.
    pub(super) refused: Option<String>,
}

/// What a commit holds for its runs; the same for ever.
pub(crate) struct Snapshot {
    pub(super) files: Vec<File>,
    pub(super) tree: String,
    /// `trunkline.lock`
    pub(super) lock: Option<String>,
}

impl Snapshot {
    fn bytes(&self) -> usize {
        let files: usize = self.files.iter().map(|file| file.text.len()).sum();
        files + self.lock.as_ref().map_or(0, String::len)
    }
}

/// Commits that were looked at last: each run tells several events, all of which look at the default branch.
#[derive(Default)]
pub(crate) struct Snapshots(Mutex<HashMap<(i64, String), Arc<Snapshot>>>);

/// More are not kept, and not more bytes of them.
const MOST: usize = 64;
const MOST_KEPT: usize = 64 << 20;

impl Snapshots {
    /// A commit of a repository, by its full id.
    pub(super) async fn of(&self, repo_id: i64, git: &Repo, commit: &str) -> Result<Arc<Snapshot>> {
        let key = (repo_id, commit.to_owned());
        if let Some(known) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(known.clone());
        }
        let (files, tree, lock) =
            tokio::join!(all(git, commit), git.tree_id(commit), git.file(commit, "trunkline.lock", LARGEST));
        // What is kept must not come from a git that could not be asked just now.
        let lock = there(lock)?.flatten().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let found = Arc::new(Snapshot { files: files?, tree: there(tree)?.unwrap_or_default(), lock });
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept: usize = table.values().map(|snapshot| snapshot.bytes()).sum();
        if table.len() >= MOST || kept + found.bytes() > MOST_KEPT {
            table.clear();
        }
        table.insert(key, found.clone());
        Ok(found)
    }
}

/// What git has; `None` where it has no such thing, or it is too large to be read.
fn there<T>(answer: Result<T, GitError>) -> Result<Option<T>> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(GitError::NotFound(_) | GitError::Refused(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// All workflow files of a commit, by name. None where there is no such commit, as in an empty repository.
async fn all(git: &Repo, revision: &str) -> Result<Vec<File>> {
    let mut found = match git.list(revision, DIRECTORY).await {
        Ok(found) => found,
        Err(GitError::NotFound(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    // Pictures and notes beside them are nobody's business here.
    let is_workflow = |entry: &Entry| {
        entry.kind == ObjectKind::Blob
            && entry.mode != "120000"
            && (entry.path.ends_with(".yml") || entry.path.ends_with(".yaml"))
    };
    found.retain(is_workflow);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    let mut sum = 0;
    let refused: Vec<Option<String>> = found
        .iter()
        .map(|entry| {
            let size = entry.size.unwrap_or_default();
            if size > LARGEST {
                return Some(format!("the file has {size} bytes; workflows have at most {LARGEST}"));
            }
            sum += size;
            (sum > MOST_BYTES).then(|| format!("the workflow files of this commit have more than {MOST_BYTES} bytes"))
        })
        .collect();
    let wanted: Vec<&str> =
        found.iter().zip(&refused).filter(|(_, no)| no.is_none()).map(|(entry, _)| entry.oid.as_str()).collect();
    let mut contents = git.objects(&wanted).await?.into_iter();
    let mut files = Vec::with_capacity(found.len());
    for (entry, refused) in found.into_iter().zip(refused) {
        let content = if refused.is_none() { contents.next().map(|object| object.content) } else { None };
        let text = String::from_utf8_lossy(&content.unwrap_or_default()).into();
        files.push(File { path: entry.path, text, refused });
    }
    Ok(files)
}

impl Control {
    /// Links a workflow with everything it calls, on this server; the texts, the run's own first.
    ///
    /// # Errors
    /// The inner error is what is wrong with the files.
    pub(super) async fn link(
        &self,
        linker: &mut Linker,
        root: &Workflow,
        text: &str,
        repository: &Repository,
        revision: &str,
    ) -> Result<Result<(Program, Vec<Source>), Vec<Diagnostic>>> {
        let mut sources = vec![Source { name: root.path.to_string(), text: text.to_owned() }];
        loop {
            match linker.link(root) {
                Ok(program) => return Ok(Ok((program, sources))),
                Err(found) if linker.missing.is_empty() => return Ok(Err(found)),
                Err(_) => {}
            }
            for name in std::mem::take(&mut linker.missing) {
                match self.callee(&name, repository, revision).await? {
                    Ok(text) => {
                        linker.add_callee(&name, &text);
                        sources.push(Source { name, text });
                    }
                    Err(reason) => linker.refuse_callee(&name, reason),
                }
            }
        }
    }

    /// The text of a called workflow, or why it cannot be had.
    async fn callee(&self, name: &str, repository: &Repository, revision: &str) -> Result<Result<String, String>> {
        let (owner, git_ref, path) = match WorkflowReference::parse(name) {
            Ok(WorkflowReference::Local { path }) => (repository.clone(), revision.to_owned(), path),
            Ok(WorkflowReference::Repository { owner, repo, path, git_ref }) => {
                let found = store::repositories::by_name(&mut self.store().read(), &owner, &repo).await?;
                // One that may not be used is as if it were not there.
                let usable = found.filter(|found| {
                    found.id == repository.id
                        || found.visibility == "public"
                        || (found.visibility == "internal")
                        || (found.owner_id == repository.owner_id && found.setting("share_workflows", true))
                });
                match usable {
                    Some(found) => (found, git_ref, path),
                    None => {
                        return Ok(Err(format!(
                            "there is no repository `{owner}/{repo}` on this server that may be used here"
                        )));
                    }
                }
            }
            Err(error) => return Ok(Err(error.to_string())),
        };
        let git = self.forge().git(owner.id);
        let Some(commit) = git.resolve(&git_ref).await? else {
            return Ok(Err(format!("`{}` has no `{git_ref}`", owner.full_name())));
        };
        Ok(match git.file(&commit, &path, LARGEST).await {
            Ok(Some(bytes)) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Ok(None) => Err(format!("`{}` has no file `{path}` at `{git_ref}`", owner.full_name())),
            Err(GitError::Refused(reason)) => Err(reason),
            Err(error) => return Err(error.into()),
        })
    }
}
