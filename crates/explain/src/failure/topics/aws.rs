//! The command line and SDKs of AWS.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "aws-no-credentials",
        title: "AWS credentials are missing",
        hints: &["Unable to locate credentials", "Could not load credentials from any providers"],
        patterns: &[r"Unable to locate credentials", r"Could not load credentials from any providers"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "no credentials reached the step. In pull requests from forks secrets are empty, and `id-token: write` is not given.",
        remedy: &[
            "log in first with `aws-actions/configure-aws-credentials` and a role (`permissions: { id-token: write, contents: read }`)",
            "`trunkline why secret NAME` says where a secret is defined and which jobs see it",
        ],
    },
    Entry {
        id: "aws-expired-token",
        title: "AWS credentials have expired",
        hints: &["ExpiredToken", "security token included in the request is expired"],
        patterns: &[r"\(ExpiredToken(?:Exception)?\)|security token included in the request is expired"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the session that the credentials belong to is over: temporary credentials hold for an hour unless asked for longer.",
        remedy: &[
            "log in again right before they are needed, or ask for longer: `role-duration-seconds`",
            "do not keep temporary credentials as secrets; let each job get its own",
        ],
    },
    Entry {
        id: "aws-access-denied",
        title: "AWS refuses the action",
        hints: &["AccessDenied", "is not authorized to perform"],
        patterns: &[r"is not authorized to perform: (?P<action>[\w:*-]+)"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the role of the step exists and lacks the right `{action}` on this resource.",
        remedy: &[
            "add `{action}` to the policy of the role, for this resource only",
            "check that the right role is taken: `aws sts get-caller-identity`",
        ],
    },
];
