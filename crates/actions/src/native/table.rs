//! Which native action stands in for which upstream action.

use git::RepoName;

use crate::NativeTable;

/// Names of the native actions and the upstream majors they stand in for.
pub struct Table;

/// `owner/repo`, path in it, native name, majors.
const ACTIONS: &[(&str, &str, &str, std::ops::RangeInclusive<u32>)] = &[
    ("actions/checkout", "", "checkout", 1..=7),
    ("actions/cache", "", "cache", 1..=6),
    ("actions/cache", "restore", "cache/restore", 3..=6),
    ("actions/cache", "save", "cache/save", 3..=6),
    ("actions/upload-artifact", "", "upload-artifact", 4..=7),
    ("actions/upload-artifact", "merge", "upload-artifact/merge", 4..=7),
    ("actions/download-artifact", "", "download-artifact", 4..=8),
    ("actions/setup-go", "", "setup-go", 3..=7),
    ("actions/setup-node", "", "setup-node", 3..=7),
    ("actions/setup-java", "", "setup-java", 3..=6),
    ("actions/setup-python", "", "setup-python", 4..=7),
    ("docker/build-push-action", "", "docker/build-push", 2..=7),
    ("docker/login-action", "", "docker/login", 1..=4),
    ("docker/setup-buildx-action", "", "docker/setup-buildx", 1..=4),
    ("docker/setup-qemu-action", "", "docker/setup-qemu", 1..=4),
    ("docker/metadata-action", "", "docker/metadata", 3..=6),
    ("golangci/golangci-lint-action", "", "golangci-lint", 4..=9),
];

impl NativeTable for Table {
    fn find(&self, repo: &RepoName, path: &str, reference: &str, major: Option<u32>) -> Option<String> {
        let path = path.trim_matches('/');
        let found = ACTIONS
            .iter()
            .find(|(name, inner, ..)| *inner == path && RepoName::parse(name).is_some_and(|name| name.is(repo)))?;
        let fits = match major {
            Some(major) => found.3.contains(&major),
            None => matches!(reference, "main" | "master") || is_commit(reference),
        };
        fits.then(|| found.2.to_owned())
    }
}

/// A full commit id: which version that is cannot be known here, and those who pin mostly pin what is current.
fn is_commit(reference: &str) -> bool {
    matches!(reference.len(), 40 | 64) && reference.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_majors() {
        let sha = "a".repeat(40);
        let table = [
            ("actions/checkout", "", "v4", Some(4), Some("checkout")),
            ("Actions/Checkout", "", "v4.2.1", Some(4), Some("checkout")),
            ("actions/checkout", "", "main", None, Some("checkout")),
            ("actions/checkout", "", sha.as_str(), None, Some("checkout")),
            ("actions/checkout", "", "v99", Some(99), None),
            ("actions/checkout", "", "my-branch", None, None),
            ("actions/checkout", "sub", "v4", Some(4), None),
            ("actions/cache", "restore", "v4", Some(4), Some("cache/restore")),
            ("actions/upload-artifact", "", "v3", Some(3), None),
            ("someone/checkout", "", "v4", Some(4), None),
        ];
        for (repo, path, reference, major, want) in table {
            let repo = RepoName::parse(repo).unwrap();
            assert_eq!(Table.find(&repo, path, reference, major).as_deref(), want, "{repo}/{path}@{reference}");
        }
    }
}
