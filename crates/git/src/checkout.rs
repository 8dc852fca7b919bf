//! `actions/checkout`.
//!
//! The rules are those of the action, version 7 (defaults, what is removed first, which ref ends up as what). The way
//! is another one: instead of fetching, the workspace gets a snapshot of the tree and a `.git` that shares the objects.

use std::path::{Path, PathBuf};

use crate::gitdir::{GitDirRequest, checkout_git_dir};
use crate::sources::{Prefer, resolve_in};
use crate::{
    GitError, GitRun, Origin, RepoName, Repository, Snapshot, SnapshotStore, Source, Sources, Workspace, copy_tree,
};

mod credentials;
mod inputs;
mod refresh;

pub use inputs::{CheckoutInputs, Submodules};

/// What the run knows: the user's repository, the event, where things are kept.
pub struct CheckoutContext<'a> {
    /// The user's repository.
    pub repository: &'a Repository,
    /// `github.repository`.
    pub name: RepoName,
    /// `github.sha`; `None` when there is no commit.
    pub sha: Option<String>,
    /// `github.ref`.
    pub reference: String,
    /// URL of `origin` in the job.
    pub remote_url: String,
    /// The run's own snapshot, taken once and shared by its jobs. Used whenever the commit asked for is
    /// [`CheckoutContext::sha`].
    pub snapshot: &'a Snapshot,
    /// Snapshots of other commits and repositories.
    pub store: &'a SnapshotStore,
    /// Other repositories.
    pub sources: &'a Sources,
    /// The workspace to fill.
    pub workspace: &'a dyn Workspace,
    /// `RUNNER_TEMP` as this process can write it and as the job names it; for credentials.
    pub runner_temp: Option<(PathBuf, PathBuf)>,
}

/// What was checked out.
#[derive(Debug, Default)]
pub struct CheckoutOutcome {
    /// Output `commit`; empty when there is none.
    pub commit: String,
    /// Output `ref`.
    pub reference: String,
    /// Whether uncommitted changes are included.
    pub uncommitted: bool,
    /// Lines for the step's log: what was done, by which way.
    pub log: Vec<String>,
    /// Files the post step removes.
    pub remove_after: Vec<PathBuf>,
    /// Snapshots that must live as long as the workspace.
    pub held: Vec<Snapshot>,
    /// Directories the job must be able to read.
    pub object_dirs: Vec<PathBuf>,
}

/// What the inputs come down to.
struct Plan {
    /// Another repository than the user's, or the user's as its upstream has it.
    elsewhere: Option<Repository>,
    commit: Option<String>,
    /// Full ref; `None`: a commit by id.
    reference: Option<String>,
    remote_url: String,
}

/// Checks out into the workspace.
pub fn checkout(inputs: &CheckoutInputs, context: &CheckoutContext<'_>) -> Result<CheckoutOutcome, GitError> {
    let mut outcome = CheckoutOutcome::default();
    let relative = relative_path(&inputs.path, context.workspace.job_path())?;
    let plan = plan(inputs, context, &mut outcome)?;
    let repository = plan.elsewhere.as_ref().unwrap_or(context.repository);
    outcome.commit = plan.commit.clone().unwrap_or_default();
    outcome.reference = plan.reference.clone().unwrap_or_else(|| inputs.reference.clone());

    // The run's own snapshot stands for the event's commit, with the user's uncommitted changes.
    let of_event = plan.elsewhere.is_none() && plan.commit == context.sha;
    let other = if of_event {
        None
    } else {
        let source = plan.commit.as_deref().map_or(Source::WorkTree, Source::Commit);
        Some(context.store.snapshot(repository, source)?)
    };
    let snapshot = other.as_ref().unwrap_or(context.snapshot);
    outcome.uncommitted = of_event && snapshot.uncommitted;

    let request = GitDirRequest {
        repository,
        snapshot,
        commit: plan.commit.as_deref(),
        reference: plan.reference.as_deref(),
        remote_url: &plan.remote_url,
        fetch_depth: inputs.fetch_depth,
        fetch_tags: inputs.fetch_tags,
    };
    let place = Place { workspace: context.workspace, relative: &relative };
    if refresh::applies(inputs, &place, &plan.remote_url)? {
        refresh::refresh(&request, &place, &mut outcome)?;
    } else {
        place.fill(&request, &mut outcome)?;
    }
    describe(&mut outcome, &request);
    after(inputs, context, &place, repository, &mut outcome)?;
    outcome.held.extend(other);
    Ok(outcome)
}

/// The post step: removes credentials.
pub fn checkout_cleanup(outcome: &CheckoutOutcome) {
    for path in &outcome.remove_after {
        // Gone already is as good.
        drop(std::fs::remove_file(path));
    }
}

