//! Two revisions side by side, with the text of their differences.

use super::{ChangeKind, Commit, GitError, Order, Repo};

/// One file of a comparison.
#[derive(Clone, Debug)]
pub struct FileDiff {
    pub path: String,
    pub old_path: Option<String>,
    pub kind: ChangeKind,
    /// Blob of the new side (of the old one, when deleted).
    pub oid: String,
    pub additions: u64,
    pub deletions: u64,
    /// Unified diff from its first `@@`; `None` for binary files and where it is too long to show.
    pub patch: Option<String>,
}

/// How `head` stands to `base`.
#[derive(Clone, Debug)]
pub struct Comparison {
    pub merge_base: Option<String>,
    pub ahead_by: usize,
    pub behind_by: usize,
    /// Of the head, oldest first, at most 250.
    pub commits: Vec<Commit>,
    pub files: Vec<FileDiff>,
}

/// Patches of more bytes are left out.
const LONGEST_PATCH: usize = 512 * 1024;
/// Bytes of one comparison. Beyond them its files have no patches.
const LARGEST_DIFF: usize = 32 << 20;
/// Files beyond these have no patch.
const MOST_PATCHES: usize = 3000;

impl Repo {
    /// Compares as pull requests do: from the merge base to the head.
    pub async fn compare(&self, base: &str, head: &str) -> Result<Comparison, GitError> {
        let merge_base = self.merge_base(base, head).await?;
        let (ahead_by, behind_by) = self.ahead_behind(base, head).await?;
        let commits = self.commits_between(Some(base), head, 250, Order::OldestFirst).await?;
        let files = self.diff_files(merge_base.as_deref().unwrap_or(super::EMPTY_TREE), head).await?;
        Ok(Comparison { merge_base, ahead_by, behind_by, commits, files })
    }

    /// The differences of two trees, file by file.
    pub async fn diff_files(&self, from: &str, to: &str) -> Result<Vec<FileDiff>, GitError> {
        let args = [
            "diff",
            "--raw",
            "--numstat",
            "--patch",
            "-z",
            "-M",
            "--no-abbrev",
            "--no-ext-diff",
            "--no-textconv",
            "--no-color",
            "--no-relative",
            "--end-of-options",
            from,
            to,
            "--",
        ];
        let call = self.call(&args).at_most(LARGEST_DIFF);
        let command = call.shown();
        let (mut out, cut) = call.cut().await?;
        if cut {
            // Names and numbers come first: where they are whole, only the patches are too long to be shown.
            let Some(end) = out.windows(2).position(|two| two == [0, 0]) else {
                return Err(GitError::TooMuch { command, most: LARGEST_DIFF });
            };
            out.truncate(end + 2);
        }
        parse(&out).ok_or_else(|| GitError::Unexpected("diff in an unknown form".to_owned()))
    }

    /// Files, added and deleted lines between two trees.
    pub async fn diff_numbers(&self, from: &str, to: &str) -> Result<(usize, u64, u64), GitError> {
        let args = ["diff", "--shortstat", "-M", "--no-ext-diff", "--no-textconv", "--end-of-options", from, to, "--"];
        let text = self.call(&args).line().await?;
        let number = |word: &str| -> u64 {
            let part = text.split(',').find(|part| part.contains(word));
            part.and_then(|part| part.trim().split(' ').next()?.parse().ok()).unwrap_or_default()
        };
        let files = usize::try_from(number("file")).unwrap_or(usize::MAX);
        Ok((files, number("insertion"), number("deletion")))
    }

    /// Whether two heads change the same against a base.
    pub async fn same_patch(&self, base: &str, one: &str, other: &str) -> Result<bool, GitError> {
        let text = |head: &str| format!("{base}...{head}");
        let diff = async |range: String| {
            self.call(&["diff", "--no-ext-diff", "--no-textconv", "--no-color", "--end-of-options", &range, "--"])
                .run()
                .await
        };
        match (diff(text(one)).await, diff(text(other)).await) {
            // What is too much to be compared is taken for another.
            (Err(GitError::TooMuch { .. }), _) | (_, Err(GitError::TooMuch { .. })) => Ok(false),
            (one, other) => Ok(one? == other?),
        }
    }

    /// The difference of two trees as `git diff` (three-dot where `from_merge_base`) writes it.
    pub async fn diff_text(&self, base: &str, head: &str) -> Result<Vec<u8>, GitError> {
        let range = format!("{base}...{head}");
        self.call(&["diff", "-M", "--no-ext-diff", "--no-textconv", "--no-color", "--end-of-options", &range, "--"])
            .run()
            .await
    }

