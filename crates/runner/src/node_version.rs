//! Which Node.js a program is.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OnceCell};

/// How long a program may take to say its version.
const PATIENCE: Duration = Duration::from_secs(10);

/// The versions of the programs that actions ran on, each asked for once a run.
#[derive(Debug, Default)]
pub struct NodeVersions {
    asked: Mutex<HashMap<PathBuf, Arc<OnceCell<Option<String>>>>>,
}

impl NodeVersions {
    /// What `program --version` says, such as `v22.3.0`; none when it says nothing of the kind.
    pub(crate) async fn of(&self, program: &Path) -> Option<String> {
        let cell = {
            let mut asked = self.asked.lock().await;
            asked.entry(program.to_owned()).or_default().clone()
        };
        cell.get_or_init(|| ask(program)).await.clone()
    }
}

async fn ask(program: &Path) -> Option<String> {
    let mut command = tokio::process::Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output());
    let output = output.await.ok()?.ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim();
    major(text).map(|_| text.to_owned())
}

/// The line that says which version stands in for the one that an action asks for with `using`; none for the same one.
pub(crate) fn stand_in(using: &str, version: &str) -> Option<String> {
    let wanted = using.trim().to_ascii_lowercase();
    let wanted: u32 = wanted.strip_prefix("node")?.parse().ok()?;
    (major(version) != Some(wanted))
        .then(|| format!("The action asks for {using}; it runs on Node.js {version}, found on PATH"))
}

fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn another_major_version_is_told() {
        assert_eq!(stand_in("node20", "v20.11.1"), None);
        assert_eq!(
            stand_in("node16", "v22.3.0").as_deref(),
            Some("The action asks for node16; it runs on Node.js v22.3.0, found on PATH")
        );
        assert_eq!(stand_in("other", "v22.3.0"), None);
    }

    #[tokio::test]
    async fn a_program_is_asked_once() {
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("node");
        let script = "#!/bin/sh\necho x >> \"${0%/*}/asked\"\necho v21.0.0\n";
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let versions = NodeVersions::default();
        for _ in 0..2 {
            assert_eq!(versions.of(&program).await.as_deref(), Some("v21.0.0"));
        }
        let asked = std::fs::read_to_string(directory.path().join("asked")).unwrap();
        assert_eq!(asked, "x\n");
        assert_eq!(versions.of(Path::new("/nowhere/node")).await, None);
    }
}
