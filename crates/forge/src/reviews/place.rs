//! Where on a difference a comment stands.

use store::issues::Issue;
use store::pulls::Pull;
use store::repositories::Repository;
use store::reviews::ReviewComment;

use super::NewReviewComment;
use crate::{Actor, Error, Forge, Result};

/// One line of a patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Line {
    /// From 1: the line below the first `@@`.
    position: i64,
    left: Option<i64>,
    right: Option<i64>,
}

/// The lines of a patch (from its first `@@`), with their numbers on both sides.
fn lines(patch: &str) -> Vec<Line> {
    let mut all = Vec::new();
    let (mut left, mut right) = (0, 0);
    for (position, text) in (0_i64..).zip(patch.split('\n')) {
        let mut line = Line { position, left: None, right: None };
        match text.as_bytes().first() {
            Some(b'@') => {
                let start = |sign: char| -> i64 {
                    let word = text.split(' ').find(|word| word.starts_with(sign));
                    word.and_then(|word| word[1..].split(',').next()?.parse().ok()).unwrap_or_default()
                };
                (left, right) = (start('-'), start('+'));
                continue;
            }
            Some(b'-') => {
                line.left = Some(left);
                left += 1;
            }
            Some(b'+') => {
                line.right = Some(right);
                right += 1;
            }
            Some(b'\\') => continue,
            _ => {
                (line.left, line.right) = (Some(left), Some(right));
                left += 1;
                right += 1;
            }
        }
        all.push(line);
    }
    all
}

/// The part of a patch that leads to a position: its hunk's head, and what stands before.
fn hunk(patch: &str, position: i64) -> String {
    let before: Vec<&str> = patch.split('\n').take(usize::try_from(position).unwrap_or(0) + 1).collect();
    let start = before.iter().rposition(|line| line.starts_with("@@")).unwrap_or(0);
    before[start..].join("\n")
}

impl Forge {
    /// Finds the line of a comment in the differences of a pull request.
    pub(super) async fn place_comment(
        &self,
        issue: &Issue,
        pull: &Pull,
        actor: &Actor,
        commit: &str,
        new: &NewReviewComment,
    ) -> Result<ReviewComment> {
        let invalid = |field, message: String| Error::invalid("PullRequestReviewComment", field, message);
        if new.body.trim().is_empty() {
            return Err(Error::missing("PullRequestReviewComment", "body"));
        }
        let mut comment = ReviewComment {
            id: 0,
            repo_id: pull.repo_id,
            issue_id: issue.id,
            review_id: 0,
            author_id: actor.account_id,
            body: new.body.clone(),
            path: new.path.clone(),
            diff_hunk: String::new(),
            commit_sha: commit.to_owned(),
            original_commit_sha: commit.to_owned(),
            line: new.line,
            start_line: new.start_line,
            side: new.side.clone().unwrap_or_else(|| "RIGHT".to_owned()),
            start_side: new.start_side.clone().or_else(|| new.start_line.map(|_| "RIGHT".to_owned())),
            position: new.position,
            original_position: new.position,
            subject: if new.on_file { "file" } else { "line" }.to_owned(),
            in_reply_to: None,
            resolved_by: None,
            created_at: 0,
            updated_at: 0,
        };
        if let Some(parent) = new.in_reply_to {
            let parent = store::reviews::comment(&mut self.store().read(), pull.repo_id, parent).await?;
            let parent = parent.filter(|parent| parent.issue_id == issue.id);
            let parent = parent.ok_or_else(|| invalid("in_reply_to", "there is no such comment".to_owned()))?;
            return Ok(ReviewComment {
                in_reply_to: Some(parent.in_reply_to.unwrap_or(parent.id)),
                body: comment.body,
                author_id: comment.author_id,
                review_id: 0,
                id: 0,
                ..parent
            });
        }
        if !matches!(comment.side.as_str(), "LEFT" | "RIGHT") {
            return Err(invalid("side", "a side is LEFT or RIGHT".to_owned()));
        }
        let repo = self.git(pull.repo_id);
        let base = repo.merge_base(&pull.base_sha, commit).await.ok().flatten();
        let base = base.ok_or_else(|| invalid("commit_id", format!("{commit} is no commit of this pull request")))?;
        let files = repo.diff_files(&base, commit).await?;
        let file = files.into_iter().find(|file| file.path == new.path);
        let file = file.ok_or_else(|| invalid("path", format!("`{}` is not changed here", new.path)))?;
        if new.on_file {
            (comment.line, comment.position, comment.original_position) = (None, Some(1), Some(1));
            return Ok(comment);
        }
        let patch = file.patch.unwrap_or_default();
        let found = lines(&patch).into_iter().find(|line| match (new.line, new.position) {
            (Some(wanted), _) => (if comment.side == "LEFT" { line.left } else { line.right }) == Some(wanted),
            (None, Some(position)) => line.position == position,
            (None, None) => false,
        });
        let found = found.ok_or_else(|| invalid("line", "the line must be part of the diff".to_owned()))?;
        if new.line.is_none() && found.right.is_none() {
            "LEFT".clone_into(&mut comment.side);
        }
        comment.line = if comment.side == "LEFT" { found.left } else { found.right };
        comment.position = Some(found.position);
        comment.original_position = Some(found.position);
        comment.diff_hunk = hunk(&patch, found.position);
        Ok(comment)
    }

