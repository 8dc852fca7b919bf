use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::TestRepository;
use crate::repository::git_identity;

/// The built program, run on a test's repository with a state directory of its own.
#[derive(Clone, Debug)]
pub struct Binary {
    path: PathBuf,
}

/// How a call of the program ended.
#[derive(Debug)]
pub struct Finished {
    /// `None` when a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    /// It had to be killed because it did not end.
    pub hung: bool,
}

/// Nothing in the tests comes near this: it only keeps a hang from holding up the whole suite.
const GIVE_UP: Duration = Duration::from_secs(180);

/// Variables of the surrounding environment that would change what is tested.
const FOREIGN: [&str; 7] = ["GITHUB_", "RUNNER_", "ACTIONS_", "TRUNKLINE_", "GIT_", "NODE_OPTIONS", "BASH_ENV"];

impl Binary {
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Binary {
        Binary { path: path.into() }
    }

    /// The program, ready to be started in the repository's work tree, with a state directory and a home of the test's own.
    #[must_use]
    pub fn command(&self, repository: &TestRepository, arguments: &[String]) -> Command {
        let mut command = Command::new(&self.path);
        command.args(arguments).current_dir(repository.path());
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if FOREIGN.iter().any(|prefix| name.starts_with(prefix)) || name == "CI" {
                command.env_remove(name);
            }
        }
        command
            .envs(git_identity())
            .env("HOME", repository.home())
            .env("TRUNKLINE_HOME", repository.state())
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// The program without any surroundings: for commands that need no repository.
    #[must_use]
    pub fn plain(&self) -> Command {
        Command::new(&self.path)
    }

    /// What a script needs to call the program on the repository's own state: `TRUNKLINE` and `TRUNKLINE_HOME`.
    #[must_use]
    pub fn variables(&self, repository: &TestRepository) -> [(String, String); 2] {
        let text = |path: &std::path::Path| path.to_string_lossy().into_owned();
        [("TRUNKLINE".to_owned(), text(&self.path)), ("TRUNKLINE_HOME".to_owned(), text(&repository.state()))]
    }

    /// Runs it and waits.
    pub fn run(
        &self,
        repository: &TestRepository,
        arguments: &[String],
        environment: &[(String, String)],
        input: Option<&str>,
    ) -> io::Result<Finished> {
        let mut command = self.command(repository, arguments);
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        if input.is_some() {
            command.stdin(Stdio::piped());
        }
        let mut child = command.spawn()?;
        if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
            // It may end without reading everything.
            let _ = stdin.write_all(input.as_bytes());
        }
        let stdout = child.stdout.take().map(read_all);
        let stderr = child.stderr.take().map(read_all);
        let guard = Guard::start(child.id());
        let status = child.wait()?;
        let hung = guard.stop();
        let text = |handle: Option<thread::JoinHandle<String>>| {
            handle.and_then(|handle| handle.join().ok()).unwrap_or_default()
        };
        Ok(Finished { code: status.code(), stdout: text(stdout), stderr: text(stderr), hung })
    }
}

fn read_all(mut from: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Kills a process that does not end by itself.
struct Guard {
    done: mpsc::Sender<()>,
    thread: thread::JoinHandle<bool>,
}

impl Guard {
    fn start(id: u32) -> Guard {
        let (done, ended) = mpsc::channel();
        let thread = thread::spawn(move || {
            let hung = ended.recv_timeout(GIVE_UP) == Err(mpsc::RecvTimeoutError::Timeout);
            if hung {
                let _ = Command::new("kill").args(["-KILL", &id.to_string()]).status();
            }
            hung
        });
        Guard { done, thread }
    }

    fn stop(self) -> bool {
        let _ = self.done.send(());
        self.thread.join().unwrap_or(false)
    }
}