    /// The difference of two trees, two-dot.
    pub async fn diff_trees_text(&self, from: &str, to: &str) -> Result<Vec<u8>, GitError> {
        self.call(&["diff", "-M", "--no-ext-diff", "--no-textconv", "--no-color", "--end-of-options", from, to, "--"])
            .run()
            .await
    }

    /// One commit as a mail.
    pub async fn commit_patch(&self, commit: &str) -> Result<Vec<u8>, GitError> {
        let args = ["format-patch", "--stdout", "-M", "-1", "--no-signature", "--end-of-options", commit, "--"];
        self.call(&args).run().await
    }

    /// Commits as mails, oldest first.
    pub async fn patch_text(&self, base: &str, head: &str) -> Result<Vec<u8>, GitError> {
        let range = format!("{base}..{head}");
        self.call(&["format-patch", "--stdout", "-M", "--no-signature", "--end-of-options", &range, "--"]).run().await
    }
}

/// `--raw --numstat --patch -z`: the raw part, the numbers, then (after an empty field) the patches as plain text.
fn parse(out: &[u8]) -> Option<Vec<FileDiff>> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut files: Vec<FileDiff> = Vec::new();
    let mut at = 0;
    let next = |at: &mut usize| -> Option<&[u8]> {
        let rest = out.get(*at..)?;
        let end = rest.iter().position(|byte| *byte == 0)?;
        *at += end + 1;
        Some(&rest[..end])
    };
    while out.get(at) == Some(&b':') {
        let head = text(next(&mut at)?);
        let mut words = head.split(' ').skip(2);
        let (old, new, status) = (words.next()?.to_owned(), words.next()?.to_owned(), words.next()?.to_owned());
        let first = text(next(&mut at)?);
        let (kind, path, old_path) = match status.as_bytes().first()? {
            b'A' => (ChangeKind::Added, first, None),
            b'D' => (ChangeKind::Deleted, first, None),
            b'R' => (ChangeKind::Renamed, text(next(&mut at)?), Some(first)),
            b'C' => (ChangeKind::Added, text(next(&mut at)?), None),
            _ => (ChangeKind::Modified, first, None),
        };
        let oid = if kind == ChangeKind::Deleted { old } else { new };
        files.push(FileDiff { path, old_path, kind, oid, additions: 0, deletions: 0, patch: None });
    }
    let mut binary = vec![false; files.len()];
    for (index, file) in files.iter_mut().enumerate() {
        let line = text(next(&mut at)?);
        let mut numbers = line.splitn(3, '\t');
        let (added, deleted) = (numbers.next()?, numbers.next()?);
        binary[index] = added == "-";
        file.additions = added.parse().unwrap_or_default();
        file.deletions = deleted.parse().unwrap_or_default();
        // A rename's paths follow in fields of their own.
        if numbers.next().is_none_or(str::is_empty) {
            next(&mut at)?;
            next(&mut at)?;
        }
    }
    if out.get(at) == Some(&0) {
        at += 1;
    }
    let patches = split_patches(out.get(at..).unwrap_or_default());
    // A change of a file's kind (to a symbolic link, say) is one raw line and two patches: none is shown then.
    if patches.len() == files.len() {
        for (index, (file, patch)) in files.iter_mut().zip(patches).enumerate().take(MOST_PATCHES) {
            let hunks = find(patch, b"\n@@ ").map(|start| &patch[start + 1..]);
            file.patch = hunks.filter(|_| !binary[index]).filter(|hunks| hunks.len() <= LONGEST_PATCH).map(|hunks| {
                let text = text(hunks);
                text.strip_suffix('\n').map_or(text.clone(), str::to_owned)
            });
        }
    }
    Some(files)
}

fn split_patches(out: &[u8]) -> Vec<&[u8]> {
    // Lines of files begin with a blank, `+`, `-` or `\`; only the head of a file's patch begins so.
    const HEAD: &[u8] = b"diff --git ";
    let mut starts: Vec<usize> = Vec::new();
    let mut line = 0;
    while line < out.len() {
        if out[line..].starts_with(HEAD) {
            starts.push(line);
        }
        line = out[line..].iter().position(|byte| *byte == b'\n').map_or(out.len(), |end| line + end + 1);
    }
    let ends = starts.iter().skip(1).copied().chain([out.len()]);
    starts.iter().zip(ends).map(|(start, end)| &out[*start..end]).collect()
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}
