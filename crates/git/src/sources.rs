//! Finding other repositories: named directories, mirrors, the mirror cache, GitHub.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use crate::refs::{is_object_id, is_safe_ref};
use crate::{GitError, Repository};

mod mirror;
use mirror::Mirror;

/// `owner/name`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepoName {
    /// Owner.
    pub owner: String,
    /// Name.
    pub name: String,
}

impl RepoName {
    /// Parses `owner/name`; both parts of letters, digits, `-`, `_`, `.`.
    pub fn parse(text: &str) -> Option<RepoName> {
        let (owner, name) = text.split_once('/')?;
        let plain = |part: &str| {
            !matches!(part, "" | "." | "..")
                && !part.starts_with('-')
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        };
        let repo = || RepoName { owner: owner.to_owned(), name: name.to_owned() };
        (plain(owner) && plain(name)).then(repo)
    }

    /// Whether both name the same repository: letter case does not count.
    pub fn is(&self, other: &RepoName) -> bool {
        self.owner.eq_ignore_ascii_case(&other.owner) && self.name.eq_ignore_ascii_case(&other.name)
    }
}

impl fmt::Display for RepoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// A credential. Never shown by `Debug`, never in an argument list or an error.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// Wraps a token; `None` when it is empty.
    pub fn new(text: &str) -> Option<Token> {
        (!text.is_empty()).then(|| Token(text.to_owned()))
    }

    /// The HTTP header git sends with it.
    pub(crate) fn header(&self) -> String {
        use base64::Engine;
        let text = base64::engine::general_purpose::STANDARD.encode(format!("x-access-token:{}", self.0));
        format!("AUTHORIZATION: basic {text}")
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

/// One `--action-source`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RepositorySource {
    /// `OWNER/REPO=DIR`.
    One(RepoName, PathBuf),
    /// A directory that holds `owner/repo` (or `owner/repo.git`) directories.
    Tree(PathBuf),
}

impl RepositorySource {
    /// Parses an `--action-source` value.
    pub fn parse(text: &str) -> Result<RepositorySource, GitError> {
        let wrong =
            |what: &str| GitError::Input(format!("action source `{text}`: {what}; write OWNER/REPO=DIR or DIR"));
        let is_path = text.starts_with(['/', '.', '~']);
        let Some((name, dir)) = text.split_once('=').filter(|_| !is_path) else {
            return if text.is_empty() { Err(wrong("no directory")) } else { Ok(RepositorySource::Tree(text.into())) };
        };
        let repo = RepoName::parse(name).ok_or_else(|| wrong(&format!("`{name}` is not OWNER/REPO")))?;
        if dir.is_empty() { Err(wrong("no directory")) } else { Ok(RepositorySource::One(repo, dir.into())) }
    }

    /// The directory for `repo`, if this source has one.
    fn dir(&self, repo: &RepoName) -> Option<PathBuf> {
        match self {
            RepositorySource::One(name, dir) => name.is(repo).then(|| dir.clone()),
            RepositorySource::Tree(dir) => {
                let plain = dir.join(&repo.owner).join(&repo.name);
                let bare = dir.join(&repo.owner).join(format!("{}.git", repo.name));
                [plain, bare].into_iter().find(|dir| dir.is_dir())
            }
        }
    }
}

/// Where repositories other than the user's own come from, in order: `entries`, the mirror cache, GitHub.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Named directories and mirrors.
    pub entries: Vec<RepositorySource>,
    /// Cache directory (the same as the snapshot store's).
    pub cache_dir: PathBuf,
    /// Never use the network.
    pub offline: bool,
    /// Base URL, `https://github.com`.
    pub server_url: String,
    /// Sent to `server_url` only.
    pub token: Option<Token>,
    /// The token is the job's own: a checkout keeps it for the job's later git commands, as GitHub's does.
    pub keep_token: bool,
    /// Servers that are asked when `server_url` does not have a repository.
    pub more_servers: Vec<String>,
}

/// Where something was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// An `--action-source` directory.
    Directory(PathBuf),
    /// The mirror cache; nothing was asked of the network.
    Cache,
    /// Fetched from this URL just now.
    Fetched(String),
}

/// A repository at a commit.
#[derive(Debug)]
pub struct Found {
    /// The repository that holds it (plain directory, work tree, or bare).
    pub repository: Repository,
    /// Commit id; `None` for a plain directory.
    pub commit: Option<String>,
    /// Full ref when the request named a branch or tag.
    pub reference: Option<String>,
    /// Where it came from.
    pub origin: Origin,
}

