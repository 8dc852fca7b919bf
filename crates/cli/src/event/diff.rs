//! Which commits and files an event brings, as GitHub counts them.

use git::Repository;
use trigger::{ChangedFile, ChangedFiles, EventFacts, PullRequestFacts, RefKind};

use super::{Asked, MAX_COMMITS, ZERO_SHA, commit_facts};
use crate::failure::Failure;
use crate::project::Project;

pub(super) fn push(project: &Project, event: &mut EventFacts, asked: &Asked, wants_files: bool) -> Result<(), Failure> {
    let repository = &project.repository;
    let facts = &project.facts;
    let head = match (&asked.head, &facts.head.sha) {
        (Some(head), _) => head.commit.clone(),
        (None, Some(head)) => head.clone(),
        (None, None) => {
            // Nothing is committed yet: everything that lies there would be pushed.
            event.changed = ChangedFiles::Unknown("the repository has no commit yet".to_owned());
            return Ok(());
        }
    };
    let dirty = wants_files && asked.files.is_none() && !asked.clean && asked.head.is_none();
    // git looks through the work tree while it is asked about commits.
    std::thread::scope(|scope| {
        let looking = dirty.then(|| scope.spawn(|| repository.status().map(|_| ())));
        // The answer is kept; what goes wrong is told when it is asked for again.
        let looked = || drop(looking.map(std::thread::ScopedJoinHandle::join));
        pushed(project, event, asked, &head, wants_files, looked)
    })
}

/// What a push of this commit brings. `looked` waits for the look through the work tree.
fn pushed(
    project: &Project,
    event: &mut EventFacts,
    asked: &Asked,
    head: &str,
    wants_files: bool,
    looked: impl FnOnce(),
) -> Result<(), Failure> {
    let git = |error: git::GitError| Failure::broken(error.to_string());
    let repository = &project.repository;
    let commit = repository.commit(head).map_err(git)?;
    let start = start(project, event, asked, head)?;
    // What a push would send: everything since the branch was last pushed, else the last commit.
    let since = start.since.or_else(|| commit.parents.first().cloned());
    let mut commits = match &since {
        Some(since) if commit.parents.first() != Some(since) => {
            repository.commits_between(Some(since.as_str()), head, MAX_COMMITS).map_err(git)?
        }
        _ => vec![commit],
    };
    if commits.is_empty() {
        commits = vec![repository.commit(head).map_err(git)?];
    }
    event.commits = commits.iter().map(commit_facts).collect();
    if asked.most_commits.is_some_and(|most| commits.len() > most) {
        event.changed = ChangedFiles::TooMany;
    } else if wants_files && asked.files.is_none() {
        let mut files = repository.changed_files(since.as_deref(), head).map_err(git)?;
        if !asked.clean && asked.head.is_none() {
            looked();
            files.extend(uncommitted(repository)?);
        }
        event.changed = changed(files);
    }
    event.before = if start.new { None } else { since };
    Ok(())
}

/// Where a push begins.
struct Start {
    since: Option<String>,
    /// The ref is not there yet.
    new: bool,
}

fn start(project: &Project, event: &EventFacts, asked: &Asked, head: &str) -> Result<Start, Failure> {
    let git = |error: git::GitError| Failure::broken(error.to_string());
    let repository = &project.repository;
    let fork_point = || -> Result<Option<String>, Failure> {
        let Some(default) = repository.branch_commit(&project.facts.default_branch) else { return Ok(None) };
        Ok(repository.merge_base(&default, head).map_err(git)?.filter(|base| base != head))
    };
    if let Some(before) = &asked.before {
        if before.bytes().all(|byte| byte == b'0') {
            return Ok(Start { since: fork_point()?, new: true });
        }
        // A force push may name a commit that is not here: then what counts is what the default branch lacks.
        return Ok(match repository.resolve_commit(before).map_err(git)? {
            Some(before) => Start { since: Some(before), new: false },
            None => Start { since: fork_point()?, new: false },
        });
    }
    if event.ref_kind == RefKind::Tag {
        return Ok(Start { since: None, new: true });
    }
    if let Some(upstream) = repository.upstream(&event.ref_name) {
        return Ok(Start { since: Some(upstream).filter(|upstream| upstream != head), new: false });
    }
    // A branch that was never pushed brings everything since it left the default branch.
    if event.ref_name != project.facts.default_branch
        && let Some(base) = fork_point()?
    {
        return Ok(Start { since: Some(base), new: true });
    }
    Ok(Start { since: None, new: false })
}

pub(super) fn pull_request(
    project: &Project,
    event: &mut EventFacts,
    asked: &Asked,
    wants_files: bool,
) -> Result<(), Failure> {
    let git = |error: git::GitError| Failure::broken(error.to_string());
    let repository = &project.repository;
    let facts = &project.facts;
    let base = asked.base.clone().unwrap_or_else(|| facts.default_branch.clone());
    let known = asked.head.as_ref().map(|head| head.commit.clone()).or_else(|| facts.head.sha.clone());
    let head_sha = known.clone().unwrap_or_else(|| ZERO_SHA.to_owned());
    let base_sha = repository.branch_commit(&base).unwrap_or_else(|| head_sha.clone());
    let mut pull = PullRequestFacts {
        number: asked.number.unwrap_or(1),
        draft: asked.draft,
        base_ref: base.clone(),
        base_sha: base_sha.clone(),
        head_ref: event.ref_name.clone(),
        head_sha: head_sha.clone(),
        title: event.ref_name.clone(),
        ..PullRequestFacts::default()
    };
    if known.is_some() {
        let head = repository.commit(&head_sha).map_err(git)?;
        pull.title = head.message.lines().next().unwrap_or_default().to_owned();
        pull.head_message = Some(head.message.clone());
        if wants_files && asked.files.is_none() {
            let mut files = repository.changed_files_since_merge_base(&base_sha, &head_sha).map_err(git)?;
            if !asked.clean && asked.head.is_none() {
                files.extend(uncommitted(repository)?);
            }
            pull.changed_files = files.len();
            event.changed = changed(files);
        }
        pull.commits = 1;
        event.commits = vec![commit_facts(&head)];
    }
    event.pull_request = Some(pull);
    Ok(())
}

/// The job's files hold uncommitted changes, so filters see them too.
fn uncommitted(repository: &Repository) -> Result<Vec<git::ChangedFile>, Failure> {
    let status = repository.status().map_err(|error| Failure::broken(error.to_string()))?;
    Ok(status
        .entries
        .iter()
        .map(|entry| git::ChangedFile {
            kind: if entry.deleted { git::ChangeKind::Deleted } else { git::ChangeKind::Modified },
            path: String::from_utf8_lossy(&entry.path).into_owned(),
            old_path: None,
        })
        .collect())
}

fn changed(files: Vec<git::ChangedFile>) -> ChangedFiles {
    let mut files: Vec<ChangedFile> =
        files.into_iter().map(|file| ChangedFile { path: file.path, previous: file.old_path }).collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup_by(|a, b| a.path == b.path);
    ChangedFiles::Known(files)
}
