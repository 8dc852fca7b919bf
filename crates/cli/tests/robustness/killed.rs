//! The end without warning, at many points, on the host and in a sandbox.

use std::path::Path;
use std::time::{Duration, Instant};

use testkit::TestRepository;

use crate::live::{Live, finished, own_seconds, processes_with, repository};

const WORKFLOW: &str = "\
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: (setsid nohup sleep SECONDS >/dev/null 2>&1 &)
      - uses: actions/cache@v4
        with: {path: kept, key: some-key}
      - run: |
          mkdir -p kept; head -c 3000000 /dev/urandom > kept/file
          echo \"begun-${{ 1 }}\"
          if [ -n \"$STAY\" ]; then sleep SECONDS; fi
      - uses: actions/upload-artifact@v4
        with: {name: kept, path: kept}
  quick:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - run: exit 0
";

fn until_gone(what: &str, left: impl Fn() -> Vec<String>) {
    // The kernel ends processes on its own; there is nothing to wait on but their absence.
    let start = Instant::now();
    loop {
        let left = left();
        if left.is_empty() {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{what}: still there: {left:?}");
        std::thread::yield_now();
    }
}

fn entries(path: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| entry.path().display().to_string()).collect()
}

/// Kills runs right after each of these events and looks at what stays.
pub(crate) fn kill_at_each(repository: &TestRepository, seconds: &str, points: &[&str], arguments: &[&str]) {
    let state = repository.state().join("state").to_string_lossy().into_owned();
    for point in points {
        let all: Vec<&str> = ["run", "--env", "STAY=1"].iter().chain(arguments).copied().collect();
        let mut live = Live::start(repository, &all);
        live.until_event(point).signal("KILL");
        let (code, _) = live.finish();
        assert_eq!(code, None, "{point}");
        until_gone(point, || {
            let mut left = processes_with(&state);
            left.extend(processes_with(&format!("sleep {seconds}")));
            left
        });
    }
    // The next run finds nothing half-made and removes what stays.
    let all: Vec<&str> = ["run", "--quiet"].iter().chain(arguments).copied().collect();
    let next = finished(repository, &all);
    assert_eq!(next.code, Some(0), "{}{}", next.stdout, next.stderr);
    until_gone("directories of runs", || {
        let mut left = entries(&repository.state().join("state/jobs"));
        left.extend(
            entries(&repository.state().join("state"))
                .into_iter()
                .filter(|path| path.contains("/run-") || path.contains("/dead-")),
        );
        left
    });
    let mounts = std::fs::read_to_string("/proc/self/mounts").expect("mounts");
    assert!(!mounts.contains(&state), "{mounts}");
    let runs = finished(repository, &["runs"]);
    assert_eq!(runs.stdout.matches("interrupted").count(), points.len(), "{}", runs.stdout);
}

const POINTS: [&str; 5] = [
    "\"type\":\"run_started\"",
    "\"type\":\"job_started\"",
    "\"type\":\"step_started\"",
    "HEAD is now at",
    "\"line\":\"begun-1",
];

#[test]
fn nothing_stays_of_a_killed_run_in_a_sandbox() {
    let seconds = own_seconds();
    let repository = repository(&WORKFLOW.replace("SECONDS", &seconds));
    kill_at_each(&repository, &seconds, &POINTS, &[]);
}

#[test]
fn nothing_stays_of_a_killed_run_on_the_host() {
    let seconds = own_seconds();
    let repository = repository(&WORKFLOW.replace("SECONDS", &seconds));
    let points = [POINTS[0], POINTS[1], POINTS[2], POINTS[4]];
    kill_at_each(&repository, &seconds, &points, &["-P", "ubuntu-latest=host"]);
}

/// What the end of a run does after its jobs: saving caches, removing directories.
#[test]
fn a_run_killed_while_it_tidies_up_leaves_whole_things_only() {
    let seconds = own_seconds();
    let repository = repository(&WORKFLOW.replace("SECONDS", &seconds));
    for point in ["\"stage\":\"post\"", "\"type\":\"job_finished\"", "Artifact "] {
        let mut live = Live::start(&repository, &["run"]);
        live.until_event(point).signal("KILL");
        live.finish();
    }
    let next = finished(&repository, &["run"]);
    assert_eq!(next.code, Some(0), "{}{}", next.stdout, next.stderr);
    let state = repository.state().join("state").to_string_lossy().into_owned();
    until_gone("processes", || processes_with(&state));
}
