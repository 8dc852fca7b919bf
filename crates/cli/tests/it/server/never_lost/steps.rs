//! What tests of one trouble at a time do on a site.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::TestRepository;

use super::api::Answer;
use super::site::Site;
use crate::server::instance::PASSWORD;

/// Nothing comes near this: it only keeps a hang from holding up the whole suite.
const GIVE_UP: Duration = Duration::from_secs(120);

/// Waits until something is so; what came of it.
pub(super) fn until<T>(site: &Site, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < GIVE_UP, "this never came about: {what}\n{}", site.said());
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub(super) fn repository(workflow: &str) -> TestRepository {
    TestRepository::from_files(&[(".github/workflows/ci.yml", workflow)]).expect("a repository")
}

pub(super) fn head(repository: &TestRepository) -> String {
    let output = Command::new("git").args(["rev-parse", "HEAD"]).current_dir(repository.path()).output();
    String::from_utf8_lossy(&output.expect("git").stdout).trim().to_owned()
}

impl Site {
    /// Pushes `main` to one server; what git said when it could not.
    pub(super) fn push(&self, server: usize, repository: &TestRepository) -> Result<(), String> {
        let address = format!("http://ann:{PASSWORD}@127.0.0.1:{}/ann/app.git", self.apis[server].port);
        let mut command = Command::new("git");
        command.args(["push", &address, "main"]).env("GIT_TERMINAL_PROMPT", "0").current_dir(repository.path());
        let output = command.output().expect("git");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(()) } else { Err(said) }
    }

    /// An answer of the API about `ann/app`, when there is one.
    pub(super) fn get(&self, server: usize, path: &str) -> Option<Answer> {
        self.apis[server].get(&format!("/repos/ann/app{path}")).ok()
    }

    /// The run of a commit, once it is over.
    pub(super) fn completed(&self, server: usize, sha: &str) -> Value {
        until(self, &format!("the run of {sha} is over"), || {
            let listed = self.get(server, &format!("/actions/runs?head_sha={sha}"))?.json();
            listed["workflow_runs"].as_array()?.iter().find(|run| run["status"] == "completed").cloned()
        })
    }

    /// The log of a run's first job, as far as there is one.
    pub(super) fn log(&self, server: usize, sha: &str) -> Option<String> {
        let listed = self.get(server, &format!("/actions/runs?head_sha={sha}"))?.json();
        let run = listed["workflow_runs"].as_array()?.first()?["id"].as_i64()?;
        let jobs = self.get(server, &format!("/actions/runs/{run}/jobs"))?.json();
        let job = jobs["jobs"].as_array()?.first()?["id"].as_i64()?;
        let answer = self.get(server, &format!("/actions/jobs/{job}/logs"))?;
        (answer.status == 200).then(|| answer.text())
    }

    /// What a server says of its health: the status, and each part's word.
    pub(super) fn ready(&self, server: usize) -> Option<(u16, Value)> {
        let answer = self.apis[server].send("GET", "/readyz", &[], &[]).ok()?;
        Some((answer.status, answer.json()))
    }
}

/// Prints numbered lines until a file appears in the directory that jobs and tests share.
pub(super) const UNTIL_TOLD: &str = r#"on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: |
          n=0
          until [ -e "$RUNNER_TOOL_CACHE/go-on" ]; do n=$((n + 1)); echo "line $n"; touch "$RUNNER_TOOL_CACHE/runs"; sleep 0.01; done
          echo "that were $n lines"
"#;

/// All numbers from 1 to the one that the last line tells, each once and in order.
pub(super) fn assert_whole(log: &str) {
    let numbers: Vec<u64> = log.lines().filter_map(|line| line.split("Z line ").nth(1)?.parse().ok()).collect();
    let told: Option<u64> =
        log.lines().find_map(|line| line.split("Z that were ").nth(1)?.strip_suffix(" lines")?.parse().ok());
    let last = told.unwrap_or_else(|| panic!("the last line is missing: {log}"));
    assert_eq!(numbers, (1..=last).collect::<Vec<_>>());
}