/// Sparse patterns, submodules, credentials.
fn after(
    inputs: &CheckoutInputs,
    context: &CheckoutContext<'_>,
    place: &Place<'_>,
    repository: &Repository,
    outcome: &mut CheckoutOutcome,
) -> Result<(), GitError> {
    if !inputs.sparse.is_empty() {
        let cone = if inputs.cone { "--cone" } else { "--no-cone" };
        let mut args = vec!["sparse-checkout", "set", cone];
        if inputs.cone {
            args.push("--skip-checks");
        }
        args.extend(inputs.sparse.iter().map(String::as_str));
        place.git(&args)?;
        outcome.log.push(format!("Sparse checkout ({}): {}", &cone[2..], inputs.sparse.join(" ")));
    }
    if inputs.submodules != Submodules::No {
        let recursive = inputs.submodules == Submodules::Recursive;
        let sources = Sources {
            token: inputs.token.clone().or_else(|| context.sources.token.clone()),
            ..context.sources.clone()
        };
        let update = crate::submodules::Update {
            workspace: place.workspace,
            sources: &sources,
            depth: inputs.fetch_depth,
            recursive,
        };
        let modules = repository.common_dir().map(|dir| dir.join("modules"));
        update.run(place.relative, modules.as_deref(), &mut outcome.log)?;
    }
    if inputs.lfs {
        outcome.log.push("LFS: pointers are left as they are; run `git lfs pull` in a step to replace them".to_owned());
    }
    let own = context.sources.token.as_ref().filter(|_| context.sources.keep_token);
    let token = inputs.token.as_ref().or(own);
    if let (true, Some(token), Some((here, in_job))) = (inputs.persist_credentials, token, &context.runner_temp) {
        let file = credentials::persist(place, token, &context.sources.server_url, here, in_job)?;
        outcome.remove_after.push(file);
    }
    Ok(())
}

/// Decides which commit of which repository is meant.
fn plan(
    inputs: &CheckoutInputs,
    context: &CheckoutContext<'_>,
    outcome: &mut CheckoutOutcome,
) -> Result<Plan, GitError> {
    let wanted = inputs.repository.as_deref().map(|text| {
        RepoName::parse(text)
            .ok_or_else(|| GitError::Input(format!("Invalid repository '{text}'. Expected format {{owner}}/{{repo}}.")))
    });
    let other = wanted.transpose()?.filter(|name| !name.is(&context.name));
    let asked = Some(inputs.reference.as_str()).filter(|text| !text.is_empty());
    let sources =
        Sources { token: inputs.token.clone().or_else(|| context.sources.token.clone()), ..context.sources.clone() };
    if let Some(repo) = other {
        let found = sources.find_preferring(&repo, asked, inputs.fetch_depth, Prefer::Branch)?;
        outcome.log.push(match &found.origin {
            Origin::Directory(dir) => {
                format!("{repo} comes from {} (--action-source)", dir.display())
            }
            Origin::Cache => format!("{repo} comes from the mirror cache"),
            Origin::Fetched(url) => format!("{repo} was fetched from {url}"),
        });
        let remote_url = format!("{}/{repo}", sources.server_url.trim_end_matches('/'));
        return Ok(Plan {
            elsewhere: Some(found.repository),
            commit: found.commit,
            reference: found.reference,
            remote_url,
        });
    }
    let here = |commit, reference| Plan { elsewhere: None, commit, reference, remote_url: context.remote_url.clone() };
    let Some(asked) = asked else {
        let name = &context.reference;
        // Some events have an unqualified ref, e.g. the branch a pull request was merged into.
        let full =
            if name.is_empty() || name.starts_with("refs/") { name.clone() } else { format!("refs/heads/{name}") };
        return Ok(here(context.sha.clone(), Some(full).filter(|full| !full.is_empty())));
    };
    if context.sha.is_some()
        && (asked == context.reference || Some(asked) == context.reference.strip_prefix("refs/heads/"))
    {
        return Ok(here(context.sha.clone(), Some(context.reference.clone())));
    }
    if context.sha.as_deref() == Some(asked) {
        return Ok(here(context.sha.clone(), None));
    }
    if let Some((commit, full)) = resolve_in(context.repository, Some(asked), Prefer::Branch)? {
        return Ok(here(Some(commit), full));
    }
    let looked =
        vec![format!("{} (branches, remote branches, tags, commits)", context.repository.top_level().display())];
    if !is_fetchable(&context.remote_url) {
        let what = format!("A branch or tag with the name '{asked}' could not be found: `{asked}` of {}", context.name);
        let help = "The repository has no remote to ask; create the branch or tag, or fetch it".to_owned();
        return Err(GitError::NotFound { what, looked, help });
    }
    let found = sources.upstream(
        &context.remote_url,
        &context.name,
        Some(asked),
        inputs.fetch_depth,
        Prefer::Branch,
        looked,
    )?;
    outcome.log.push(format!("`{asked}` is not in the local repository; fetched it from {}", context.remote_url));
    let (commit, reference) = (found.commit, found.reference);
    Ok(Plan { elsewhere: Some(found.repository), commit, reference, remote_url: context.remote_url.clone() })
}

