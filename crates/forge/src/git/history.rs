//! Commits and how they hang together.

use super::write::check_path;
use super::{ChangeKind, ChangedFile, Commit, GitError, Repo, Signature, is_oid};

/// One commit as `git log` prints it, and what it changed.
#[derive(Clone, Debug)]
pub struct Logged {
    pub commit: Commit,
    /// Empty unless asked for. Merges count against their first parent.
    pub files: Vec<ChangedFile>,
    /// `--left-right`: it is on the left side.
    pub left: bool,
}

/// Bytes of commits and of names of files that are read at once.
const LARGEST_LOG: usize = 32 << 20;

/// Which end comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    NewestFirst,
    OldestFirst,
}

/// One commit: a mark that no status of a file has, its side, ids, author, committer, message; each on its line(s).
const FORMAT: &str = "--format=%x01%m%n%H%n%T%n%P%n%an%n%ae%n%ad%n%cn%n%ce%n%cd%n%B";

impl Repo {
    /// The commit a revision names.
    pub async fn commit(&self, revision: &str) -> Result<Commit, GitError> {
        let found = self.log(&["-1", revision], false).await?.pop();
        found.map(|logged| logged.commit).ok_or_else(|| GitError::NotFound(revision.to_owned()))
    }

    /// Commits by their ids, each once; those that are not there are left out. One process.
    pub async fn commits(&self, oids: &[&str]) -> Result<Vec<Commit>, GitError> {
        let mut wanted: Vec<&str> = oids.iter().copied().filter(|oid| is_oid(oid)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let mut args = vec!["--no-walk=unsorted", "--ignore-missing"];
        args.extend(wanted);
        Ok(self.log(&args, false).await?.into_iter().map(|logged| logged.commit).collect())
    }

    /// The tree of a commit, tag or tree.
    pub async fn tree_id(&self, revision: &str) -> Result<String, GitError> {
        let tree = self.parse(&format!("{revision}^{{tree}}")).await?;
        tree.ok_or_else(|| GitError::NotFound(revision.to_owned()))
    }

    /// The best common ancestor; `None` for unrelated histories.
    pub async fn merge_base(&self, a: &str, b: &str) -> Result<Option<String>, GitError> {
        let call = self.call(&["merge-base", "--end-of-options", a, b]);
        let command = call.shown();
        let answer = call.answer().await?;
        match answer.code {
            Some(0) => Ok(Some(answer.text())),
            Some(1) => Ok(None),
            _ => Err(answer.failed(command)),
        }
    }

    /// Whether `ancestor` is in the history of `head` (or is it).
    pub async fn is_ancestor(&self, ancestor: &str, head: &str) -> Result<bool, GitError> {
        let call = self.call(&["merge-base", "--is-ancestor", "--end-of-options", ancestor, head]);
        let command = call.shown();
        let answer = call.answer().await?;
        match answer.code {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(answer.failed(command)),
        }
    }

    /// Commits of `head` that `base` does not have, at most `limit`.
    pub async fn commits_between(
        &self,
        base: Option<&str>,
        head: &str,
        limit: usize,
        order: Order,
    ) -> Result<Vec<Commit>, GitError> {
        let range = base.map_or_else(|| head.to_owned(), |base| format!("{base}..{head}"));
        let logged = self.log(&[&format!("-{limit}"), "--topo-order", &range], false).await?;
        let mut commits: Vec<Commit> = logged.into_iter().map(|logged| logged.commit).collect();
        if order == Order::OldestFirst {
            commits.reverse();
        }
        Ok(commits)
    }

    /// How many commits only `base` and only `head` have.
    pub async fn ahead_behind(&self, base: &str, head: &str) -> Result<(usize, usize), GitError> {
        let range = format!("{base}...{head}");
        let text = self.call(&["rev-list", "--left-right", "--count", "--end-of-options", &range, "--"]).line().await?;
        let counts = text.split_once('\t').and_then(|(left, right)| Some((left.parse().ok()?, right.parse().ok()?)));
        let (behind, ahead) = counts.ok_or_else(|| GitError::Unexpected(text.clone()))?;
        Ok((ahead, behind))
    }

    /// The first merge commit among what `new` has and `old` (or, for a new ref, every existing ref) has not.
    pub async fn first_merge(&self, old: Option<&str>, new: &str) -> Result<Option<String>, GitError> {
        let not_old = old.map(|old| format!("^{old}"));
        let mut args = vec!["rev-list", "--min-parents=2", "--reverse", "--end-of-options", new];
        match &not_old {
            Some(not_old) => args.push(not_old),
            None => args.splice(3..3, ["--not", "--branches", "--tags", "--not"]).for_each(drop),
        }
        args.push("--");
        let text = self.call(&args).line().await?;
        Ok(text.lines().next().filter(|line| !line.is_empty()).map(str::to_owned))
    }

    /// What a push brought, for its event: commits of `new` that were not there before, newest first, with their files;
    /// the ones that `old` loses are marked `left`. One process; where the files are more than can be told, a second for the
    /// commits without them.
    pub async fn pushed(
        &self,
        name: &str,
        old: Option<&str>,
        new: &str,
        limit: usize,
    ) -> Result<Vec<Logged>, GitError> {
        let count = format!("-{limit}");
        let (range, exclude) = (old.map(|old| format!("{old}...{new}")), format!("--exclude={name}"));
        let args: &[&str] = match &range {
            Some(range) => &[&count, "--topo-order", "--left-right", range],
            None => &[&count, "--topo-order", new, "--not", &exclude, "--glob=refs/heads/*"],
        };
        match self.log(args, true).await {
            Err(GitError::TooMuch { .. }) => self.log(args, false).await,
            other => other,
        }
    }

    /// The newest commits, by page, that changed a path; with limits on their times as `git log` takes them.
    pub async fn history(
        &self,
        head: &str,
        path: Option<&str>,
        page: &HistoryPage<'_>,
    ) -> Result<Vec<Commit>, GitError> {
        let path = path.map(|path| path.trim_matches('/')).filter(|path| !path.is_empty());
        if path.is_some_and(|path| check_path(path).is_err()) {
            return Ok(Vec::new());
        }
        let (count, skip) = (format!("-{}", page.count), format!("--skip={}", page.skip));
        let author = page.author.map(|author| format!("--author={author}"));
        let since = page.since.map(|since| format!("--since={since}"));
        let until = page.until.map(|until| format!("--until={until}"));
        let mut args = vec![count.as_str(), skip.as_str()];
        if author.is_some() {
            args.push("--fixed-strings");
        }
        args.extend([&author, &since, &until].into_iter().flatten().map(String::as_str));
        args.push(head);
        let paths: Vec<&str> = path.into_iter().collect();
        Ok(self.log_paths(&args, false, &paths).await?.into_iter().map(|logged| logged.commit).collect())
    }

    async fn log(&self, args: &[&str], files: bool) -> Result<Vec<Logged>, GitError> {
        self.log_paths(args, files, &[]).await
    }

    async fn log_paths(&self, args: &[&str], files: bool, paths: &[&str]) -> Result<Vec<Logged>, GitError> {
        if args.iter().any(|arg| arg.contains('\0')) {
            return Err(GitError::Refused("a revision has a NUL byte in it".to_owned()));
        }
        let mut all = vec!["log", "-z", "--no-show-signature", "--no-color", "--no-notes", "--date=raw", FORMAT];
        if files {
            all.extend(["--name-status", "-M", "--diff-merges=first-parent", "--no-ext-diff", "--no-textconv"]);
        }
        // Options are ours and come first; a revision from outside never begins with a dash.
        if args.last().is_some_and(|last| last.starts_with('-') && !last.starts_with("--glob=")) {
            return Err(GitError::NotFound(args.last().unwrap_or(&"").to_string()));
        }
        all.extend(args);
        all.push("--");
        all.extend(paths);
        let out = self.call(&all).at_most(LARGEST_LOG).run().await?;
        parse_log(&out).ok_or_else(|| GitError::Unexpected("log in an unknown form".to_owned()))
    }
}

/// Which part of a history is wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct HistoryPage<'a> {
    pub count: usize,
    pub skip: usize,
    pub author: Option<&'a str>,
    pub since: Option<&'a str>,
    pub until: Option<&'a str>,
}

