//! Which revision's workflow files an event reads, as GitHub does it.

use std::collections::BTreeSet;

use git::{TreeFile, TriedMerge};

use crate::failure::Failure;
use crate::project::{Broken, DIRECTORIES, Project};

/// Where the files come from.
pub(super) struct Revision {
    /// For people: `the work tree`, `main at 1a2b3c4`.
    pub(super) shown: String,
    pub(super) broken: Vec<Broken>,
    /// Paths on the default branch; none where that could not be looked up.
    pub(super) on_default: Option<BTreeSet<String>>,
    /// Pull requests: paths that conflict. Empty when it merges, none when nobody could tell.
    pub(super) conflicts: Option<Vec<String>>,
}

/// Which files an event reads.
pub(super) enum Wanted<'a> {
    /// Those that lie there.
    WorkTree,
    /// Of a commit that is not checked out.
    Commit { name: &'a str, commit: &'a str },
    /// Of the merge of two commits.
    Merge { base: &'a str, head: &'a str, checked_out: bool },
    /// Of the default branch.
    Default,
}

/// Reads them into the project. `asks_default`: the event only reaches files that the default branch has. `found` are the
/// files of the work tree that were not valid.
pub(super) fn read(
    project: &mut Project,
    wanted: &Wanted<'_>,
    asks_default: bool,
    named: bool,
    found: Vec<Broken>,
) -> Result<Revision, Failure> {
    let git = |error: git::GitError| Failure::broken(error.to_string());
    let repository = project.repository.clone();
    let default = project.facts.default_branch.clone();
    let at_default = repository.branch_commit(&default);
    let mut on_default = None;
    let mut default_files: Option<Vec<TreeFile>> = None;
    // For the other events it is a process less.
    if asks_default && let Some(commit) = &at_default {
        let files = repository.files_at(commit, DIRECTORIES).map_err(git)?;
        on_default = Some(files.iter().map(|file| file.path.clone()).collect());
        default_files = Some(files);
    }
    let short = |commit: &str| commit.get(..7).unwrap_or(commit).to_owned();
    let mut revision = Revision { shown: "the work tree".to_owned(), broken: Vec::new(), on_default, conflicts: None };
    if named {
        // A file that was named is taken as it is.
        revision.broken = found;
        return Ok(revision);
    }
    match *wanted {
        Wanted::WorkTree => revision.broken = found,
        Wanted::Commit { name, commit } => {
            let files = repository.files_at(commit, DIRECTORIES).map_err(git)?;
            revision.broken = project.take_files(files);
            revision.shown = format!("{name} at {}", short(commit));
        }
        Wanted::Merge { base, head, checked_out } => {
            let tried = if base == head { None } else { repository.try_merge(base, head, DIRECTORIES).map_err(git)? };
            revision.broken = found;
            match tried {
                Some(TriedMerge { conflicts, .. }) if !conflicts.is_empty() => {
                    revision.conflicts = Some(conflicts);
                    if !checked_out {
                        let files = repository.files_at(head, DIRECTORIES).map_err(git)?;
                        revision.broken = project.take_files(files);
                        revision.shown = format!("the head at {}", short(head));
                    }
                }
                Some(TriedMerge { files, .. }) => {
                    revision.conflicts = Some(Vec::new());
                    // Uncommitted changes to a checked-out head are worth more than the merge of what is committed.
                    if !checked_out || project.repository.status().is_ok_and(git::Status::is_clean) {
                        revision.broken = project.take_files(files);
                        revision.shown = format!("the merge of {} into {}", short(head), short(base));
                    }
                }
                None if !checked_out => {
                    let files = repository.files_at(head, DIRECTORIES).map_err(git)?;
                    revision.broken = project.take_files(files);
                    revision.shown = format!("the head at {}", short(head));
                }
                None => {}
            }
        }
        Wanted::Default => {
            revision.broken = found;
            let current = project.facts.head.branch.as_deref() == Some(default.as_str());
            if !current && let (Some(files), Some(commit)) = (default_files, &at_default) {
                // Files that only the work tree has are told of too: they are what people wonder about.
                let missing: Vec<_> = project
                    .workflows
                    .iter()
                    .filter(|workflow| !files.iter().any(|file| *file.path == *workflow.path))
                    .cloned()
                    .collect();
                revision.broken = project.take_files(files);
                project.workflows.extend(missing);
                project.workflows.sort_by(|a, b| a.path.cmp(&b.path));
                revision.shown = format!("the default branch, {default} at {}", short(commit));
            }
        }
    }
    Ok(revision)
}
