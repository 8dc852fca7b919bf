//! What a run wants to know about the repository, mostly without starting a process.

use std::path::PathBuf;

use crate::config::Config;
use crate::refs::is_object_id;
use crate::{GitError, Repository};

/// Where HEAD stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// Commit id; `None` when there is no commit yet or no repository at all.
    pub sha: Option<String>,
    /// Branch name without `refs/heads/`; `None` when detached.
    pub branch: Option<String>,
    /// True when HEAD names a commit and no branch.
    pub detached: bool,
}

/// Facts read from files of the repository; no process is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// False for a plain directory: the whole tree then counts as uncommitted.
    pub is_git: bool,
    /// HEAD.
    pub head: Head,
    /// Default branch: `origin/HEAD`, `init.defaultBranch`, `main`, `master`, else the current one.
    pub default_branch: String,
    /// URL of `origin` (or of the only remote), credentials removed.
    pub remote_url: Option<String>,
    /// Owner from the URL, else `local`.
    pub owner: String,
    /// Name from the URL, else the directory's name.
    pub name: String,
}

impl Repository {
    /// Reads the facts. Costs a few file reads; git is asked only where files do not tell (configuration with
    /// `include`, refs in reftable form).
    pub fn facts(&self) -> Result<Facts, GitError> {
        let head = self.head()?;
        let remote_url = self.remote_url()?.map(|url| without_credentials(&url));
        let named = remote_url.as_deref().and_then(owner_and_name);
        let (owner, name) = named.unwrap_or_else(|| ("local".to_owned(), self.directory_name()));
        let default_branch = self.default_branch(&head)?;
        Ok(Facts { is_git: self.is_git(), head, default_branch, remote_url, owner, name })
    }

    /// Where HEAD stands.
    pub fn head(&self) -> Result<Head, GitError> {
        let Some(dir) = self.git_dir() else {
            return Ok(Head::default());
        };
        if self.has_reftable() {
            return self.head_from_git();
        }
        let path = dir.join("HEAD");
        let text = std::fs::read_to_string(&path).map_err(GitError::io("cannot read", &path))?;
        let text = text.trim();
        if is_object_id(text) {
            return Ok(Head { sha: Some(text.to_owned()), branch: None, detached: true });
        }
        let name = text.strip_prefix("ref:").map(str::trim);
        let name =
            name.ok_or_else(|| GitError::Unexpected(format!("{} holds neither a ref nor a commit", path.display())))?;
        let branch = name.strip_prefix("refs/heads/").map(str::to_owned);
        Ok(Head { sha: self.read_ref(name), detached: branch.is_none(), branch })
    }

    fn head_from_git(&self) -> Result<Head, GitError> {
        let branch = self.git().args(["symbolic-ref", "-q", "HEAD"]).answer()?;
        let sha = self.git().args(["rev-parse", "--verify", "-q", "HEAD"]).answer()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        let branch = text(&branch.stdout).strip_prefix("refs/heads/").map(str::to_owned);
        let sha = Some(text(&sha.stdout)).filter(|sha| is_object_id(sha));
        Ok(Head { sha, detached: branch.is_none(), branch })
    }

    fn remote_url(&self) -> Result<Option<String>, GitError> {
        let config = self.config();
        if let Some(url) = config.get("remote.origin.url") {
            return Ok(Some(url.to_owned()));
        }
        if config.has_include {
            let asked = self.git().args(["config", "--get", "remote.origin.url"]).answer()?;
            let url = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
            if !url.is_empty() {
                return Ok(Some(url));
            }
        }
        let remotes = config.subsections("remote", "url");
        let only = remotes.first().filter(|_| remotes.len() == 1);
        Ok(only.and_then(|name| config.get(&format!("remote.{name}.url"))).map(str::to_owned))
    }

