use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::measure::{quiet, time};

/// A generated repository with one workflow.
pub(super) struct Project {
    pub(super) path: PathBuf,
    /// The state directory of the program for this project.
    pub(super) state: PathBuf,
}

impl Project {
    /// Writes the workflow and commits everything.
    pub(super) fn new(place: &Path, name: &str, workflow: &str) -> Result<Project, String> {
        let project = Project { path: place.join(name), state: place.join(format!("{name}-state")) };
        project.write(".github/workflows/bench.yml", workflow)?;
        time(&mut quiet("git", &["init", "--quiet", "--initial-branch=main"], &project.path))?;
        project.commit()?;
        Ok(project)
    }

    pub(super) fn write(&self, path: &str, content: &str) -> Result<(), String> {
        let path = self.path.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|error| format!("{}: {error}", parent.display()))?;
        }
        std::fs::write(&path, content).map_err(|error| format!("{}: {error}", path.display()))
    }

    pub(super) fn commit(&self) -> Result<(), String> {
        time(&mut quiet("git", &["add", "--all"], &self.path))?;
        let identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.com"];
        let words = [&identity[..], &["commit", "--quiet", "--message", "bench"]].concat();
        time(&mut quiet("git", &words, &self.path)).map(|_| ())
    }
}

const HEAD: &str = "on: push\ndefaults:\n  run:\n    shell: bash\njobs:\n";

/// One job of ten steps.
pub(super) fn ten_steps() -> String {
    let mut text = format!("{HEAD}  build:\n    runs-on: ubuntu-latest\n    steps:\n");
    for step in 1..=10 {
        let _ = writeln!(text, "      - run: echo step {step}");
    }
    text
}

/// Twenty jobs of one step, each after the one before it if `chained`.
pub(super) fn twenty_jobs(chained: bool) -> String {
    let mut text = HEAD.to_owned();
    for job in 1..=20 {
        let _ = writeln!(text, "  job{job}:\n    runs-on: ubuntu-latest");
        if chained && job > 1 {
            let _ = writeln!(text, "    needs: job{}", job - 1);
        }
        let _ = writeln!(text, "    steps:\n      - run: echo step {job}");
    }
    text
}

/// Four jobs that check the repository out, or do nothing at its place.
pub(super) fn four_checkouts(with: bool) -> String {
    let step = if with { "uses: actions/checkout@v4" } else { "run: 'true'" };
    let mut text = HEAD.to_owned();
    for job in 1..=4 {
        let _ = writeln!(text, "  job{job}:\n    runs-on: ubuntu-latest\n    steps:\n      - {step}");
    }
    text
}

/// 16 by 16 legs.
pub(super) fn matrix() -> String {
    let axis = (1..=16).map(|value| value.to_string()).collect::<Vec<_>>().join(", ");
    format!(
        "{HEAD}  test:\n    runs-on: ubuntu-latest\n    strategy:\n      matrix:\n        a: [{axis}]\n        b: [{axis}]\n    steps:\n      - run: echo ${{{{ matrix.a }}}}-${{{{ matrix.b }}}}\n"
    )
}

/// One step that prints this many bytes in lines of 100.
pub(super) fn loud(bytes: u64) -> String {
    let line = "x".repeat(99);
    format!(
        "{HEAD}  build:\n    runs-on: ubuntu-latest\n    steps:\n      - run: yes {line} | head -c {bytes}\n        shell: bash -e {{0}}\n"
    )
}
