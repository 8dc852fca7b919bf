//! Names of actions and their versions.

/// `owner/repo[/path]@ref`, borrowed from the text of a `uses:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Uses<'a> {
    /// The whole text.
    pub(crate) text: &'a str,
    pub(crate) owner: &'a str,
    pub(crate) repo: &'a str,
    /// Below the repository's top, without slashes at its ends; empty for the top itself.
    pub(crate) path: &'a str,
    pub(crate) git_ref: &'a str,
}

/// `v4.2.1` as numbers; what is left out is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    pub(crate) major: u32,
    pub(crate) minor: Option<u32>,
    pub(crate) patch: Option<u32>,
}

impl<'a> Uses<'a> {
    /// `None` for local actions, images, and what is no reference.
    pub(crate) fn parse(text: &'a str) -> Option<Uses<'a>> {
        let text = text.trim();
        if text.starts_with(['.', '$']) || text.starts_with("docker://") {
            return None;
        }
        let (place, git_ref) = text.split_once('@')?;
        let mut parts = place.splitn(3, '/');
        let (owner, repo) = (parts.next()?, parts.next()?);
        let path = parts.next().unwrap_or_default().trim_matches('/');
        let whole = !owner.is_empty() && !repo.is_empty() && !git_ref.is_empty();
        whole.then_some(Uses { text, owner, repo, path, git_ref })
    }

    /// Whether it is this repository (`owner/repo`) or this action in it (`owner/repo/path`). A name of a repository
    /// alone stands for its top only.
    pub(crate) fn is(&self, name: &str) -> bool {
        let mut parts = name.splitn(3, '/');
        let same = |part: Option<&str>, own: &str| part.unwrap_or_default().eq_ignore_ascii_case(own);
        same(parts.next(), self.owner) && same(parts.next(), self.repo) && same(parts.next(), self.path)
    }

    /// Whether it comes from this repository (`owner/repo`), whichever path.
    pub(crate) fn is_from(&self, repository: &str) -> bool {
        repository
            .split_once('/')
            .is_some_and(|(owner, repo)| owner.eq_ignore_ascii_case(self.owner) && repo.eq_ignore_ascii_case(self.repo))
    }

    /// `owner/repo`.
    pub(crate) fn repository(&self) -> String {
        format!("{}/{}", self.owner, self.repo)
    }

    /// `owner/repo[/path]`.
    pub(crate) fn name(&self) -> &'a str {
        self.text.split_once('@').map_or(self.text, |(name, _)| name)
    }

    /// Whether the ref is a full commit hash.
    pub(crate) fn is_hash(&self) -> bool {
        matches!(self.git_ref.len(), 40 | 64) && self.git_ref.bytes().all(|byte| byte.is_ascii_hexdigit())
    }

    /// The version that the ref names, if it names one.
    pub(crate) fn version(&self) -> Option<Version> {
        Version::parse(self.git_ref)
    }

    /// Whether a pattern names it: `*`, `owner/*`, `owner/repo`, `owner/repo/*`, `owner/repo/path`, each also with `@ref`.
    pub(crate) fn matches(&self, pattern: &str) -> bool {
        let (name, git_ref) = match pattern.split_once('@') {
            Some((name, git_ref)) => (name, Some(git_ref)),
            None => (pattern, None),
        };
        if git_ref.is_some_and(|git_ref| git_ref != self.git_ref) {
            return false;
        }
        match name.split('/').collect::<Vec<_>>().as_slice() {
            ["*"] => true,
            [owner, "*"] => owner.eq_ignore_ascii_case(self.owner),
            [owner, repo, "*"] => owner.eq_ignore_ascii_case(self.owner) && repo.eq_ignore_ascii_case(self.repo),
            _ => self.is(name),
        }
    }
}

impl Version {
    /// Reads `v1`, `1.2`, `v1.2.3-rc.1`; a suffix after the numbers is left out.
    pub(crate) fn parse(text: &str) -> Option<Version> {
        let text = text.trim().strip_prefix(['v', 'V']).unwrap_or(text.trim());
        let numbers = text.split(['-', '+']).next()?;
        let mut parts = numbers.split('.');
        let major = parts.next()?.parse().ok()?;
        let mut rest = [None, None];
        for slot in &mut rest {
            if let Some(part) = parts.next() {
                *slot = Some(part.parse().ok()?);
            }
        }
        parts.next().is_none().then_some(Version { major, minor: rest[0], patch: rest[1] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_patterns() {
        let uses = Uses::parse("GitHub/codeql-action/init@v3.1").unwrap();
        assert_eq!((uses.path, uses.name()), ("init", "GitHub/codeql-action/init"));
        assert!(uses.is("github/CodeQL-action/init") && !uses.is("github/codeql-action"));
        assert!(uses.is_from("github/codeql-action") && !uses.is_from("github/codeql"));
        for (pattern, expected) in [
            ("*", true),
            ("github/*", true),
            ("actions/*", false),
            ("github/codeql-action", false),
            ("github/codeql-action/*", true),
            ("github/codeql-action/init", true),
            ("github/codeql-action/init@v3.1", true),
            ("github/codeql-action/init@v2", false),
        ] {
            assert_eq!(uses.matches(pattern), expected, "{pattern}");
        }
        for text in ["./a", "docker://a@b", "a@b", "a/b", "a/b@", "$/a"] {
            assert!(Uses::parse(text).is_none(), "{text}");
        }
        assert!(Uses::parse("a/b@0123456789abcdef0123456789abcdef01234567").unwrap().is_hash());
    }

    #[test]
    fn versions() {
        let version = |major, minor, patch| Some(Version { major, minor, patch });
        for (text, expected) in [
            ("v4", version(4, None, None)),
            ("1.2", version(1, Some(2), None)),
            ("v1.2.3-rc.1", version(1, Some(2), Some(3))),
            ("main", None),
            ("v", None),
            ("1.2.3.4", None),
            ("release/v1", None),
        ] {
            assert_eq!(Version::parse(text), expected, "{text}");
        }
        assert!(Version::parse("v6") > Version::parse("v5.9.9"));
    }
}
