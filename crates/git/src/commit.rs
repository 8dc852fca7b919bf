//! Commits and their metadata.

use crate::{GitError, Repository};

/// Who and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Name as recorded.
    pub name: String,
    /// Address as recorded.
    pub email: String,
    /// Seconds since the Unix epoch.
    pub seconds: i64,
    /// Offset from UTC in minutes.
    pub offset_minutes: i32,
}

/// One commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Object id, full hex.
    pub sha: String,
    /// Id of its tree.
    pub tree: String,
    /// Ids of its parents.
    pub parents: Vec<String>,
    /// Author.
    pub author: Signature,
    /// Committer.
    pub committer: Signature,
    /// Whole message, trailing newlines removed.
    pub message: String,
}

/// One commit as `git log` prints it: ids, author, committer, message, each on its line(s).
const FORMAT: &str = "--format=%H%n%T%n%P%n%an%n%ae%n%ad%n%cn%n%ce%n%cd%n%B";

impl Repository {
    /// The commit a revision names (`HEAD`, a sha, a ref). One process.
    pub fn commit(&self, revision: &str) -> Result<Commit, GitError> {
        let found = self.log(&["-1"], revision)?.pop();
        found.ok_or_else(|| GitError::Unexpected(format!("no commit {revision}")))
    }

    /// Commits reachable from `head` but not from `base`, oldest first, at most `limit` of the newest.
    /// Without a base: the newest `limit` commits of `head`.
    pub fn commits_between(&self, base: Option<&str>, head: &str, limit: usize) -> Result<Vec<Commit>, GitError> {
        let range = base.map_or_else(|| head.to_owned(), |base| format!("{base}..{head}"));
        let mut commits = self.log(&[&format!("-{limit}")], &range)?;
        commits.reverse();
        Ok(commits)
    }

    fn log(&self, options: &[&str], range: &str) -> Result<Vec<Commit>, GitError> {
        let git =
            self.git().args(["log", "-z", "--no-show-signature", "--no-color", "--date=raw", FORMAT]).args(options);
        let out = git.args(["--end-of-options", range, "--"]).run()?;
        let records = out.split(|byte| *byte == 0).filter(|record| !record.is_empty());
        let parsed: Option<Vec<Commit>> = records.map(|record| parse(&String::from_utf8_lossy(record))).collect();
        parsed.ok_or_else(|| GitError::Unexpected(format!("log of {range} in an unknown form")))
    }

    /// The tree of a commit, tag or tree.
    pub(crate) fn tree_of(&self, revision: &str) -> Result<String, GitError> {
        self.git().args(["rev-parse", "--verify", "-q", "--end-of-options", &format!("{revision}^{{tree}}")]).line()
    }

    /// The commit a revision stands for, if it is here.
    pub fn resolve_commit(&self, revision: &str) -> Result<Option<String>, GitError> {
        let wanted = format!("{revision}^{{commit}}");
        let answer = self.git().args(["rev-parse", "--verify", "-q", "--end-of-options", &wanted]).answer()?;
        let text = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
        Ok((answer.code == Some(0) && !text.is_empty()).then_some(text))
    }
}

fn parse(record: &str) -> Option<Commit> {
    let mut lines = record.splitn(10, '\n');
    let mut next = || lines.next();
    let (sha, tree) = (next()?.to_owned(), next()?.to_owned());
    let parents = next()?.split_whitespace().map(str::to_owned).collect();
    let author = signature(next()?, next()?, next()?)?;
    let committer = signature(next()?, next()?, next()?)?;
    let message = next()?.trim_end_matches('\n').to_owned();
    Some(Commit { sha, tree, parents, author, committer, message })
}

fn signature(name: &str, email: &str, date: &str) -> Option<Signature> {
    let (seconds, zone) = date.split_once(' ')?;
    let (sign, digits) = zone.split_at_checked(1)?;
    let number: i32 = digits.parse().ok()?;
    let minutes = number / 100 * 60 + number % 100;
    let offset_minutes = if sign == "-" { -minutes } else { minutes };
    Some(Signature { name: name.to_owned(), email: email.to_owned(), seconds: seconds.parse().ok()?, offset_minutes })
}
