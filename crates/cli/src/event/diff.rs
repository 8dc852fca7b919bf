//! Which commits and files an event brings, as GitHub counts them.

use git::{Facts, Repository};
use trigger::{ChangedFile, ChangedFiles, CommitFacts, PullRequestFacts, RefKind};

use super::{Asked, MAX_COMMITS, Target, ZERO_SHA, commit_facts};
use crate::failure::Failure;

/// What git knows of an event beyond its ref.
#[derive(Default)]
pub(super) struct Brought {
    pub(super) commits: Vec<CommitFacts>,
    /// Pushes: where the ref stood before.
    pub(super) before: Option<String>,
    /// None where nobody asked for it.
    pub(super) changed: Option<ChangedFiles>,
    pub(super) pull_request: Option<PullRequestFacts>,
}

const PULL_REQUESTS: &[&str] =
    &["pull_request", "pull_request_target", "pull_request_review", "pull_request_review_comment"];

/// Whether events of this name bring commits.
pub(super) fn brings(name: &str) -> bool {
    name == "push" || PULL_REQUESTS.contains(&name)
}

pub(super) fn brought(
    repository: &Repository,
    facts: &Facts,
    asked: &Asked,
    name: &str,
    target: &Target,
    wants_files: bool,
) -> Result<Brought, Failure> {
    if !brings(name) {
        return Ok(Brought::default());
    }
    let question = Question { repository, facts, asked, target, wants_files: wants_files && asked.files.is_none() };
    let dirty = question.wants_files && question.looks_at_work_tree();
    // git looks through the work tree while it is asked about commits.
    std::thread::scope(|scope| {
        if dirty {
            // The answer is kept; what goes wrong is told when it is asked for again.
            scope.spawn(|| drop(repository.status()));
        }
        if name == "push" { question.push() } else { question.pull_request() }
    })
}

struct Question<'a> {
    repository: &'a Repository,
    facts: &'a Facts,
    asked: &'a Asked,
    target: &'a Target,
    wants_files: bool,
}

impl Question<'_> {
    /// Whether uncommitted changes count.
    fn looks_at_work_tree(&self) -> bool {
        !self.asked.clean && self.asked.head.is_none()
    }

    /// What a push of this commit brings.
    fn push(&self) -> Result<Brought, Failure> {
        let Self { repository, asked, .. } = *self;
        let Some(head) = &self.target.commit else {
            // Nothing is committed yet: everything that lies there would be pushed.
            let why = "the repository has no commit yet".to_owned();
            return Ok(Brought { changed: Some(ChangedFiles::Unknown(why)), ..Brought::default() });
        };
        let commit = repository.commit(head).map_err(broken)?;
        let start = self.start(head)?;
        // What a push would send: everything since the branch was last pushed, else the last commit.
        let since = start.since.or_else(|| commit.parents.first().cloned());
        let mut commits = match &since {
            Some(since) if commit.parents.first() != Some(since) => {
                repository.commits_between(Some(since.as_str()), head, MAX_COMMITS).map_err(broken)?
            }
            _ => Vec::new(),
        };
        if commits.is_empty() {
            commits = vec![commit];
        }
        let changed = if asked.most_commits.is_some_and(|most| commits.len() > most) {
            Some(ChangedFiles::TooMany)
        } else if self.wants_files {
            let mut files = repository.changed_files(since.as_deref(), head).map_err(broken)?;
            if self.looks_at_work_tree() {
                files.extend(uncommitted(repository)?);
            }
            Some(changed(files))
        } else {
            None
        };
        let before = if start.new { None } else { since };
        Ok(Brought { commits: commits.iter().map(commit_facts).collect(), before, changed, pull_request: None })
    }

    fn start(&self, head: &str) -> Result<Start, Failure> {
        let Self { repository, asked, target, .. } = *self;
        let default_branch = &self.facts.default_branch;
        let fork_point = || -> Result<Option<String>, Failure> {
            let Some(default) = repository.branch_commit(default_branch) else { return Ok(None) };
            Ok(repository.merge_base(&default, head).map_err(broken)?.filter(|base| base != head))
        };
        if let Some(before) = &asked.before {
            if before.bytes().all(|byte| byte == b'0') {
                return Ok(Start { since: fork_point()?, new: true });
            }
            // A force push may name a commit that is not here: then what counts is what the default branch lacks.
            return Ok(match repository.resolve_commit(before).map_err(broken)? {
                Some(before) => Start { since: Some(before), new: false },
                None => Start { since: fork_point()?, new: false },
            });
        }
        if target.kind == RefKind::Tag {
            return Ok(Start { since: None, new: true });
        }
        if let Some(upstream) = repository.upstream(&target.name) {
            return Ok(Start { since: Some(upstream).filter(|upstream| upstream != head), new: false });
        }
        // A branch that was never pushed brings everything since it left the default branch.
        if target.name != *default_branch
            && let Some(base) = fork_point()?
        {
            return Ok(Start { since: Some(base), new: true });
        }
        Ok(Start { since: None, new: false })
    }

    fn pull_request(&self) -> Result<Brought, Failure> {
        let Self { repository, asked, target, .. } = *self;
        let base = asked.base.clone().unwrap_or_else(|| self.facts.default_branch.clone());
        let head_sha = target.commit.clone().unwrap_or_else(|| ZERO_SHA.to_owned());
        let base_sha = repository.branch_commit(&base).unwrap_or_else(|| head_sha.clone());
        let mut pull = PullRequestFacts {
            number: asked.number.unwrap_or(1),
            draft: asked.draft,
            base_ref: base,
            base_sha: base_sha.clone(),
            head_ref: target.name.clone(),
            head_sha: head_sha.clone(),
            title: target.name.clone(),
            ..PullRequestFacts::default()
        };
        let mut brought = Brought::default();
        if target.commit.is_some() {
            let head = repository.commit(&head_sha).map_err(broken)?;
            pull.title = head.message.lines().next().unwrap_or_default().to_owned();
            pull.head_message = Some(head.message.clone());
            if self.wants_files {
                let mut files = repository.changed_files_since_merge_base(&base_sha, &head_sha).map_err(broken)?;
                if self.looks_at_work_tree() {
                    files.extend(uncommitted(repository)?);
                }
                pull.changed_files = files.len();
                brought.changed = Some(changed(files));
            }
            pull.commits = 1;
            brought.commits = vec![commit_facts(&head)];
        }
        brought.pull_request = Some(pull);
        Ok(brought)
    }
}

/// Where a push begins.
struct Start {
    since: Option<String>,
    /// The ref is not there yet.
    new: bool,
}

fn broken(error: git::GitError) -> Failure {
    Failure::broken(error.to_string())
}

/// The job's files hold uncommitted changes, so filters see them too.
fn uncommitted(repository: &Repository) -> Result<Vec<git::ChangedFile>, Failure> {
    let status = repository.status().map_err(broken)?;
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
