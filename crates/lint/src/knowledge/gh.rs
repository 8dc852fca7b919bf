//! What the commands of `gh` and the calls of GitHub's API ask of the token.
//!
//! Facts: the permissions in GitHub's REST reference of the calls that each command makes.

use workflow::PermissionLevel::{self, Read, Write};

/// A permission, by scope and level.
pub(crate) type Asked = (&'static str, PermissionLevel);

/// Commands of `gh` with all that they cannot do without.
const COMMANDS: &[(&str, &str, &[Asked])] = &[
    ("cache", "delete", &[("actions", Write)]),
    ("issue", "close", &[("issues", Write)]),
    ("issue", "comment", &[("issues", Write)]),
    ("issue", "create", &[("issues", Write)]),
    ("issue", "delete", &[("issues", Write)]),
    ("issue", "edit", &[("issues", Write)]),
    ("issue", "reopen", &[("issues", Write)]),
    ("label", "create", &[("issues", Write)]),
    ("label", "delete", &[("issues", Write)]),
    ("label", "edit", &[("issues", Write)]),
    ("pr", "close", &[("pull-requests", Write)]),
    ("pr", "comment", &[("pull-requests", Write)]),
    ("pr", "create", &[("pull-requests", Write)]),
    ("pr", "edit", &[("pull-requests", Write)]),
    ("pr", "merge", &[("contents", Write), ("pull-requests", Write)]),
    ("pr", "ready", &[("pull-requests", Write)]),
    ("pr", "reopen", &[("pull-requests", Write)]),
    ("pr", "review", &[("pull-requests", Write)]),
    ("release", "create", &[("contents", Write)]),
    ("release", "delete", &[("contents", Write)]),
    ("release", "delete-asset", &[("contents", Write)]),
    ("release", "edit", &[("contents", Write)]),
    ("release", "upload", &[("contents", Write)]),
    ("run", "cancel", &[("actions", Write)]),
    ("run", "delete", &[("actions", Write)]),
    ("run", "rerun", &[("actions", Write)]),
    ("workflow", "disable", &[("actions", Write)]),
    ("workflow", "enable", &[("actions", Write)]),
    ("workflow", "run", &[("actions", Write)]),
    // Reading public things needs nothing; these fail in private repositories only.
    ("release", "download", &[("contents", Read)]),
    ("release", "view", &[("contents", Read)]),
];

/// What `gh GROUP COMMAND` asks; `None` for commands that are not known.
pub(crate) fn command(group: &str, command: &str) -> Option<&'static [Asked]> {
    COMMANDS.iter().find(|(one, other, _)| *one == group && *other == command).map(|(.., asked)| *asked)
}

/// Calls of Octokit, as they stand in scripts: the namespace and the method.
const CALLS: &[(&str, &str, Asked)] = &[
    ("issues", "create", ("issues", Write)),
    ("issues", "createLabel", ("issues", Write)),
    ("pulls", "create", ("pull-requests", Write)),
    ("pulls", "createReview", ("pull-requests", Write)),
    ("pulls", "createReviewComment", ("pull-requests", Write)),
    ("pulls", "requestReviewers", ("pull-requests", Write)),
    ("pulls", "update", ("pull-requests", Write)),
    ("pulls", "merge", ("contents", Write)),
    ("repos", "createRelease", ("contents", Write)),
    ("repos", "updateRelease", ("contents", Write)),
    ("repos", "deleteRelease", ("contents", Write)),
    ("repos", "uploadReleaseAsset", ("contents", Write)),
    ("repos", "createOrUpdateFileContents", ("contents", Write)),
    ("repos", "createDispatchEvent", ("contents", Write)),
    ("repos", "createCommitStatus", ("statuses", Write)),
    ("repos", "createDeployment", ("deployments", Write)),
    ("repos", "createDeploymentStatus", ("deployments", Write)),
    ("checks", "create", ("checks", Write)),
    ("checks", "update", ("checks", Write)),
    ("actions", "createWorkflowDispatch", ("actions", Write)),
    ("actions", "cancelWorkflowRun", ("actions", Write)),
    ("actions", "deleteArtifact", ("actions", Write)),
    ("actions", "reRunWorkflow", ("actions", Write)),
    ("git", "createRef", ("contents", Write)),
    ("git", "updateRef", ("contents", Write)),
    ("git", "deleteRef", ("contents", Write)),
    ("git", "createTag", ("contents", Write)),
    ("git", "createCommit", ("contents", Write)),
];

/// What the calls of `github.rest` in a script ask, with the place of each.
pub(crate) fn calls(script: &str) -> Vec<(std::ops::Range<usize>, Asked)> {
    const START: &str = "github.rest.";
    let mut found = Vec::new();
    for (at, _) in script.match_indices(START) {
        let rest = &script[at + START.len()..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '_')).unwrap_or(rest.len());
        let Some((space, method)) = rest[..end].split_once('.') else { continue };
        if let Some((.., asked)) = CALLS.iter().find(|(one, other, _)| *one == space && *other == method) {
            found.push((at..at + START.len() + end, *asked));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_in_scripts() {
        let script = "await github.rest.pulls.create({})\ngithub.rest.repos.get()\ngithub.rest.issues.create(x)";
        let asked: Vec<&str> = calls(script).into_iter().map(|(range, _)| &script[range]).collect();
        assert_eq!(asked, ["github.rest.pulls.create", "github.rest.issues.create"]);
        assert_eq!(command("pr", "merge").map(<[_]>::len), Some(2));
        assert_eq!(command("pr", "view"), None);
    }
}
