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
        todo!("{text}")
    }
}

impl fmt::Display for Uses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Uses::Local(path) => write!(f, "./{path}"),
            Uses::SelfRepository(path) => write!(f, "$/{path}"),
            Uses::Remote {
                repo,
                path,
                reference,
            } if path.is_empty() => write!(f, "{repo}@{reference}"),
            Uses::Remote {
                repo,
                path,
                reference,
            } => write!(f, "{repo}/{path}@{reference}"),
            Uses::Docker(image) => write!(f, "docker://{image}"),
        }
    }
}
