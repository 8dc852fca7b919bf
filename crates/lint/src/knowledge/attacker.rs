//! Who decides what a part of the `github` context says.
//!
//! Facts: the payloads of GitHub's webhooks, and which of their parts take free text. Names of accounts, hashes, numbers
//! and dates have a form that ends no word of a shell; titles, bodies, messages and names of branches have not.

/// Who chooses a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Reach {
    /// GitHub does, or its form leaves no room for anything harmful.
    Fixed,
    /// It comes from somewhere that was not followed.
    Unknown,
    /// People with some rights in the repository: names of branches and tags, inputs of a dispatch, releases.
    Insider,
    /// Anyone: whoever opens an issue or a pull request.
    Outsider,
}

use Reach::{Fixed, Insider, Outsider, Unknown};

/// Who decides a path of the `github` context, `github` itself left out: `["event", "issue", "title"]`.
pub(crate) fn github(path: &[&str]) -> Reach {
    let lower: Vec<String> = path.iter().map(|part| part.to_ascii_lowercase()).collect();
    let parts: Vec<&str> = lower.iter().map(String::as_str).collect();
    match parts.as_slice() {
        [] | ["event"] => Outsider,
        ["head_ref"] => Outsider,
        ["ref" | "ref_name" | "base_ref" | "workflow_ref"] => Insider,
        ["event", rest @ ..] => event(rest),
        _ => Fixed,
    }
}

/// Whether a path names a mapping or a list, which is no text unless `toJSON` makes it one.
pub(crate) fn is_mapping(path: &[&str]) -> bool {
    let lower: Vec<String> = path.iter().map(|part| part.to_ascii_lowercase()).collect();
    let parts: Vec<&str> = lower.iter().map(String::as_str).collect();
    match parts.as_slice() {
        [context] => matches!(
            *context,
            "github" | "env" | "inputs" | "matrix" | "needs" | "steps" | "secrets" | "vars" | "runner" | "job"
        ),
        ["github", "event"] => true,
        ["github", "event", name] => matches!(
            *name,
            "issue"
                | "pull_request"
                | "discussion"
                | "comment"
                | "review"
                | "answer"
                | "review_comment"
                | "head_commit"
                | "commits"
                | "workflow_run"
                | "check_suite"
                | "check_run"
                | "release"
                | "sender"
                | "repository"
                | "organization"
                | "inputs"
                | "client_payload"
                | "changes"
                | "label"
                | "milestone"
                | "deployment"
        ),
        ["github", "event", "pull_request", "head" | "base"]
        | ["github", "event", "pull_request", "head" | "base", "repo"] => true,
        ["github", "event", "issue", "pull_request"] => true,
        ["steps" | "needs", _] | ["steps" | "needs", _, "outputs"] => true,
        _ => false,
    }
}

fn event(path: &[&str]) -> Reach {
    match path {
        // The text of an issue, a pull request, a comment, a review, a discussion.
        ["issue" | "pull_request" | "discussion", "title" | "body"] => Outsider,
        ["comment" | "review" | "answer" | "review_comment", "body"] => Outsider,
        ["issue" | "pull_request" | "discussion" | "comment" | "review"] => Outsider,
        // The branch of a pull request, and what its repository says of itself.
        ["pull_request", "head", "ref" | "label"] | ["pull_request", "head"] => Outsider,
        ["pull_request", "head", "repo"] => Outsider,
        ["pull_request", "head", "repo", "default_branch" | "description" | "homepage" | "topics" | "language"] => {
            Outsider
        }
        ["pull_request", "base", "ref" | "label"] => Insider,
        ["pull_request", "milestone", "title" | "description"] => Insider,
        ["issue" | "pull_request", "labels", ..] => insider_text(path),
        // Commits: anyone's, once they are merged.
        ["commits"] | ["commits", "*"] | ["head_commit"] => Outsider,
        ["commits", _, rest @ ..] | ["head_commit", rest @ ..] => commit(rest),
        ["workflow_run" | "check_suite" | "check_run"] => Outsider,
        ["workflow_run", "head_branch" | "display_title"] => Outsider,
        ["workflow_run", "head_commit"] => Outsider,
        ["workflow_run", "head_commit", rest @ ..] => commit(rest),
        ["workflow_run", "head_repository", "description" | "homepage" | "default_branch"] => Outsider,
        ["workflow_run", "pull_requests", _, "head", "ref"] => Outsider,
        ["workflow_run", "pull_requests", ..] => Unknown,
        ["check_suite", "head_branch"] | ["check_run", "check_suite", "head_branch"] => Outsider,
        ["check_suite" | "check_run", "pull_requests", _, "head", "ref"] => Outsider,
        ["pages", _, "page_name" | "title" | "summary"] => Outsider,
        // What people with rights write.
        ["inputs" | "client_payload", ..] => Insider,
        ["release", "name" | "body" | "tag_name" | "target_commitish"] | ["release"] => Insider,
        ["ref" | "base_ref" | "master_branch"] => Insider,
        ["milestone", "title" | "description"] => Insider,
        ["label", "name" | "description"] => Insider,
        ["merge_group", "head_ref" | "base_ref"] => Insider,
        ["deployment", "ref" | "task" | "environment" | "description" | "payload", ..] => Insider,
        ["changes", ..] => Outsider,
        ["sender" | "repository" | "organization" | "enterprise" | "installation", ..] => Fixed,
        _ => by_name(path),
    }
}

