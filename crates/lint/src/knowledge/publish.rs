//! What hands results of a workflow on to others: packages, images, releases, deployments.
//!
//! Facts: each action's and each tool's documentation, and the registries' pages on publishing with an identity token.

use super::uses::Uses;
use crate::shell::Command;

/// Actions that publish whenever they run.
const ACTIONS: &[&str] = &[
    "aws-actions/amazon-ecs-deploy-task-definition",
    "aws-actions/aws-cloudformation-github-deploy",
    "azure/aci-deploy",
    "azure/container-apps-deploy-action",
    "azure/functions-action",
    "azure/webapps-deploy",
    "azure/sql-action",
    "cloudflare/wrangler-action",
    "google-github-actions/deploy-appengine",
    "google-github-actions/deploy-cloud-functions",
    "google-github-actions/deploy-cloudrun",
    "googleapis/release-please-action",
    "goreleaser/goreleaser-action",
    "jreleaser/release-action",
    "ncipollo/release-action",
    "pypa/gh-action-pypi-publish",
    "redhat-actions/push-to-registry",
    "release-drafter/release-drafter",
    "rubygems/release-gem",
    "softprops/action-gh-release",
];

/// Whether an action publishes; `input` gives the text of an input where one was written.
pub(crate) fn is_publisher(uses: &Uses<'_>, input: impl Fn(&str) -> Option<String>) -> bool {
    if ACTIONS.iter().any(|name| uses.is(name)) {
        return !(uses.is("goreleaser/goreleaser-action")
            && input("args").is_some_and(|args| {
                args.contains("--snapshot") || args.starts_with("build") || args.starts_with("check")
            }));
    }
    let pushes = |name: &str| input(name).is_some_and(|value| value.trim().eq_ignore_ascii_case("true"));
    (uses.is("docker/build-push-action") || uses.is("docker/bake-action")) && pushes("push")
}

/// Registries that take an identity token instead of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Registry {
    PyPi,
    RubyGems,
    Crates,
    Npm,
    NuGet,
}

impl Registry {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Registry::PyPi => "PyPI",
            Registry::RubyGems => "RubyGems",
            Registry::Crates => "the Rust registry",
            Registry::Npm => "npm",
            Registry::NuGet => "NuGet",
        }
    }
}

/// The registry to which a command uploads.
pub(crate) fn published_by(command: &Command) -> Option<Registry> {
    let words = command.inner_text();
    let (name, rest) = words.split_first()?;
    let has = |word: &str| rest.contains(&word);
    let dry = has("--dry-run") || has("-n");
    let twine = |words: &[&str]| {
        let tool = words.iter().position(|word| word.split(['=', '@']).next() == Some("twine"));
        tool.is_some_and(|at| words[at..].contains(&"upload"))
    };
    match *name {
        "cargo" if has("publish") && !dry => Some(Registry::Crates),
        "twine" if has("upload") => Some(Registry::PyPi),
        "uv" if (rest.first() == Some(&"publish") && !dry) || (has("run") && twine(rest)) => Some(Registry::PyPi),
        "uvx" | "pipx" if twine(rest) => Some(Registry::PyPi),
        "hatch" | "pdm" | "flit" | "poetry" if rest.first() == Some(&"publish") && !dry => Some(Registry::PyPi),
        name if name.starts_with("python") && has("-m") && twine(rest) => Some(Registry::PyPi),
        "gem" if rest.first() == Some(&"push") => Some(Registry::RubyGems),
        "bundle" if has("gem") && has("push") => Some(Registry::RubyGems),
        "npm" | "pnpm" | "bun" if rest.first() == Some(&"publish") && !dry => Some(Registry::Npm),
        "yarn" if !dry && (rest.first() == Some(&"publish") || rest.starts_with(&["npm", "publish"])) => {
            Some(Registry::Npm)
        }
        "bunx" | "npx" if rest.starts_with(&["npm", "publish"]) && !dry => Some(Registry::Npm),
        "nuget" if rest.first() == Some(&"push") => Some(Registry::NuGet),
        "dotnet" if rest.starts_with(&["nuget", "push"]) => Some(Registry::NuGet),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::Script;

    #[test]
    fn commands_that_upload() {
        for (text, expected) in [
            ("cargo publish --token x", Some(Registry::Crates)),
            ("cargo publish --dry-run", None),
            ("python3 -m twine upload dist/*", Some(Registry::PyPi)),
            ("uv publish", Some(Registry::PyPi)),
            ("uvx twine@6 upload dist/*", Some(Registry::PyPi)),
            ("poetry publish", Some(Registry::PyPi)),
            ("npm publish --access public", Some(Registry::Npm)),
            ("npm run publish", None),
            ("yarn npm publish", Some(Registry::Npm)),
            ("bunx npm publish", Some(Registry::Npm)),
            ("gem push x.gem", Some(Registry::RubyGems)),
            ("dotnet nuget push *.nupkg", Some(Registry::NuGet)),
            ("nuget.exe push x.nupkg", Some(Registry::NuGet)),
            ("cargo build", None),
        ] {
            assert_eq!(published_by(&Script::read(text).commands[0]), expected, "{text}");
        }
    }
}