    fn default_branch(&self, head: &Head) -> Result<String, GitError> {
        if let Some(dir) = self.common_dir() {
            let path = dir.join("refs/remotes/origin/HEAD");
            let text = std::fs::read_to_string(path).unwrap_or_default();
            if let Some(name) = text.trim().strip_prefix("ref: refs/remotes/origin/") {
                return Ok(name.to_owned());
            }
        }
        let configured = self.config().get("init.defaultbranch").map(str::to_owned).or_else(global_default_branch);
        let known = if self.has_reftable() { Some(self.refs()?) } else { None };
        let exists = |name: &str| {
            [format!("refs/heads/{name}"), format!("refs/remotes/origin/{name}")].iter().any(|full| match known {
                Some(refs) => refs.iter().any(|known| known.name == *full),
                None => self.read_ref(full).is_some(),
            })
        };
        let candidates = configured.iter().map(String::as_str).chain(["main", "master"]);
        let found = candidates.filter(|name| !name.is_empty()).find(|name| exists(name)).map(str::to_owned);
        Ok(found.or_else(|| head.branch.clone()).or(configured).unwrap_or_else(|| "main".to_owned()))
    }

    fn directory_name(&self) -> String {
        let name = self.top_level().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let name = if self.is_bare() { name.trim_end_matches(".git").to_owned() } else { name };
        let clean: String =
            name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
        if clean.is_empty() { "repository".to_owned() } else { clean }
    }

    /// Names of tags that point at HEAD, newest version name last. One process.
    pub fn tags_at_head(&self) -> Result<Vec<String>, GitError> {
        let Some(_) = self.head()?.sha else {
            return Ok(Vec::new());
        };
        let args = ["for-each-ref", "--points-at=HEAD", "--sort=version:refname", "--format=%(refname)", "refs/tags"];
        let out = self.git().args(args).run()?;
        let text = String::from_utf8_lossy(&out);
        Ok(text.lines().filter_map(|line| line.strip_prefix("refs/tags/")).map(str::to_owned).collect())
    }
}

fn global_default_branch() -> Option<String> {
    let file = match std::env::var_os("GIT_CONFIG_GLOBAL") {
        Some(path) => PathBuf::from(path),
        None => PathBuf::from(std::env::var_os("HOME")?).join(".gitconfig"),
    };
    Config::read(&file).get("init.defaultbranch").map(str::to_owned)
}

/// A URL without user and password. `git@host:path` keeps its user: it is no secret and part of the address.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let authority = rest.split('/').next().unwrap_or_default();
    match authority.rsplit_once('@') {
        Some((user, _)) if scheme != "ssh" || user.contains(':') => {
            format!("{scheme}://{}", &rest[user.len() + 1..])
        }
        _ => url.to_owned(),
    }
}

/// `owner` and `name` from the last two parts of a URL's path. Paths of this machine name no owner.
pub(crate) fn owner_and_name(url: &str) -> Option<(String, String)> {
    let path = match url.split_once("://") {
        Some(("file", _)) => return None,
        Some((_, rest)) => rest.split_once('/')?.1,
        None if url.starts_with(['/', '.', '~']) => return None,
        None => url.split_once(':')?.1,
    };
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let (rest, name) = path.rsplit_once('/')?;
    let owner = rest.rsplit('/').next().unwrap_or(rest);
    let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    (plain(owner) && plain(name)).then(|| (owner.to_owned(), name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{owner_and_name, without_credentials};

    #[test]
    fn owner_and_name_come_from_the_url() {
        let table = [
            ("https://github.com/octo/tool.git", Some(("octo", "tool"))),
            ("https://github.com/octo/tool/", Some(("octo", "tool"))),
            ("git@github.com:octo/tool.git", Some(("octo", "tool"))),
            ("ssh://git@host:22/group/sub/tool", Some(("sub", "tool"))),
            ("https://host/tool", None),
            ("file:///srv/git/tool.git", None),
            ("/srv/git/tool.git", None),
            ("../tool", None),
            ("", None),
        ];
        for (url, want) in table {
            let got = owner_and_name(url);
            assert_eq!(got.as_ref().map(|(a, b)| (a.as_str(), b.as_str())), want, "{url}");
        }
    }

    #[test]
    fn credentials_do_not_stay_in_urls() {
        let table = [
            ("https://user:pw@host/a/b", "https://host/a/b"),
            ("https://token@host/a/b", "https://host/a/b"),
            ("ssh://git@host/a/b", "ssh://git@host/a/b"),
            ("ssh://git:pw@host/a/b", "ssh://host/a/b"),
            ("git@host:a/b", "git@host:a/b"),
            ("https://host/a@b/c", "https://host/a@b/c"),
        ];
        for (url, want) in table {
            assert_eq!(without_credentials(url), want);
        }
    }
}
