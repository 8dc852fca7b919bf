//! Versions of actions that do not work any more, and the newest ones.
//!
//! Facts: GitHub's notices of what was shut down, and the releases of each action up to 2026-10.

use super::uses::{Uses, Version};

/// Versions below the first number fail when they run; below the second they are old.
struct Line {
    name: &'static str,
    works_from: u32,
    newest: u32,
    why: &'static str,
}

const fn line(name: &'static str, works_from: u32, newest: u32, why: &'static str) -> Line {
    Line { name, works_from, newest, why }
}

const SERVICE: &str = "the service that it speaks to was shut down";

const LINES: &[Line] = &[
    line("actions/cache", 3, 5, SERVICE),
    line("actions/cache/restore", 3, 5, SERVICE),
    line("actions/cache/save", 3, 5, SERVICE),
    line("actions/checkout", 0, 6, ""),
    line("actions/configure-pages", 0, 5, ""),
    line("actions/deploy-pages", 4, 4, SERVICE),
    line("actions/download-artifact", 4, 6, SERVICE),
    line("actions/github-script", 0, 8, ""),
    line("actions/setup-dotnet", 0, 5, ""),
    line("actions/setup-go", 0, 6, ""),
    line("actions/setup-java", 0, 5, ""),
    line("actions/setup-node", 0, 6, ""),
    line("actions/setup-python", 0, 6, ""),
    line("actions/upload-artifact", 4, 5, SERVICE),
    line("actions/upload-pages-artifact", 3, 4, "it uses a version of upload-artifact that was shut down"),
    line("codecov/codecov-action", 0, 5, ""),
    line("docker/build-push-action", 0, 6, ""),
    line("docker/login-action", 0, 3, ""),
    line("docker/metadata-action", 0, 5, ""),
    line("docker/setup-buildx-action", 0, 3, ""),
    line("docker/setup-qemu-action", 0, 3, ""),
    line("github/codeql-action/analyze", 0, 4, ""),
    line("github/codeql-action/autobuild", 0, 4, ""),
    line("github/codeql-action/init", 0, 4, ""),
    line("github/codeql-action/upload-sarif", 0, 4, ""),
];

/// What is known of the version that a `uses:` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Age {
    /// It fails; the first version that works, and why.
    Dead { works_from: u32, why: &'static str },
    /// It is this much behind the newest.
    Old { newest: u32 },
}

/// `None` for versions that are new enough or not known.
pub(crate) fn age(uses: &Uses<'_>, version: Option<Version>) -> Option<Age> {
    let version = version?;
    let line = LINES.iter().find(|line| uses.is(line.name))?;
    // The cache's client was mended in 3.4.0 and 4.2.0.
    let mended = match (version.major, version.minor) {
        (3, Some(minor)) if line.name.starts_with("actions/cache") => minor >= 4,
        (4, Some(minor)) if line.name.starts_with("actions/cache") => minor >= 2,
        _ => true,
    };
    if version.major < line.works_from || !mended {
        return Some(Age::Dead { works_from: if mended { line.works_from } else { version.major }, why: line.why });
    }
    (version.major < line.newest).then_some(Age::Old { newest: line.newest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_were_shut_down() {
        for (text, dead) in [
            ("actions/upload-artifact@v3", true),
            ("actions/upload-artifact@v4", false),
            ("actions/cache@v2", true),
            ("actions/cache@v4", false),
            ("actions/cache@v4.1.2", true),
            ("actions/cache@v4.2.0", false),
            ("github/codeql-action/init@v2", false),
            ("some/thing@v1", false),
        ] {
            let uses = Uses::parse(text).unwrap();
            assert_eq!(matches!(age(&uses, uses.version()), Some(Age::Dead { .. })), dead, "{text}");
        }
    }
}
