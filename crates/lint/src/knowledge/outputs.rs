//! Outputs of actions that hold what strangers wrote.
//!
//! Facts: each action's documentation of its outputs.

use super::attacker::Reach;
use super::uses::Uses;

/// Action, output (a `*` at its end stands for any rest), and what it holds.
const OUTPUTS: &[(&str, &str, &str)] = &[
    ("alessbell/pull-request-comment-branch", "head_ref", "the name of a pull request's branch"),
    ("xt0rted/pull-request-comment-branch", "head_ref", "the name of a pull request's branch"),
    ("eficode/resolve-pr-refs", "head_ref", "the name of a pull request's branch"),
    ("potiuk/get-workflow-origin", "sourceHeadBranch", "the name of a pull request's branch"),
    ("potiuk/get-workflow-origin", "pullRequestLabels", "labels of a pull request"),
    ("8bitjonny/gh-get-current-pr", "pr_title", "the title of a pull request"),
    ("8bitjonny/gh-get-current-pr", "pr_body", "the text of a pull request"),
    ("gotson/pull-request-comment-branch", "head_ref", "the name of a pull request's branch"),
    ("khan/pull-request-comment-trigger", "comment_body", "the text of a comment"),
    ("peter-evans/find-comment", "comment-body", "the text of a comment"),
    ("peter-murray/issue-body-parser-action", "*", "the text of an issue"),
    ("zentered/issue-forms-body-parser", "*", "the text of an issue"),
    ("stefanbuck/github-issue-parser", "*", "the text of an issue"),
    ("tj-actions/branch-names", "current_branch", "the name of a branch"),
    ("tj-actions/branch-names", "head_ref_branch", "the name of a branch"),
    ("tj-actions/changed-files", "all_*files", "names of files in a pull request"),
    ("tj-actions/changed-files", "added_files", "names of files in a pull request"),
    ("tj-actions/changed-files", "modified_files", "names of files in a pull request"),
    ("tj-actions/changed-files", "deleted_files", "names of files in a pull request"),
    ("tj-actions/changed-files", "renamed_files", "names of files in a pull request"),
    ("tj-actions/changed-files", "other_*files", "names of files in a pull request"),
    ("jitterbit/get-changed-files", "all", "names of files in a pull request"),
    ("jitterbit/get-changed-files", "added_modified", "names of files in a pull request"),
    ("trilom/file-changes-action", "files*", "names of files in a pull request"),
    ("lots0logs/gh-action-get-changed-files", "*", "names of files in a pull request"),
    ("amannn/action-semantic-pull-request", "error_message", "the title of a pull request"),
    ("rlespinasse/github-slug-action", "GITHUB_HEAD_REF", "the name of a branch"),
    ("garygrossgarten/github-action-readfile", "content", "a file of the workspace"),
    ("juliangruber/read-file-action", "content", "a file of the workspace"),
];

/// Outputs that have a form of their own: counts, booleans, versions that the action made.
const FIXED: &[(&str, &str)] = &[
    ("actions/cache", "*"),
    ("actions/cache/restore", "*"),
    ("actions/setup-node", "*"),
    ("actions/setup-go", "*"),
    ("actions/setup-python", "*"),
    ("actions/setup-java", "*"),
    ("actions/checkout", "commit"),
    ("actions/upload-artifact", "*"),
    ("actions/download-artifact", "*"),
    ("actions/deploy-pages", "page_url"),
    ("docker/build-push-action", "digest"),
    ("docker/build-push-action", "imageid"),
    ("docker/metadata-action", "version"),
    ("peter-evans/create-pull-request", "pull-request-number"),
    ("peter-evans/find-comment", "comment-id"),
    ("actions/create-github-app-token", "*"),
    ("docker/setup-buildx-action", "*"),
    ("docker/setup-qemu-action", "*"),
    ("tj-actions/changed-files", "*_changed"),
    ("tj-actions/changed-files", "*_count"),
    ("dorny/paths-filter", "*_count"),
    ("dorny/paths-filter", "changes"),
];

/// What an output of an action holds, as far as it is known: who decides it, and in words.
pub(crate) fn of_action(uses: &Uses<'_>, output: &str) -> Option<(Reach, &'static str)> {
    let open = OUTPUTS.iter().find(|(name, pattern, _)| uses.is(name) && matches(pattern, output));
    if let Some((_, _, what)) = open {
        return Some((Reach::Outsider, what));
    }
    let fixed = FIXED.iter().any(|(name, pattern)| uses.is(name) && matches(pattern, output));
    fixed.then_some((Reach::Fixed, "a value that the action makes"))
}

/// A pattern with at most one `*`.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        Some((start, end)) => name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end),
        None => pattern.eq_ignore_ascii_case(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_of_known_actions() {
        for (uses, output, expected) in [
            ("tj-actions/changed-files@v45", "all_changed_files", Some(Reach::Outsider)),
            ("tj-actions/changed-files@v45", "any_changed", Some(Reach::Fixed)),
            ("dorny/paths-filter@v3", "src_files", None),
            ("dorny/paths-filter@v3", "changes", Some(Reach::Fixed)),
            ("actions/cache@v4", "cache-hit", Some(Reach::Fixed)),
            ("some/thing@v1", "x", None),
        ] {
            let uses = Uses::parse(uses).unwrap();
            assert_eq!(of_action(&uses, output).map(|(reach, _)| reach), expected, "{uses:?} {output}");
        }
    }
}