fn is_fetchable(url: &str) -> bool {
    url.contains("://") || url.contains(':') || url.starts_with('/')
}

fn describe(outcome: &mut CheckoutOutcome, request: &GitDirRequest<'_>) {
    let commit = request.commit.unwrap_or("no commit");
    let name = request.reference.unwrap_or("detached");
    let changes = if outcome.uncommitted { ", with uncommitted changes" } else { "" };
    let fresh = if request.snapshot.fresh { "materialised now" } else { "from the snapshot store" };
    outcome.log.push(format!("HEAD is now at {commit} ({name}{changes}); tree {} {fresh}", request.snapshot.tree));
}

/// `path`, which must stay within the workspace, relative to it.
fn relative_path(path: &str, workspace: &Path) -> Result<PathBuf, GitError> {
    use std::path::Component;
    let given = Path::new(if path.is_empty() { "." } else { path });
    let inner = given.strip_prefix(workspace).unwrap_or(given);
    let mut clean = PathBuf::new();
    for part in inner.components() {
        let fits = match part {
            Component::Normal(name) => {
                clean.push(name);
                true
            }
            Component::CurDir => true,
            Component::ParentDir => clean.pop(),
            Component::RootDir | Component::Prefix(_) => false,
        };
        if !fits {
            return Err(GitError::Input(format!("Repository path '{path}' is not under '{}'", workspace.display())));
        }
    }
    Ok(clean)
}

/// The directory of the workspace that is checked out into.
pub(crate) struct Place<'a> {
    pub(crate) workspace: &'a dyn Workspace,
    pub(crate) relative: &'a Path,
}

impl Place<'_> {
    pub(crate) fn host(&self) -> Result<PathBuf, GitError> {
        self.host_of("")
    }

    /// A file below it. The last part may be a link, which must not be followed.
    pub(crate) fn host_of(&self, below: &str) -> Result<PathBuf, GitError> {
        let path = self.relative.join(below);
        self.workspace.host_path(&path).map_err(GitError::io("cannot find", &path))
    }

    /// Runs git there; a failure is an error.
    pub(crate) fn git(&self, args: &[&str]) -> Result<Vec<u8>, GitError> {
        run(self.workspace, self.relative, args, &[])
    }

    /// Empties the directory, puts the files there, writes `.git`.
    fn fill(&self, request: &GitDirRequest<'_>, outcome: &mut CheckoutOutcome) -> Result<(), GitError> {
        let dir = self.host()?;
        if dir.symlink_metadata().is_ok_and(|meta| !meta.is_dir()) {
            std::fs::remove_file(&dir).map_err(GitError::io("cannot remove", &dir))?;
        }
        std::fs::create_dir_all(&dir).map_err(GitError::io("cannot create", &dir))?;
        empty(&dir)?;
        let lower = &request.snapshot.path;
        let mounted = self.workspace.mount(lower, self.relative).map_err(GitError::io("cannot mount", lower))?;
        let dir = self.host()?;
        if !mounted {
            copy_tree(lower, &dir).map_err(GitError::io("cannot copy files to", &dir))?;
        }
        // Without a commit there is still a repository: `git ls-files` works in the steps of a plain directory, too.
        outcome.object_dirs.extend(checkout_git_dir(request, &dir.join(".git"))?);
        Ok(())
    }
}

pub(crate) fn run(
    workspace: &dyn Workspace,
    relative: &Path,
    args: &[&str],
    env: &[(&str, std::ffi::OsString)],
) -> Result<Vec<u8>, GitError> {
    let mut env: Vec<_> = env.iter().map(|(name, value)| ((*name).into(), value.clone())).collect();
    env.push(("GIT_TERMINAL_PROMPT".into(), "0".into()));
    env.push(("LC_ALL".into(), "C".into()));
    let run = GitRun { args: args.iter().map(Into::into).collect(), env, dir: relative.to_path_buf() };
    let out = workspace.git(&run).map_err(|source| GitError::Spawn { source })?;
    if out.status.success() {
        return Ok(out.stdout);
    }
    let stderr = String::from_utf8_lossy(&out.stderr).trim().to_owned();
    Err(GitError::Failed { command: args.join(" "), code: out.status.code(), stderr })
}

fn empty(dir: &Path) -> Result<(), GitError> {
    for entry in std::fs::read_dir(dir).map_err(GitError::io("cannot read", dir))?.flatten() {
        let path = entry.path();
        let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let removed = if is_dir { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        removed.map_err(GitError::io("cannot remove", &path))?;
    }
    Ok(())
}