fn commit(path: &[&str]) -> Reach {
    match path {
        [] | ["message"] | ["author" | "committer"] => Outsider,
        ["author" | "committer", "name" | "email"] => Outsider,
        _ => Fixed,
    }
}

fn insider_text(path: &[&str]) -> Reach {
    match path.last() {
        Some(&("name" | "description" | "*" | "labels")) => Insider,
        _ => Fixed,
    }
}

/// Parts that other payloads share, by their last name.
fn by_name(path: &[&str]) -> Reach {
    let Some(last) = path.last() else { return Outsider };
    const PLAIN: &[&str] = &[
        "id",
        "node_id",
        "number",
        "sha",
        "login",
        "type",
        "state",
        "action",
        "draft",
        "merged",
        "locked",
        "size",
        "key",
        "conclusion",
        "status",
        "event",
        "name",
        "full_name",
        "default_branch",
        "before",
        "after",
        "forced",
        "created",
        "deleted",
        "run_number",
        "run_attempt",
        "author_association",
        "private",
        "fork",
        "merge_commit_sha",
        "head_sha",
        "additions",
        "deletions",
        "changed_files",
        "prerelease",
        "workflow_id",
        "mergeable",
        "rebaseable",
        "visibility",
        "html_url",
        "clone_url",
        "schedule",
    ];
    if PLAIN.contains(last)
        || last.ends_with("_at")
        || last.ends_with("_url")
        || *last == "url"
        || last.ends_with("_id")
    {
        return Fixed;
    }
    match *last {
        "title" | "body" | "message" | "description" | "email" | "head_branch" => Outsider,
        _ => Unknown,
    }
}

/// Why somebody decides a value, for the last line of a flow: `github.event.issue.title` is the path.
pub(crate) fn reason(path: &str, reach: Reach) -> String {
    match reach {
        Outsider => format!("`{path}` is written by anyone who can open an issue or a pull request"),
        Insider => format!("`{path}` is chosen by whoever may push, release or start the workflow"),
        Unknown => format!("`{path}` was not followed further"),
        Fixed => format!("`{path}` is decided by GitHub"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_writes_what() {
        for (path, expected) in [
            ("head_ref", Outsider),
            ("event.issue.title", Outsider),
            ("event.Pull_Request.Body", Outsider),
            ("event.pull_request.head.ref", Outsider),
            ("event.pull_request.head.sha", Fixed),
            ("event.pull_request.number", Fixed),
            ("event.pull_request.user.login", Fixed),
            ("event.pull_request.base.ref", Insider),
            ("event.commits.*.message", Outsider),
            ("event.head_commit.author.email", Outsider),
            ("event.head_commit.id", Fixed),
            ("event.workflow_run.head_branch", Outsider),
            ("event.workflow_run.head_sha", Fixed),
            ("event.workflow_run.id", Fixed),
            ("event.inputs.version", Insider),
            ("event.client_payload.ref", Insider),
            ("event.release.tag_name", Insider),
            ("event.repository.default_branch", Fixed),
            ("event.label.name", Insider),
            ("ref_name", Insider),
            ("sha", Fixed),
            ("actor", Fixed),
            ("repository", Fixed),
            ("event", Outsider),
            ("event.something.odd", Unknown),
            ("event.comment.html_url", Fixed),
        ] {
            let path: Vec<&str> = path.split('.').collect();
            assert_eq!(github(&path), expected, "{path:?}");
        }
    }
}