/// Which of a branch and a tag of the same name is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prefer {
    Branch,
    Tag,
}

/// A commit and the full ref that named it.
type At = (String, Option<String>);

impl Sources {
    /// Finds `repo` at `reference` (branch, tag, full ref or full commit id; `None`: the default branch); a tag wins over
    /// a branch of the same name. `depth` 0 asks for all history. The error names every place looked at.
    pub fn find(&self, repo: &RepoName, reference: Option<&str>, depth: u32) -> Result<Found, GitError> {
        self.find_preferring(repo, reference, depth, Prefer::Tag)
    }

    pub(crate) fn find_preferring(
        &self,
        repo: &RepoName,
        reference: Option<&str>,
        depth: u32,
        prefer: Prefer,
    ) -> Result<Found, GitError> {
        let mut looked = Vec::new();
        if let Some(found) = self.in_entries(repo, reference, prefer, &mut looked)? {
            return Ok(found);
        }
        let mut last = None;
        for server in std::iter::once(&self.server_url).chain(&self.more_servers) {
            let url = format!("{}/{repo}", server.trim_end_matches('/'));
            match self.upstream(&url, repo, reference, depth, prefer, std::mem::take(&mut looked)) {
                Err(GitError::NotFound { what, looked: so_far, help }) => {
                    looked.clone_from(&so_far);
                    last = Some(GitError::NotFound { what, looked: so_far, help });
                }
                found => return found,
            }
        }
        Err(last.unwrap_or_else(|| self.not_found(repo, reference, looked)))
    }

    /// The whole repository at `url`, below `server_url`: all branches and tags, and `commit`, which is at `reference`.
    /// Nothing is asked of the server when that ref is there with that commit.
    pub fn whole(&self, url: &str, repo: &RepoName, reference: &str, commit: &str) -> Result<Repository, GitError> {
        let mirror = Mirror::open(self, url, repo)?;
        mirror.bring_whole(reference, commit)?;
        mirror.repository()
    }

    /// Looks only in the mirror cache for `url`, then asks `url` itself.
    pub(crate) fn upstream(
        &self,
        url: &str,
        repo: &RepoName,
        reference: Option<&str>,
        depth: u32,
        prefer: Prefer,
        mut looked: Vec<String>,
    ) -> Result<Found, GitError> {
        if reference.is_some_and(|name| !is_safe_ref(name)) {
            return Err(self.not_found(repo, reference, looked));
        }
        let mirror = Mirror::open(self, url, repo)?;
        if let Some((commit, full)) = mirror.known(reference, depth, self.offline)? {
            return Ok(Found {
                repository: mirror.repository()?,
                commit: Some(commit),
                reference: full,
                origin: Origin::Cache,
            });
        }
        looked.push(format!("the mirror cache ({})", mirror.dir().display()));
        if self.offline {
            looked.push(format!("not {url}: offline"));
            return Err(self.not_found(repo, reference, looked));
        }
        match mirror.fetch(reference, depth, prefer) {
            Ok(Some((commit, full))) => {
                let origin = Origin::Fetched(url.to_owned());
                Ok(Found { repository: mirror.repository()?, commit: Some(commit), reference: full, origin })
            }
            Ok(None) => {
                looked.push(url.to_owned());
                Err(self.not_found(repo, reference, looked))
            }
            Err(GitError::Failed { stderr, .. }) => {
                let reason = stderr.lines().find(|line| line.starts_with("fatal:")).unwrap_or(&stderr);
                looked.push(format!("{url} ({})", reason.trim_start_matches("fatal: ")));
                Err(self.not_found(repo, reference, looked))
            }
            Err(other) => Err(other),
        }
    }

    fn in_entries(
        &self,
        repo: &RepoName,
        reference: Option<&str>,
        prefer: Prefer,
        looked: &mut Vec<String>,
    ) -> Result<Option<Found>, GitError> {
        for entry in &self.entries {
            let Some(dir) = entry.dir(repo) else {
                if let RepositorySource::Tree(dir) = entry {
                    looked.push(format!("{} (no {repo} in it)", dir.display()));
                }
                continue;
            };
            let repository = Repository::open(&dir)?;
            let origin = Origin::Directory(dir.clone());
            if !repository.is_git() {
                return Ok(Some(Found { repository, commit: None, reference: None, origin }));
            }
            match resolve_in(&repository, reference, prefer)? {
                Some((commit, full)) => {
                    return Ok(Some(Found { repository, commit: Some(commit), reference: full, origin }));
                }
                None => looked.push(format!("{} (a git repository without that ref)", dir.display())),
            }
        }
        Ok(None)
    }

