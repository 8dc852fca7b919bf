//! Paths as a step sees them, and where they are for the runner.

use std::path::{Component, Path, PathBuf};

/// How the paths a step names map to the runner's own view of the filesystem.
#[derive(Debug, Clone, Default)]
pub struct Paths {
    workspace: PathBuf,
    mounts: Vec<(PathBuf, PathBuf)>,
    /// Where a container of an action sees what `seen` is for the job.
    aliases: Vec<(PathBuf, PathBuf)>,
}

impl Paths {
    /// A step that runs where the runner runs; `workspace` is what it sees as `GITHUB_WORKSPACE`.
    #[must_use]
    pub fn new(workspace: impl Into<PathBuf>) -> Self {
        Self { workspace: normalized(&workspace.into()), mounts: Vec::new(), aliases: Vec::new() }
    }

    /// Says that what the step sees at `seen` lies at `real` for the runner. The longest `seen` that fits wins.
    #[must_use]
    pub fn with_mount(mut self, seen: impl Into<PathBuf>, real: impl Into<PathBuf>) -> Self {
        self.mounts.push((normalized(&seen.into()), real.into()));
        self.mounts.sort_by_key(|(seen, _)| std::cmp::Reverse(seen.components().count()));
        self
    }

    /// Says that `other` is another name of `seen`.
    #[must_use]
    pub fn with_alias(mut self, other: impl Into<PathBuf>, seen: impl Into<PathBuf>) -> Self {
        self.aliases.push((normalized(&other.into()), normalized(&seen.into())));
        self
    }

    /// The workspace as the step sees it.
    #[must_use]
    pub fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// The path as the step sees it: absolute (relative ones start at the workspace), without `.` and `..`.
    #[must_use]
    pub fn absolute(&self, path: &str) -> PathBuf {
        let path = normalized(&self.workspace.join(path));
        for (other, seen) in &self.aliases {
            if let Ok(rest) = path.strip_prefix(other) {
                return if rest.as_os_str().is_empty() { seen.clone() } else { seen.join(rest) };
            }
        }
        path
    }

    /// Where the runner finds what the step sees at `path`.
    #[must_use]
    pub fn real(&self, path: &Path) -> PathBuf {
        for (seen, real) in &self.mounts {
            if let Ok(rest) = path.strip_prefix(seen) {
                return if rest.as_os_str().is_empty() { real.clone() } else { real.join(rest) };
            }
        }
        path.to_path_buf()
    }

    /// The part below the workspace, with `/`; none when the path lies elsewhere or is the workspace.
    #[must_use]
    pub fn in_workspace(&self, path: &Path) -> Option<String> {
        let rest = path.strip_prefix(&self.workspace).ok()?.to_str()?;
        (!rest.is_empty()).then(|| rest.to_owned())
    }
}

/// Removes `.` and `..` by the text alone: what the step meant, not what links make of it.
fn normalized(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_and_relates() {
        let paths =
            Paths::new("/github/workspace").with_mount("/", "/proc/7/root").with_mount("/github/workspace", "/w");
        let seen = paths.absolute("./src/../a.rs");
        assert_eq!(seen, Path::new("/github/workspace/a.rs"));
        assert_eq!(paths.real(&seen), Path::new("/w/a.rs"));
        assert_eq!(paths.real(Path::new("/etc/x")), Path::new("/proc/7/root/etc/x"));
        assert_eq!(paths.in_workspace(&seen).as_deref(), Some("a.rs"));
        assert_eq!(paths.in_workspace(Path::new("/github/workspacer/a")), None);
        assert_eq!(paths.absolute("../../../../x"), Path::new("/x"));
        let aliased = Paths::new("/w").with_alias("/github/workspace", "/w");
        assert_eq!(aliased.absolute("/github/workspace/a.rs"), Path::new("/w/a.rs"));
        assert_eq!(aliased.absolute("/github/workspacer"), Path::new("/github/workspacer"));
    }
}
