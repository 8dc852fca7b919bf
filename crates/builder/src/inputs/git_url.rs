//! URLs of git repositories as contexts and sources of `ADD`, in BuildKit's forms.

/// A repository with what of it is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct GitUrl {
    /// For git itself.
    pub(crate) remote: String,
    pub(crate) reference: Option<String>,
    pub(crate) directory: Option<String>,
    pub(crate) checksum: Option<String>,
    pub(crate) keep_git_dir: Option<bool>,
    pub(crate) submodules: Option<bool>,
}

impl GitUrl {
    /// `None` for what is no repository: paths and other URLs. An error for a repository with a part that makes no sense.
    ///
    /// Repositories are `git://`, `ssh://`, `git@host:path`, `http(s)://….git` and the old form `github.com/…`. After `#` come a
    /// ref and a directory, `#ref:directory`; or, as a query, `ref`, `branch`, `tag`, `commit`, `checksum`, `subdir`,
    /// `keep-git-dir` and `submodules`.
    pub(crate) fn parse(text: &str) -> Option<Result<Self, String>> {
        let (address, fragment) = match text.split_once('#') {
            Some((address, fragment)) => (address, Some(fragment)),
            None => (text, None),
        };
        let (address, query) = match address.split_once('?') {
            Some((address, query)) if address.contains("://") => (address, Some(query)),
            _ => (address, None),
        };
        let web = address.starts_with("https://") || address.starts_with("http://");
        let own = ["git://", "ssh://", "git+ssh://"].iter().any(|scheme| address.starts_with(scheme));
        let legacy = address.starts_with("github.com/");
        let is_repository =
            own || legacy || is_scp(address) || (web && address.trim_end_matches('/').ends_with(".git"));
        if !is_repository {
            return None;
        }
        let remote = if legacy { format!("https://{address}") } else { address.to_owned() };
        let mut url = Self { remote, ..Self::default() };
        Some(url.read(fragment, query).map(|()| url))
    }

    fn read(&mut self, fragment: Option<&str>, query: Option<&str>) -> Result<(), String> {
        if let Some(fragment) = fragment {
            let (reference, directory) = fragment.split_once(':').unwrap_or((fragment, ""));
            self.reference = Some(reference.to_owned()).filter(|text| !text.is_empty());
            self.directory = Some(directory.to_owned()).filter(|text| !text.is_empty());
        }
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let flag = || match value {
                "" | "1" | "true" => Ok(true),
                "0" | "false" => Ok(false),
                other => Err(format!("`{name}={other}` is neither true nor false")),
            };
            let reference = match name {
                "ref" => Some(value.to_owned()),
                "branch" => Some(format!("refs/heads/{value}")),
                "tag" => Some(format!("refs/tags/{value}")),
                "commit" | "checksum" => {
                    self.checksum = Some(value.to_owned());
                    None
                }
                "subdir" => {
                    self.directory = Some(value.to_owned());
                    None
                }
                "keep-git-dir" => {
                    self.keep_git_dir = Some(flag()?);
                    None
                }
                "submodules" => {
                    self.submodules = Some(flag()?);
                    None
                }
                other => return Err(format!("`{other}` is no part of a repository's query")),
            };
            if let Some(reference) = reference {
                if self.reference.as_ref().is_some_and(|known| *known != reference) {
                    return Err("the ref is given twice, differently".to_owned());
                }
                self.reference = Some(reference);
            }
        }
        if self.reference.is_none() {
            self.reference.clone_from(&self.checksum);
        }
        Ok(())
    }
}

/// `user@host:path`
fn is_scp(text: &str) -> bool {
    let Some((host, path)) = text.split_once(':') else { return false };
    let Some((user, host)) = host.split_once('@') else { return false };
    let plain = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    plain(user) && plain(host) && !path.is_empty() && !path.starts_with("//")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_repositories() {
        let show = |text: &str| match GitUrl::parse(text) {
            None => "no repository".to_owned(),
            Some(Err(why)) => why,
            Some(Ok(url)) => format!(
                "{} {:?} {:?}",
                url.remote,
                url.reference.unwrap_or_default(),
                url.directory.unwrap_or_default()
            ),
        };
        for (text, expected) in [
            ("https://h/r.git", r#"https://h/r.git "" """#),
            ("https://h/r.git#v1:sub/dir", r#"https://h/r.git "v1" "sub/dir""#),
            ("https://h/r.git#:sub", r#"https://h/r.git "" "sub""#),
            ("https://h/r.git?branch=dev&subdir=x", r#"https://h/r.git "refs/heads/dev" "x""#),
            ("git@github.com:o/r.git#main", r#"git@github.com:o/r.git "main" """#),
            ("github.com/o/r", r#"https://github.com/o/r "" """#),
            ("git://h/r", r#"git://h/r "" """#),
            ("https://h/r.tar.gz", "no repository"),
            ("./a:b", "no repository"),
            ("dir", "no repository"),
            ("https://h/r.git?what=1", "`what` is no part of a repository's query"),
            ("https://h/r.git?tag=a#b", "the ref is given twice, differently"),
            ("https://h/r.git?submodules=x", "`submodules=x` is neither true nor false"),
        ] {
            assert_eq!(show(text), expected, "{text}");
        }
    }
}
