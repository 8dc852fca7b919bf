//! `hashFiles()`: one digest over the files that glob patterns match.

mod digest;
mod find;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use actions::glob::{GlobError, Patterns};
use thiserror::Error;

/// How long hashing may take.
pub const TIME_LIMIT: Duration = Duration::from_secs(120);

/// Why there is no digest.
#[derive(Debug, Error)]
pub enum HashError {
    /// The first argument is an option that there is not.
    #[error("Invalid glob option '{0}', available option: '--follow-symbolic-links'")]
    Option(String),
    /// A pattern that cannot be used.
    #[error(transparent)]
    Pattern(#[from] GlobError),
    /// A file or directory that cannot be read; also a matched link that leads nowhere.
    #[error("cannot read {path}: {source}")]
    Io {
        /// Which one.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// It took too long.
    #[error("hashing did not finish within {} seconds", .0.as_secs())]
    TimedOut(Duration),
}

/// Opens the file that a link leads to, by the link's path. A job's links are resolved as the job would: an absolute one
/// means a file of the job's, not of this machine.
pub type OpenLink<'a> = &'a (dyn Fn(&Path) -> std::io::Result<File> + Sync);

/// A digest and what went into it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hashed {
    /// SHA-256 in lower-case hex over the SHA-256 of each file; empty when no file matched.
    pub digest: String,
    /// The files in the order they were hashed, below the workspace.
    pub files: Vec<PathBuf>,
    /// SHA-256 of each, in the same order.
    pub sums: Vec<[u8; 32]>,
}

/// Evaluates `hashFiles(arguments…)` for a workspace, given as an absolute path; `home` is what a leading `~` means.
///
/// Each argument holds patterns, one a line, of the dialect of @actions/glob: `*`, `?`, `[…]`, `**`, `!` to take out
/// again, `#` for comments. A matched directory means all in it. Files outside of the workspace are passed over, links
/// are followed into directories only with `--follow-symbolic-links` as the first argument. What a link to a file means
/// is the matter of `open_link`. Reads files, in several threads when there are many: call it where blocking is allowed.
pub fn hash_files(
    workspace: &Path,
    home: Option<&Path>,
    arguments: &[&str],
    open_link: OpenLink<'_>,
) -> Result<Hashed, HashError> {
    hash_files_within(workspace, home, arguments, open_link, TIME_LIMIT)
}

/// As [`hash_files`], with a time limit of its own.
pub fn hash_files_within(
    workspace: &Path,
    home: Option<&Path>,
    arguments: &[&str],
    open_link: OpenLink<'_>,
    limit: Duration,
) -> Result<Hashed, HashError> {
    let deadline = Deadline { end: Instant::now() + limit, limit };
    let (follow, arguments) = match arguments {
        [first, rest @ ..] if first.eq_ignore_ascii_case("--follow-symbolic-links") => (true, rest),
        [first, ..] if first.starts_with("--") => {
            return Err(HashError::Option((*first).to_owned()));
        }
        all => (false, all),
    };
    let patterns = Patterns::parse(&arguments.join("\n"), workspace, home, true)?;
    let files = find::find(&patterns, workspace, follow, open_link, deadline)?;
    let sums = digest::sums(workspace, &files, open_link, deadline)?;
    Ok(Hashed { digest: digest::digest(&sums), files, sums })
}

/// When to give up.
#[derive(Debug, Clone, Copy)]
struct Deadline {
    end: Instant,
    limit: Duration,
}

impl Deadline {
    fn check(self) -> Result<(), HashError> {
        if Instant::now() > self.end { Err(HashError::TimedOut(self.limit)) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