/// Records and the fields of their files all end with NUL, which no message and no path can have in it.
fn parse_log(out: &[u8]) -> Option<Vec<Logged>> {
    let mut all: Vec<Logged> = Vec::new();
    let mut fields = out.split(|byte| *byte == 0).map(|field| field.strip_prefix(b"\n").unwrap_or(field));
    while let Some(field) = fields.next() {
        match field {
            [] => {}
            [1, head @ ..] => all.push(parse_head(&String::from_utf8_lossy(head))?),
            status => all.last_mut()?.files.push(changed_file(status, &mut fields)?),
        }
    }
    Some(all)
}

fn parse_head(head: &str) -> Option<Logged> {
    let mut lines = head.splitn(11, '\n');
    let left = lines.next()? == "<";
    let mut next = || lines.next();
    let (sha, tree) = (next()?.to_owned(), next()?.to_owned());
    let parents = next()?.split_whitespace().map(str::to_owned).collect();
    let author = signature(next()?, next()?, next()?)?;
    let committer = signature(next()?, next()?, next()?)?;
    let message = next()?.trim_end_matches('\n').to_owned();
    let commit = Commit { sha, tree, parents, author, committer, message };
    Some(Logged { commit, files: Vec::new(), left })
}

/// `--name-status -z`: status, path, and for renames the second path; NUL after each.
pub(super) fn parse_name_status(out: &[u8]) -> Option<Vec<ChangedFile>> {
    let mut fields = out.split(|byte| *byte == 0);
    let mut files = Vec::new();
    while let Some(status) = fields.next() {
        if !status.is_empty() {
            files.push(changed_file(status, &mut fields)?);
        }
    }
    Some(files)
}

fn changed_file<'a>(status: &[u8], fields: &mut impl Iterator<Item = &'a [u8]>) -> Option<ChangedFile> {
    let mut text = || fields.next().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let first = text()?;
    Some(match status.first()? {
        b'A' => ChangedFile { kind: ChangeKind::Added, path: first, old_path: None },
        b'D' => ChangedFile { kind: ChangeKind::Deleted, path: first, old_path: None },
        b'R' => ChangedFile { kind: ChangeKind::Renamed, path: text()?, old_path: Some(first) },
        b'C' => ChangedFile { kind: ChangeKind::Added, path: text()?, old_path: None },
        _ => ChangedFile { kind: ChangeKind::Modified, path: first, old_path: None },
    })
}

pub(super) fn signature(name: &str, email: &str, date: &str) -> Option<Signature> {
    let (seconds, zone) = date.split_once(' ')?;
    let (sign, digits) = zone.split_at_checked(1)?;
    let number: i32 = digits.parse().ok()?;
    let minutes = number / 100 * 60 + number % 100;
    let offset_minutes = if sign == "-" { -minutes } else { minutes };
    Some(Signature { name: name.to_owned(), email: email.to_owned(), seconds: seconds.parse().ok()?, offset_minutes })
}
