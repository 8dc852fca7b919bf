//! The value of `uses:`.

use std::fmt;

use git::RepoName;

/// A parsed `uses` value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Uses {
    /// `./path`: in the workspace. Without the leading `./`; empty for the workspace itself.
    Local(String),
    /// `$/path`: in the workflow's own repository. Without the leading `$/`.
    SelfRepository(String),
    /// `owner/repo[/path]@ref`.
    Remote {
        /// The repository.
        repo: RepoName,
        /// Directory or file in it; empty for its root.
        path: String,
        /// Branch, tag or commit.
        reference: String,
    },
    /// `docker://image`.
    Docker(String),
}

/// Why a `uses` value cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UsesError {
    /// Nothing there.
    #[error("`uses` is empty; expected ./path, $/path, owner/repo@ref or docker://image")]
    Empty,
    /// No `@`.
    #[error(
        "`{0}` has no ref; write `{0}@REF` with a tag, branch or commit, or `./{0}` for a directory of this repository"
    )]
    NoRef(String),
    /// `owner/repo@`.
    #[error("`{0}` has an empty ref after `@`")]
    EmptyRef(String),
    /// Not `owner/repo`.
    #[error("`{0}` is not owner/repo; expected OWNER/REPO[/PATH]@REF")]
    NoRepository(String),
    /// `..` or an absolute path.
    #[error("`{0}` leaves its repository; `..` is not allowed here")]
    Escapes(String),
    /// `docker://`.
    #[error("`docker://` needs an image, e.g. docker://alpine:3")]
    NoImage,
}

impl Uses {
    /// Parses a `uses` value of a step or a job.
    pub fn parse(text: &str) -> Result<Uses, UsesError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(UsesError::Empty);
        }
        if let Some(image) = strip_ascii_prefix(text, "docker://") {
            return if image.is_empty() { Err(UsesError::NoImage) } else { Ok(Uses::Docker(image.to_owned())) };
        }
        if text == "." || text == "$" {
            return Ok(if text == "." { Uses::Local(String::new()) } else { Uses::SelfRepository(String::new()) });
        }
        // A local path may leave the workspace for its neighbours (`./../x`); that is up to the job's own files.
        if let Some(path) = text.strip_prefix("./").or_else(|| text.strip_prefix(".\\")) {
            return Ok(Uses::Local(clean(path)));
        }
        if let Some(path) = text.strip_prefix("$/") {
            return if leaves(path) {
                Err(UsesError::Escapes(text.to_owned()))
            } else {
                Ok(Uses::SelfRepository(clean(path)))
            };
        }
        let Some((name, reference)) = text.split_once('@') else {
            return Err(UsesError::NoRef(text.to_owned()));
        };
        if reference.is_empty() {
            return Err(UsesError::EmptyRef(text.to_owned()));
        }
        let mut parts = name.splitn(3, '/');
        let (owner, repo) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let repo =
            RepoName::parse(&format!("{owner}/{repo}")).ok_or_else(|| UsesError::NoRepository(text.to_owned()))?;
        let path = parts.next().unwrap_or_default();
        if leaves(path) {
            return Err(UsesError::Escapes(text.to_owned()));
        }
        Ok(Uses::Remote { repo, path: clean(path), reference: reference.to_owned() })
    }

    /// The repository of a workflow file by its path as jobs know it: `owner/repo/.github/workflows/x.yml@ref` for one that
    /// was called from another repository; `None` for files of the run's own.
    #[must_use]
    pub fn of_called_workflow(path: &str) -> Option<Uses> {
        let uses = Uses::parse(path).ok().filter(|_| !path.starts_with('.'))?;
        (matches!(uses, Uses::Remote { .. }) && uses.is_workflow()).then_some(uses)
    }

    /// Whether it names a workflow file rather than an action.
    pub fn is_workflow(&self) -> bool {
        match self {
            Uses::Local(path) | Uses::SelfRepository(path) | Uses::Remote { path, .. } => {
                std::path::Path::new(path).extension().is_some_and(|end| end == "yml" || end == "yaml")
            }
            Uses::Docker(_) => false,
        }
    }
}

fn strip_ascii_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn leaves(path: &str) -> bool {
    path.split(['/', '\\']).any(|part| part == "..")
}

fn clean(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    parts.join("/")
}

impl fmt::Display for Uses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Uses::Local(path) => write!(f, "./{path}"),
            Uses::SelfRepository(path) => write!(f, "$/{path}"),
            Uses::Remote { repo, path, reference } if path.is_empty() => write!(f, "{repo}@{reference}"),
            Uses::Remote { repo, path, reference } => write!(f, "{repo}/{path}@{reference}"),
            Uses::Docker(image) => write!(f, "docker://{image}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Uses;

    #[test]
    fn every_form_is_read_and_written_again() {
        let table = [
            ("./", "./"),
            ("./a/b/", "./a/b"),
            ("./.github/workflows/x.yml", "./.github/workflows/x.yml"),
            ("$/tools//x", "$/tools/x"),
            ("octo/tool@v1", "octo/tool@v1"),
            ("octo/tool/sub/dir@main", "octo/tool/sub/dir@main"),
            ("octo/tool@feature/a@b", "octo/tool@feature/a@b"),
            ("DOCKER://alpine:3", "docker://alpine:3"),
            ("docker://ghcr.io/a/b@sha256:00", "docker://ghcr.io/a/b@sha256:00"),
        ];
        for (text, want) in table {
            assert_eq!(Uses::parse(text).map(|uses| uses.to_string()), Ok(want.to_owned()), "{text}");
        }
        assert!(Uses::parse("o/r/.github/workflows/x.yml@v1").is_ok_and(|uses| uses.is_workflow()));
        assert!(Uses::parse("o/r/x@v1.yml").is_ok_and(|uses| !uses.is_workflow()));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let table = [
            ("", "`uses` is empty"),
            ("octo/tool", "has no ref; write `octo/tool@REF`"),
            ("octo/tool@", "empty ref"),
            ("tool@v1", "not owner/repo"),
            ("/tool@v1", "not owner/repo"),
            ("../x@v1", "not owner/repo"),
            ("octo/../../etc@v1", "not owner/repo"),
            ("octo/tool/../../etc@v1", "leaves its repository"),
            ("$/../x", "leaves its repository"),
            ("docker://", "needs an image"),
            ("öcto/tool@v1", "not owner/repo"),
        ];
        for (text, want) in table {
            let error = Uses::parse(text).expect_err(text).to_string();
            assert!(error.contains(want), "{text}: {error}");
        }
    }
}
