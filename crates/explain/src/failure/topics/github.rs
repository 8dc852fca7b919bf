//! The API of GitHub, and of servers that speak it.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "github-permission",
        title: "the token lacks a permission",
        hints: &["Resource not accessible by integration"],
        patterns: &[r"Resource not accessible by (?:integration|personal access token)"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the token of the job is valid and may not do this: `permissions:` does not give it, or the event is a pull request from a fork, where tokens only read.",
        remedy: &[
            "give the job what the call needs, for instance `permissions: { contents: read, pull-requests: write }` (naming one sets all others to none)",
            "`trunkline why pull_request --fork` says what a fork gets",
            "for what has to write after a fork's pull request, use a second workflow with `workflow_run`",
        ],
    },
    Entry {
        id: "github-bad-credentials",
        title: "the token is not valid",
        hints: &["Bad credentials"],
        patterns: &[r"\bBad credentials\b"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the server does not know the token: it has expired, was revoked, or an empty or shortened secret was sent.",
        remedy: &[
            "renew it and store it again without a newline at its end",
            "use `github.token` where the rights of the job suffice",
        ],
    },
    Entry {
        id: "github-rate-limited",
        title: "the limit of requests is used up",
        hints: &["API rate limit exceeded", "secondary rate limit"],
        patterns: &[r"API rate limit exceeded|exceeded a secondary rate limit"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "too many requests were made with this identity in this hour; without a token the limit is 60 for all of a network together.",
        remedy: &[
            "send a token: `env: { GH_TOKEN: ${{ github.token }} }`",
            "ask for less: cache what does not change, use conditional requests",
            "wait until the time that the header `x-ratelimit-reset` names",
        ],
    },
    Entry {
        id: "gh-token-missing",
        title: "gh has no token",
        hints: &["set the GH_TOKEN environment variable"],
        patterns: &[r"^gh: To use GitHub CLI in a GitHub Actions workflow, set the GH_TOKEN"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the command line of GitHub takes its token from the environment, and the step does not set it.",
        remedy: &["add to the step: `env: { GH_TOKEN: ${{ github.token }} }`"],
    },
    Entry {
        id: "id-token-not-permitted",
        title: "the job may not have an identity token",
        hints: &["Unable to get ACTIONS_ID_TOKEN_REQUEST_URL", "Unable to get ACTIONS_ID_TOKEN_REQUEST_TOKEN"],
        patterns: &[r"Unable to get ACTIONS_ID_TOKEN_REQUEST_(?:URL|TOKEN)"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "an identity token was asked for and the job has no `id-token: write`.",
        remedy: &[
            "add `permissions: { id-token: write, contents: read }` to the job; a called workflow needs it from its caller too",
            "pull requests from forks never get one",
        ],
    },
    Entry {
        id: "action-input-missing",
        title: "an action lacks an input",
        hints: &["Input required and not supplied"],
        patterns: &[r"Input required and not supplied: (?P<input>\S+)"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the action needs `{input}` and got nothing, often because an expression or a secret in `with:` is empty.",
        remedy: &[
            "set it: `with: { {input}: … }`",
            "`trunkline why secret NAME` says who sees a secret; in pull requests from forks all are empty",
        ],
    },
];
