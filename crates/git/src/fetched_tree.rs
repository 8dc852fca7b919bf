//! The files of a repository given by any URL, for contexts of image builds.

use std::fs;
use std::path::Path;

use crate::command::Git;
use crate::refs::is_safe_ref;
use crate::{Cancel, GitError};

/// What to fetch from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchTree<'a> {
    /// Whatever git takes: `https://`, `ssh://`, `git@host:path`, `file://`, a path.
    pub url: &'a str,
    /// A branch, tag, full ref or commit; the remote's default branch if `None`.
    pub reference: Option<&'a str>,
    /// The commit must begin with this.
    pub checksum: Option<&'a str>,
    /// Leave `.git` there.
    pub keep_git_dir: bool,
    /// Fetch submodules too.
    pub submodules: bool,
}

/// Puts the files of a repository into `directory`, which is made when missing and must be empty. Returns the commit.
///
/// # Errors
/// When the ref is not there, git fails, or the commit is not the one that was asked for.
pub fn fetch_tree(request: &FetchTree<'_>, directory: &Path, cancel: &Cancel) -> Result<String, GitError> {
    let url = request.url;
    if url.starts_with('-') {
        return Err(GitError::Input(format!("`{url}` is no URL of a repository")));
    }
    let reference = request.reference.unwrap_or("HEAD");
    if !is_safe_ref(reference) {
        return Err(GitError::Input(format!("`{reference}` is no ref")));
    }
    fs::create_dir_all(directory).map_err(GitError::io("cannot create", directory))?;
    cancel.within(|| {
        let git =
            || Git::new(directory).quiet_args(["-c", "advice.detachedHead=false", "-c", "init.defaultBranch=main"]);
        git().args(["init", "-q"]).run()?;
        git().args(["remote", "add", "origin", "--", url]).run()?;
        let fetch = |what: &[&str]| {
            let fetch = git().cancellable(url).args(["fetch", "-q", "--no-tags", "--force"]);
            fetch.args(what.iter().copied()).run().map(drop)
        };
        // A server of plain files knows nothing of shallow histories.
        let newest = match fetch(&["--depth=1", "origin", reference]) {
            Err(error) if error.to_string().contains("shallow capabilities") => fetch(&["origin", reference]),
            other => other,
        };
        // A whole commit id can be asked for; the beginning of one only among what has been fetched.
        let commit = match newest {
            Ok(()) => git().args(["rev-parse", "--verify", "FETCH_HEAD^{commit}"]).line()?,
            Err(error) => {
                let is_beginning =
                    (4..=40).contains(&reference.len()) && reference.bytes().all(|b| b.is_ascii_hexdigit());
                if !is_beginning {
                    return Err(error);
                }
                fetch(&["origin", "+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"])?;
                git().args(["rev-parse", "--verify"]).arg(format!("{reference}^{{commit}}")).line()?
            }
        };
        if let Some(wanted) = request.checksum
            && !commit.starts_with(wanted)
        {
            return Err(GitError::Input(format!("{url} is at {commit}, not at {wanted}")));
        }
        git().args(["checkout", "-q", "--force", "--detach"]).arg(&commit).run()?;
        if request.submodules && directory.join(".gitmodules").exists() {
            git().cancellable(url).args(["submodule", "update", "-q", "--init", "--recursive", "--depth=1"]).run()?;
        }
        if !request.keep_git_dir {
            remove_git_dirs(directory)?;
        }
        Ok(commit)
    })
}

/// Removes `.git` at the top and in submodules.
fn remove_git_dirs(directory: &Path) -> Result<(), GitError> {
    let git = directory.join(".git");
    if let Ok(metadata) = git.symlink_metadata() {
        let removed = if metadata.is_dir() { fs::remove_dir_all(&git) } else { fs::remove_file(&git) };
        removed.map_err(GitError::io("cannot remove", &git))?;
    }
    let entries = fs::read_dir(directory).map_err(GitError::io("cannot list", directory))?;
    for entry in entries {
        let entry = entry.map_err(GitError::io("cannot list", directory))?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_git_dirs(&entry.path())?;
        }
    }
    Ok(())
}
