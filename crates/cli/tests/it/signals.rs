//! Ctrl-C once, twice, and the end without warning.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use api::Conclusion;
use testkit::{Observed, TestRepository};

use crate::places;

const WORKFLOW: &str = "\
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - id: wait
        run: |
          echo \"the step ${{ 'has begun' }}\"
          exec sleep SECONDS
      - id: plain
        run: echo not reached
      - id: tidy
        if: always()
        run: echo \"tidied ${{ 'up' }}\"
  after:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - run: echo not reached
";

/// A run whose first step is under way.
struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
    seen: String,
    repository: TestRepository,
    /// The command line of the step's process; no other test has the same.
    sleep: String,
}

impl Running {
    fn start() -> Running {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let seconds = format!("4{}{}", STARTED.fetch_add(1, Ordering::Relaxed), std::process::id());
        let workflow = WORKFLOW.replace("SECONDS", &seconds);
        let repository = TestRepository::from_files(&[(".github/workflows/ci.yml", &workflow)]).expect("a repository");
        let arguments = ["run", "--json"].map(str::to_owned);
        let mut child = places::binary().command(&repository, &arguments).spawn().expect("it starts");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let sleep = format!("sleep {seconds}");
        let mut running = Running { child, stdout, seen: String::new(), repository, sleep };
        running.read_until("the step has begun");
        running
    }

    /// Reads events until a log line begins so: the echoed script does not count.
    fn read_until(&mut self, text: &str) {
        let wanted = format!("\"line\":\"{text}");
        loop {
            let mut line = String::new();
            let read = self.stdout.read_line(&mut line).expect("readable");
            assert!(read > 0, "it ended before `{text}`:\n{}", self.seen);
            self.seen.push_str(&line);
            if line.contains(&wanted) {
                return;
            }
        }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args([&format!("-{name}"), &id]).status().expect("kill");
        assert!(status.success());
    }

    fn finish(mut self) -> (Option<i32>, Observed) {
        let mut line = String::new();
        while self.stdout.read_line(&mut line).expect("readable") > 0 {
            self.seen.push_str(&line);
            line.clear();
        }
        let status = self.child.wait().expect("it ends");
        (status.code(), Observed::read(&self.seen))
    }
}

#[test]
fn an_interrupt_cancels_as_github_does() {
    let running = Running::start();
    running.signal("INT");
    let (code, observed) = running.finish();
    assert_eq!(code, Some(130), "{observed:#?}");
    let job = observed.jobs_named("build")[0];
    assert_eq!(job.conclusion, Some(Conclusion::Cancelled));
    let ends = |id: &str| job.step(id).and_then(|step| step.conclusion);
    assert_eq!(ends("wait"), Some(Conclusion::Cancelled));
    assert_eq!(ends("plain"), Some(Conclusion::Skipped));
    assert_eq!(ends("tidy"), Some(Conclusion::Success));
    let after = observed.jobs_named("after")[0].conclusion;
    assert!(matches!(after, Some(Conclusion::Skipped | Conclusion::Cancelled)), "{after:?}");
}

/// Processes whose command line has this text.
fn processes_with(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").expect("/proc").flatten() {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        if line.contains(text) {
            found.push(line);
        }
    }
    found
}

#[test]
fn nothing_stays_after_the_program_was_killed() {
    let mut running = Running::start();
    let state = running.repository.state().to_string_lossy().into_owned();
    // What the step said may be read before its shell has become the process that sleeps.
    let start = Instant::now();
    while processes_with(&running.sleep).is_empty() {
        assert!(start.elapsed() < Duration::from_secs(20), "no `{}`", running.sleep);
        std::thread::yield_now();
    }
    running.signal("KILL");
    running.child.wait().expect("it ends");
    // The kernel ends the processes of the namespaces right after; there is nothing to wait on but their absence.
    let start = Instant::now();
    loop {
        // The state directory's path is this test's own: nobody else's processes have it.
        let mut left = processes_with(&state);
        left.extend(processes_with(&running.sleep));
        if left.is_empty() {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "still there: {left:?}");
        std::thread::yield_now();
    }
    let arguments = ["run", "--list"].map(str::to_owned);
    let finished = places::binary().run(&running.repository, &arguments, &[], None).expect("it runs");
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let mounts = std::fs::read_to_string("/proc/self/mounts").expect("mounts");
    let left: Vec<&str> = mounts.lines().filter(|line| line.contains(&state)).collect();
    assert!(left.is_empty(), "still mounted: {left:?}");
}
