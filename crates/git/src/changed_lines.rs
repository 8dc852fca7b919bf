//! Which lines of the work tree changed since a revision.

use std::ops::RangeInclusive;

use crate::{GitError, Repository};

/// Lines of one file that are new or different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedLines {
    /// Relative to the top level, `/`-separated.
    pub path: String,
    /// From 1. Where lines only went away, the two around the gap.
    pub lines: Vec<RangeInclusive<u32>>,
}

impl Repository {
    /// The lines that differ between `revision` and the files as they are now, files that git does not know yet
    /// included (all of their lines).
    pub fn changed_lines(&self, revision: &str) -> Result<Vec<ChangedLines>, GitError> {
        let options = [
            "diff",
            "-U0",
            "--no-renames",
            "--no-ext-diff",
            "--no-textconv",
            "--no-relative",
            "--no-color",
            "--src-prefix=a/",
            "--dst-prefix=b/",
        ];
        let out = self.git().args(options).arg("--end-of-options").arg(revision).arg("--").run()?;
        let mut files = parse(&String::from_utf8_lossy(&out));
        let untracked = self.status()?.entries.iter().filter(|entry| entry.untracked);
        files.extend(untracked.map(|entry| ChangedLines {
            path: String::from_utf8_lossy(&entry.path).into_owned(),
            lines: vec![1..=u32::MAX],
        }));
        Ok(files)
    }
}

fn parse(diff: &str) -> Vec<ChangedLines> {
    let mut files: Vec<ChangedLines> = Vec::new();
    // Lines of content start with `+`, `-` or `\`; a header only counts before a file's first hunk.
    let mut in_header = false;
    for line in diff.lines() {
        if line.starts_with("diff --git ") {
            in_header = true;
        } else if let Some(path) = line.strip_prefix("+++ ").filter(|_| in_header) {
            let path = path.trim_end_matches('\t');
            let path = path.strip_prefix("b/").unwrap_or(path);
            files.push(ChangedLines { path: path.to_owned(), lines: Vec::new() });
        } else if let Some(hunk) = line.strip_prefix("@@ ") {
            in_header = false;
            if let (Some(lines), Some(file)) = (new_lines(hunk), files.last_mut()) {
                file.lines.push(lines);
            }
        }
    }
    files
}

/// `-3,2 +7,4 @@ …` gives 7 to 10.
fn new_lines(hunk: &str) -> Option<RangeInclusive<u32>> {
    let new = hunk.split(' ').find_map(|part| part.strip_prefix('+'))?;
    let (start, count) = new.split_once(',').unwrap_or((new, "1"));
    let (start, count): (u32, u32) = (start.parse().ok()?, count.parse().ok()?);
    Some(if count == 0 { start.max(1)..=start + 1 } else { start..=start + count - 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hunks_become_lines() {
        let diff = "diff --git a/x.yml b/x.yml\nindex 1..2 100644\n--- a/x.yml\n+++ b/x.yml\n@@ -1,0 +2,3 @@\n+++ b/no\n+b\n+c\n@@ -9 +12 @@ jobs:\n-x\n+y\n@@ -20,2 +22,0 @@\n-x\n-y\ndiff --git a/y b/y\n--- a/y\n+++ /dev/null\n";
        let files = parse(diff);
        assert_eq!(files[0], ChangedLines { path: "x.yml".into(), lines: vec![2..=4, 12..=12, 22..=23] });
        assert_eq!(files.len(), 2);
    }
}
