//! What actions do with the job's token: the permissions without which they fail.
//!
//! Facts: each action's documentation of its permissions.

use workflow::PermissionLevel::{self, Read, Write};

use super::uses::Uses;

/// A permission that an action cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Need {
    pub(crate) scope: &'static str,
    pub(crate) level: PermissionLevel,
    pub(crate) when: When,
}

/// When an action needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Always,
    /// This input is filled.
    Filled(&'static str),
    /// None of these inputs is filled.
    NoneOf(&'static [&'static str]),
    /// This input says this.
    Is(&'static str, &'static str),
    /// This input does not say this.
    IsNot(&'static str, &'static str),
    /// Only sometimes: it counts as a use of the permission, and not as a need.
    Perhaps,
}

const fn need(scope: &'static str, level: PermissionLevel, when: When) -> Need {
    Need { scope, level, when }
}

/// An action with its needs. Nothing else is done with the token.
struct Known {
    name: &'static str,
    /// Inputs that take another token in the place of the job's.
    tokens: &'static [&'static str],
    needs: &'static [Need],
}

const fn known(name: &'static str, tokens: &'static [&'static str], needs: &'static [Need]) -> Known {
    Known { name, tokens, needs }
}

const OIDC: Need = need("id-token", Write, When::Always);
const READ: &[Need] = &[need("contents", Read, When::Perhaps)];
const NOTHING: &[Need] = &[];
const TOKEN: &[&str] = &["token"];
const GITHUB_TOKEN: &[&str] = &["github-token"];
const REPO_TOKEN: &[&str] = &["repo-token"];
const RELEASE: &[Need] = &[need("contents", Write, When::Always), need("discussions", Write, When::Perhaps)];
const ISSUES_OR_PULLS: &[Need] = &[need("issues", Write, When::Perhaps), need("pull-requests", Write, When::Perhaps)];

const KNOWN: &[Known] = &[
    known(
        "actions/attest",
        GITHUB_TOKEN,
        &[
            need("attestations", Write, When::Always),
            OIDC,
            need("packages", Write, When::Perhaps),
            need("artifact-metadata", Write, When::Perhaps),
        ],
    ),
    known(
        "actions/attest-build-provenance",
        GITHUB_TOKEN,
        &[
            need("attestations", Write, When::Always),
            OIDC,
            need("packages", Write, When::Perhaps),
            need("artifact-metadata", Write, When::Perhaps),
        ],
    ),
    known(
        "actions/attest-sbom",
        GITHUB_TOKEN,
        &[need("attestations", Write, When::Always), OIDC, need("packages", Write, When::Perhaps)],
    ),
    known("actions/cache", NOTHING_TOKENS, NOTHING),
    known("actions/cache/restore", NOTHING_TOKENS, NOTHING),
    known("actions/cache/save", NOTHING_TOKENS, NOTHING),
    known("actions/checkout", TOKEN, READ),
    known("actions/configure-pages", TOKEN, &[need("pages", Write, When::Perhaps)]),
    known("actions/create-github-app-token", NOTHING_TOKENS, NOTHING),
    known("actions/create-release", NOTHING_TOKENS, RELEASE),
    known(
        "actions/dependency-review-action",
        &["repo-token"],
        &[need("contents", Read, When::Perhaps), need("pull-requests", Write, When::Perhaps)],
    ),
    known("actions/deploy-pages", TOKEN, &[need("pages", Write, When::Always), OIDC]),
    known("actions/download-artifact", GITHUB_TOKEN, &[need("actions", Read, When::Filled("run-id"))]),
    known(
        "actions/first-interaction",
        &["repo-token", "repo_token"],
        &[need("issues", Write, When::Always), need("pull-requests", Write, When::Always)],
    ),
    known(
        "actions/labeler",
        REPO_TOKEN,
        &[
            need("pull-requests", Write, When::Always),
            need("contents", Read, When::Perhaps),
            need("issues", Write, When::Perhaps),
        ],
    ),
    known("actions/setup-dotnet", TOKEN, READ),
    known("actions/setup-go", TOKEN, READ),
    known("actions/setup-java", TOKEN, READ),
    known("actions/setup-node", TOKEN, READ),
    known("actions/setup-python", TOKEN, READ),
    known(
        "actions/stale",
        &["repo-token"],
        &[
            need("issues", Write, When::Perhaps),
            need("pull-requests", Write, When::Perhaps),
            need("actions", Write, When::Perhaps),
            need("contents", Write, When::Perhaps),
        ],
    ),
    known("actions/upload-artifact", NOTHING_TOKENS, NOTHING),
    known("actions/upload-pages-artifact", NOTHING_TOKENS, NOTHING),
    known("actions/upload-release-asset", NOTHING_TOKENS, RELEASE),
    known("actions-rust-lang/setup-rust-toolchain", NOTHING_TOKENS, NOTHING),
    known(
        "amannn/action-semantic-pull-request",
        NOTHING_TOKENS,
        &[need("pull-requests", Read, When::Perhaps), need("statuses", Write, When::Perhaps)],
    ),
    known("astral-sh/setup-uv", GITHUB_TOKEN, READ),
    known("aws-actions/configure-aws-credentials", NOTHING_TOKENS, &[need("id-token", Write, When::Perhaps)]),
    known("azure/login", NOTHING_TOKENS, &[need("id-token", Write, When::Perhaps)]),
    known("codecov/codecov-action", TOKEN, &[need("id-token", Write, When::Is("use_oidc", "true"))]),
    known("denoland/setup-deno", NOTHING_TOKENS, NOTHING),
    known("docker/metadata-action", GITHUB_TOKEN, READ),
    known("docker/setup-buildx-action", NOTHING_TOKENS, NOTHING),
    known("docker/setup-qemu-action", NOTHING_TOKENS, NOTHING),
    known(
        "dorny/paths-filter",
        TOKEN,
        &[need("contents", Read, When::Perhaps), need("pull-requests", Read, When::Perhaps)],
    ),
    known("dtolnay/rust-toolchain", NOTHING_TOKENS, NOTHING),
    known(
        "github/codeql-action/analyze",
        TOKEN,
        &[
            need("security-events", Write, When::IsNot("upload", "never")),
            need("contents", Read, When::Perhaps),
            need("actions", Read, When::Perhaps),
            need("packages", Read, When::Perhaps),
        ],
    ),
    known("github/codeql-action/autobuild", TOKEN, NOTHING),
    known(
        "github/codeql-action/init",
        TOKEN,
        &[
            need("contents", Read, When::Perhaps),
            need("actions", Read, When::Perhaps),
            need("packages", Read, When::Perhaps),
            need("security-events", Read, When::Perhaps),
        ],
    ),
    known(
        "github/codeql-action/upload-sarif",
        TOKEN,
        &[
            need("security-events", Write, When::Always),
            need("contents", Read, When::Perhaps),
            need("actions", Read, When::Perhaps),
        ],
    ),
    known(
        "golangci/golangci-lint-action",
        GITHUB_TOKEN,
        &[
            need("contents", Read, When::Perhaps),
            need("pull-requests", Read, When::Perhaps),
            need("checks", Write, When::Perhaps),
        ],
    ),
    known(
        "google-github-actions/auth",
        NOTHING_TOKENS,
        &[need("id-token", Write, When::Filled("workload_identity_provider"))],
    ),
    known("google-github-actions/setup-gcloud", NOTHING_TOKENS, NOTHING),
    known(
        "googleapis/release-please-action",
        TOKEN,
        &[
            need("contents", Write, When::Always),
            need("pull-requests", Write, When::Always),
            need("issues", Write, When::Perhaps),
        ],
    ),
    known("jamesives/github-pages-deploy-action", &["token", "ssh-key"], &[need("contents", Write, When::Always)]),
    known("ncipollo/release-action", TOKEN, RELEASE),
    known(
        "ossf/scorecard-action",
        &["repo_token"],
        &[
            need("id-token", Write, When::Is("publish_results", "true")),
            need("security-events", Write, When::Perhaps),
            need("contents", Read, When::Perhaps),
            need("actions", Read, When::Perhaps),
        ],
    ),
    known("oven-sh/setup-bun", TOKEN, READ),
    known(
        "peaceiris/actions-gh-pages",
        &["deploy_key", "personal_token"],
        &[need("contents", Write, When::Filled("github_token"))],
    ),
    known("peter-evans/create-or-update-comment", TOKEN, ISSUES_OR_PULLS),
    known(
        "peter-evans/create-pull-request",
        &["token", "branch-token"],
        &[need("contents", Write, When::Always), need("pull-requests", Write, When::Always)],
    ),
    known(
        "peter-evans/find-comment",
        TOKEN,
        &[need("issues", Read, When::Perhaps), need("pull-requests", Read, When::Perhaps)],
    ),
    known("pnpm/action-setup", NOTHING_TOKENS, NOTHING),
    known("pypa/gh-action-pypi-publish", NOTHING_TOKENS, &[need("id-token", Write, When::NoneOf(&["password"]))]),
    known(
        "release-drafter/release-drafter",
        TOKEN,
        &[need("contents", Write, When::Perhaps), need("pull-requests", Write, When::Perhaps)],
    ),
    known("ruby/setup-ruby", NOTHING_TOKENS, NOTHING),
    known("shivammathur/setup-php", NOTHING_TOKENS, NOTHING),
    known("sigstore/cosign-installer", NOTHING_TOKENS, NOTHING),
    known("softprops/action-gh-release", TOKEN, RELEASE),
    known("step-security/harden-runner", NOTHING_TOKENS, NOTHING),
    known("svenstaro/upload-release-action", &["repo_token"], RELEASE),
    known("swatinem/rust-cache", NOTHING_TOKENS, NOTHING),
    known("taiki-e/install-action", NOTHING_TOKENS, NOTHING),
];

const NOTHING_TOKENS: &[&str] = &[];

/// What an action does with the token. `None` where it is not known.
pub(crate) struct Behaviour {
    pub(crate) tokens: &'static [&'static str],
    pub(crate) needs: &'static [Need],
}

pub(crate) fn of_action(uses: &Uses<'_>) -> Option<Behaviour> {
    let known = KNOWN.iter().find(|known| uses.is(known.name))?;
    Some(Behaviour { tokens: known.tokens, needs: known.needs })
}

/// Ways to get an identity token without an action that is known for it.
pub(crate) const OIDC_MARKS: &[&str] =
    &["ACTIONS_ID_TOKEN", "getIDToken", "--provenance", "provenance=true", "cosign", "trusted-publish"];
