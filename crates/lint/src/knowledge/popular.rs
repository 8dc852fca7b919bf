//! Actions that many use, and names that are one slip away from theirs.
//!
//! Facts: how often each stands in public workflows.

use std::collections::HashSet;
use std::sync::LazyLock;

const POPULAR: &[&str] = &[
    "actions/attest-build-provenance",
    "actions/cache",
    "actions/checkout",
    "actions/configure-pages",
    "actions/create-github-app-token",
    "actions/dependency-review-action",
    "actions/deploy-pages",
    "actions/download-artifact",
    "actions/first-interaction",
    "actions/github-script",
    "actions/labeler",
    "actions/setup-dotnet",
    "actions/setup-go",
    "actions/setup-java",
    "actions/setup-node",
    "actions/setup-python",
    "actions/stale",
    "actions/upload-artifact",
    "actions/upload-pages-artifact",
    "aquasecurity/trivy-action",
    "astral-sh/setup-uv",
    "aws-actions/amazon-ecr-login",
    "aws-actions/configure-aws-credentials",
    "azure/login",
    "codecov/codecov-action",
    "dependabot/fetch-metadata",
    "denoland/setup-deno",
    "docker/bake-action",
    "docker/build-push-action",
    "docker/login-action",
    "docker/metadata-action",
    "docker/setup-buildx-action",
    "docker/setup-qemu-action",
    "dorny/paths-filter",
    "dtolnay/rust-toolchain",
    "github/codeql-action",
    "golangci/golangci-lint-action",
    "google-github-actions/auth",
    "google-github-actions/setup-gcloud",
    "goreleaser/goreleaser-action",
    "gradle/actions",
    "hashicorp/setup-terraform",
    "jamesives/github-pages-deploy-action",
    "mikefarah/yq",
    "ncipollo/release-action",
    "ossf/scorecard-action",
    "oven-sh/setup-bun",
    "peaceiris/actions-gh-pages",
    "peter-evans/create-pull-request",
    "pnpm/action-setup",
    "pre-commit/action",
    "pypa/cibuildwheel",
    "pypa/gh-action-pypi-publish",
    "release-drafter/release-drafter",
    "ruby/setup-ruby",
    "shivammathur/setup-php",
    "sigstore/cosign-installer",
    "slackapi/slack-github-action",
    "softprops/action-gh-release",
    "step-security/harden-runner",
    "stefanzweifel/git-auto-commit-action",
    "subosito/flutter-action",
    "swatinem/rust-cache",
    "taiki-e/install-action",
    "tj-actions/changed-files",
];

/// Owners whose names are near each other and who are well known: none of them poses as another.
const OWNERS: &[&str] = &["actions", "actions-rs", "azure", "docker", "gradle", "github"];

static NAMES: LazyLock<HashSet<&'static str>> = LazyLock::new(|| POPULAR.iter().copied().collect());

/// The popular action that `owner/repo` looks like without being it: one letter left out, added, changed or swapped with
/// its neighbour, or the same words in another order.
pub(crate) fn resembles(owner: &str, repo: &str) -> Option<&'static str> {
    let owner = owner.to_ascii_lowercase();
    let repo = repo.to_ascii_lowercase();
    let name = format!("{owner}/{repo}");
    if NAMES.contains(name.as_str()) || OWNERS.contains(&owner.as_str()) {
        return None;
    }
    // Only a name in front of the slash can be taken by somebody else.
    POPULAR.iter().copied().find(|popular| {
        popular.split_once('/').is_some_and(|(popular_owner, popular_repo)| {
            repo == popular_repo && (one_slip(&owner, popular_owner) || same_words(&owner, popular_owner))
        })
    })
}

/// Whether one letter was left out, added, changed, or swapped with the next.
fn one_slip(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a == b || a.len().abs_diff(b.len()) > 1 || a.len().min(b.len()) < 4 {
        return false;
    }
    let start = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let (rest_a, rest_b) = (&a[start..], &b[start..]);
    if a.len() == b.len() {
        let swapped =
            rest_a.len() >= 2 && rest_a[0] == rest_b[1] && rest_a[1] == rest_b[0] && rest_a[2..] == rest_b[2..];
        return swapped || rest_a[1..] == rest_b[1..];
    }
    if a.len() > b.len() { rest_a[1..] == *rest_b } else { *rest_a == rest_b[1..] }
}

fn same_words(a: &str, b: &str) -> bool {
    let words = |text: &str| {
        let mut words: Vec<String> = text.split(['-', '_']).map(str::to_owned).collect();
        words.sort();
        words
    };
    a != b && a.contains(['-', '_']) && words(a) == words(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_one_slip_away() {
        for (owner, repo, expected) in [
            ("action", "checkout", Some("actions/checkout")),
            ("acitons", "checkout", Some("actions/checkout")),
            ("actons", "cache", Some("actions/cache")),
            ("actionss", "cache", Some("actions/cache")),
            ("dockerr", "login-action", Some("docker/login-action")),
            ("actions-aws", "configure-aws-credentials", Some("aws-actions/configure-aws-credentials")),
            ("actions", "checkout", None),
            ("actions", "checkou", None),
            ("somebody", "checkout", None),
            ("pnpm", "setup", None),
        ] {
            assert_eq!(resembles(owner, repo), expected, "{owner}/{repo}");
        }
    }
}
