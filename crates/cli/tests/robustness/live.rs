//! A run under way, followed by its events.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Command};
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use testkit::{Binary, Finished, Observed, TestRepository};

pub(crate) fn binary() -> Binary {
    Binary::new(env!("CARGO_BIN_EXE_trunkline"))
}

/// A repository with this workflow as its only file.
pub(crate) fn repository(workflow: &str) -> TestRepository {
    TestRepository::from_files(&[(".github/workflows/ci.yml", workflow)]).expect("a repository")
}

/// Runs the program to its end.
pub(crate) fn finished(repository: &TestRepository, arguments: &[&str]) -> Finished {
    let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
    binary().run(repository, &arguments, &[], None).expect("it runs")
}

/// Runs with `--json` in front of these arguments, to its end.
pub(crate) fn observed(repository: &TestRepository, arguments: &[&str]) -> (Option<i32>, Observed, String) {
    let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
    let finished = finished(repository, &arguments);
    (finished.code, Observed::read(&finished.stdout), finished.stderr)
}

pub(crate) struct Live {
    /// Dropped with this, which ends the guard against hangs.
    _done: std::sync::mpsc::Sender<()>,
    child: Child,
    stdout: BufReader<ChildStdout>,
    pub(crate) seen: String,
}

impl Live {
    /// Starts `trunkline ARGUMENTS --json`.
    pub(crate) fn start(repository: &TestRepository, arguments: &[&str]) -> Self {
        let arguments: Vec<String> = arguments.iter().chain(&["--json"]).map(|&argument| argument.to_owned()).collect();
        Self::spawn(binary().command(repository, &arguments))
    }

    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().expect("it starts");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let id = child.id().to_string();
        let (done, ended) = std::sync::mpsc::channel::<()>();
        // Nothing comes near this: it only keeps a hang from holding up everything.
        std::thread::spawn(move || {
            if ended.recv_timeout(Duration::from_secs(90)) == Err(RecvTimeoutError::Timeout) {
                let _ = Command::new("kill").args(["-KILL", &id]).status();
            }
        });
        Self { _done: done, child, stdout, seen: String::new() }
    }

    /// Reads events until a step prints a line that begins so. The echoed script does not count, nor what was read before.
    pub(crate) fn until(&mut self, text: &str) -> &mut Self {
        self.until_event(&format!("\"line\":\"{text}"))
    }

    /// Reads events until one has this text.
    pub(crate) fn until_event(&mut self, text: &str) -> &mut Self {
        loop {
            let mut line = String::new();
            let read = self.stdout.read_line(&mut line).expect("readable");
            if read == 0 {
                let mut stderr = String::new();
                if let Some(mut pipe) = self.child.stderr.take() {
                    let _ = pipe.read_to_string(&mut stderr);
                }
                panic!("it ended before `{text}`:\n{}\n{stderr}", self.seen);
            }
            self.seen.push_str(&line);
            if line.contains(text) {
                return self;
            }
        }
    }

    pub(crate) fn signal(&mut self, name: &str) -> &mut Self {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args([&format!("-{name}"), &id]).status().expect("kill");
        assert!(status.success());
        self
    }

    /// Reads to the end and waits for it.
    pub(crate) fn finish(mut self) -> (Option<i32>, Observed) {
        let mut bytes = Vec::new();
        let _ = self.stdout.read_to_end(&mut bytes);
        self.seen.push_str(&String::from_utf8_lossy(&bytes));
        let status = self.child.wait().expect("it ends");
        (status.code(), Observed::read(&self.seen))
    }
}

/// Command lines of processes that hold this text.
pub(crate) fn processes_with(text: &str) -> Vec<String> {
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

/// A number that nobody else uses as a number of seconds to sleep.
pub(crate) fn own_seconds() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    format!("7{}{}", TAKEN.fetch_add(1, Ordering::Relaxed), std::process::id())
}