    fn not_found(&self, repo: &RepoName, reference: Option<&str>, looked: Vec<String>) -> GitError {
        let what = match reference {
            Some(reference) => format!("`{reference}` of {repo}"),
            None => format!("{repo}"),
        };
        let online = if self.offline { "run without --offline, or " } else { "" };
        let help = format!(
            "Check the name; {online}name a directory or a git mirror that has it with --action-source {repo}=DIR, \
             or carry it along with `trunkline actions vendor`"
        );
        GitError::NotFound { what, looked, help }
    }

    /// Asks upstream (or the named source) which commit a ref is at now, without fetching it.
    pub fn current_commit(&self, repo: &RepoName, reference: &str) -> Result<String, GitError> {
        let mut looked = Vec::new();
        if let Some(found) = self.in_entries(repo, Some(reference), Prefer::Tag, &mut looked)? {
            return Ok(found.commit.unwrap_or_default());
        }
        let url = format!("{}/{repo}", self.server_url.trim_end_matches('/'));
        if self.offline || !is_safe_ref(reference) {
            looked.push(format!("not {url}: offline"));
            return Err(self.not_found(repo, Some(reference), looked));
        }
        if is_object_id(reference) {
            let found = self.upstream(&url, repo, Some(reference), 1, Prefer::Tag, looked)?;
            return Ok(found.commit.unwrap_or_default());
        }
        let mirror = Mirror::open(self, &url, repo)?;
        match mirror.ask(Some(reference), Prefer::Tag)? {
            Some((commit, _)) => Ok(commit),
            None => {
                looked.push(url);
                Err(self.not_found(repo, Some(reference), looked))
            }
        }
    }

    /// The local directory or mirror a clone URL can be served from, if its last two parts name a source.
    pub(crate) fn local_for_url(&self, url: &str) -> Option<PathBuf> {
        let (owner, name) = crate::facts::owner_and_name(url)?;
        let repo = RepoName { owner, name };
        self.entries
            .iter()
            .filter_map(|entry| entry.dir(&repo))
            .find(|dir| Repository::open(dir).is_ok_and(|found| found.is_git()))
    }

    /// Where mirrors are kept.
    pub fn mirrors(&self) -> PathBuf {
        self.cache_dir.join("mirrors")
    }

    /// Variables that let git authenticate at the server; never arguments, which other users of the machine could see.
    pub(crate) fn auth_env(&self) -> Vec<(&'static str, OsString)> {
        let Some(token) = &self.token else {
            return Vec::new();
        };
        vec![
            ("GIT_CONFIG_COUNT", "1".into()),
            ("GIT_CONFIG_KEY_0", format!("http.{}/.extraheader", self.server_url.trim_end_matches('/')).into()),
            ("GIT_CONFIG_VALUE_0", token.header().into()),
        ]
    }
}

/// The commit a name stands for in a local repository.
pub(crate) fn resolve_in(
    repository: &Repository,
    reference: Option<&str>,
    prefer: Prefer,
) -> Result<Option<At>, GitError> {
    let Some(name) = reference else {
        let head = repository.head()?;
        let full = head.branch.map(|branch| format!("refs/heads/{branch}"));
        return Ok(head.sha.map(|sha| (sha, full)));
    };
    if is_object_id(name) {
        return Ok(repository.resolve_commit(name)?.map(|commit| (commit, None)));
    }
    for (local, full) in candidates(name, prefer) {
        if let Some(found) = repository.find_ref(&local)? {
            return Ok(Some((found.commit().to_owned(), Some(full))));
        }
    }
    Ok(None)
}

/// Local refs that may hold `name`, with the full ref each stands for.
fn candidates(name: &str, prefer: Prefer) -> Vec<(String, String)> {
    let branch = |branch: &str| {
        let full = format!("refs/heads/{branch}");
        [(full.clone(), full.clone()), (format!("refs/remotes/origin/{branch}"), full)]
    };
    let tag = (format!("refs/tags/{name}"), format!("refs/tags/{name}"));
    if let Some(name) = name.strip_prefix("refs/heads/") {
        return branch(name).to_vec();
    }
    if let Some(pull) = name.strip_prefix("refs/pull/") {
        return [name.to_owned(), format!("refs/remotes/pull/{pull}")].map(|local| (local, name.to_owned())).to_vec();
    }
    if name.starts_with("refs/") {
        return vec![(name.to_owned(), name.to_owned())];
    }
    let mut all = branch(name).to_vec();
    match prefer {
        Prefer::Branch => all.push(tag),
        Prefer::Tag => all.insert(0, tag),
    }
    all
}