    /// Finds the lines of comments again after the head moved: where the commented text still is, by its own words.
    pub(crate) async fn move_review_comments(&self, repository: &Repository, issue: &Issue, pull: &Pull) -> Result<()> {
        let comments = store::reviews::comments_of_issue(&mut self.store().read(), issue.id).await?;
        if comments.is_empty() {
            return Ok(());
        }
        let base = self.pull_base(pull).await?;
        let files = self.git(repository.id).diff_files(&base, &pull.head_sha).await?;
        let mut tx = self.store().begin().await?;
        for comment in comments {
            let patch = files.iter().find(|file| file.path == comment.path).and_then(|file| file.patch.as_deref());
            let place = patch.and_then(|patch| find_again(patch, &comment));
            let (line, position) = place.map_or((None, None), |line| {
                (if comment.side == "LEFT" { line.left } else { line.right }, Some(line.position))
            });
            if comment.subject == "line" {
                store::reviews::set_comment_place(&mut tx, comment.id, &pull.head_sha, line, position).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }
}

/// The line with the same text, nearest to where it was.
fn find_again(patch: &str, comment: &ReviewComment) -> Option<Line> {
    let text = comment.diff_hunk.rsplit('\n').next()?;
    let texts: Vec<&str> = patch.split('\n').collect();
    let was = comment.original_position?;
    lines(patch)
        .into_iter()
        .filter(|line| usize::try_from(line.position).ok().and_then(|at| texts.get(at)) == Some(&text))
        .min_by_key(|line| (line.position - was).abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATCH: &str =
        "@@ -1,3 +1,4 @@ fn main\n a\n-b\n+B\n+C\n d\n@@ -10,2 +11,2 @@\n x\n-y\n+Y\n\\ No newline at end of file";

    #[test]
    fn lines_have_their_numbers_on_both_sides_and_their_position() {
        let all: Vec<_> = lines(PATCH).iter().map(|line| (line.position, line.left, line.right)).collect();
        let expected = [
            (1, Some(1), Some(1)),
            (2, Some(2), None),
            (3, None, Some(2)),
            (4, None, Some(3)),
            (5, Some(3), Some(4)),
            (7, Some(10), Some(11)),
            (8, Some(11), None),
            (9, None, Some(12)),
        ];
        assert_eq!(all, expected);
        assert_eq!(hunk(PATCH, 3), "@@ -1,3 +1,4 @@ fn main\n a\n-b\n+B");
        assert_eq!(hunk(PATCH, 8), "@@ -10,2 +11,2 @@\n x\n-y");
    }
}
