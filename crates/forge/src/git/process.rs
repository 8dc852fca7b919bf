//! Running `git` on the server.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::Repo;

/// What went wrong with git.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("git could not be started: {0}")]
    Spawn(#[source] std::io::Error),
    #[error("git {command}: {}", .stderr.lines().next().unwrap_or("failed without a word"))]
    Failed { command: String, code: Option<i32>, stderr: String },
    #[error("git {command} took more than {} s and was ended", .limit.as_secs())]
    TimedOut { command: String, limit: Duration },
    #[error("git answered in an unknown form: {0}")]
    Unexpected(String),
    #[error("there is no `{0}` in this repository")]
    NotFound(String),
    #[error("{0}")]
    Refused(String),
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
}

/// Objects of a push that waits for its checks: git's own variables for them.
#[derive(Clone, Debug)]
pub struct Quarantine {
    /// `GIT_OBJECT_DIRECTORY` of the hook.
    pub objects: PathBuf,
    /// `GIT_ALTERNATE_OBJECT_DIRECTORIES` of the hook.
    pub alternates: PathBuf,
}

/// How long a call may take; pushes and fetches have their own limit.
const CALL_LIMIT: Duration = Duration::from_secs(120);

/// What a call answered, whatever its exit code.
pub(super) struct Answer {
    pub(super) code: Option<i32>,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: String,
}

/// One call.
pub(super) struct Call {
    command: Command,
    shown: String,
    stdin: Option<Vec<u8>>,
}

/// `git` with an environment in which only the repository's own configuration counts.
pub(crate) fn base_command() -> Command {
    let mut command = Command::new("git");
    command.env_clear();
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
        .env("LC_ALL", "C")
        .env("HOME", "/nonexistent")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ADVICE", "0")
        // `refs/replace` would give any commit another content, and with it void every rule about what a branch holds.
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        // The data directory may belong to another account than the process; it is the server's all the same.
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "safe.directory")
        .env("GIT_CONFIG_VALUE_0", "*")
        .kill_on_drop(true);
    command
}

/// How a call is shown in errors.
pub(crate) fn command_line<S: AsRef<OsStr>>(args: &[S]) -> String {
    let shown: Vec<_> = args.iter().map(|arg| arg.as_ref().to_string_lossy()).collect();
    let mut line = shown.join(" ");
    if let Some((cut, _)) = line.char_indices().nth(160) {
        line.truncate(cut);
    }
    line
}

impl Repo {
    pub(super) fn call<S: AsRef<OsStr>>(&self, args: &[S]) -> Call {
        let mut command = base_command();
        command.arg("--git-dir").arg(self.dir()).args(args);
        if let Some(quarantine) = &self.quarantine {
            command
                .env("GIT_OBJECT_DIRECTORY", &quarantine.objects)
                .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", &quarantine.alternates);
        }
        Call { command, shown: command_line(args), stdin: None }
    }
}

impl Call {
    /// What git reads.
    pub(super) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Call {
        self.stdin = Some(bytes.into());
        self
    }

    pub(super) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Call {
        self.command.env(name, value);
        self
    }

    /// Lets a file take what git says: whoever has it open (git and all it starts) holds the file's lock.
    pub(super) fn held_by(mut self, lock: Option<&std::fs::File>) -> Result<Call, GitError> {
        if let Some(lock) = lock {
            self.command.stderr(Stdio::from(lock.try_clone().map_err(GitError::Spawn)?));
        } else {
            self.command.stderr(Stdio::piped());
        }
        Ok(self)
    }

    /// Runs it to its end.
    pub(super) async fn answer(self) -> Result<Answer, GitError> {
        self.held_by(None)?.finish().await
    }

    /// As [`Call::answer`], with the standard error as it was set.
    pub(super) async fn finish(mut self) -> Result<Answer, GitError> {
        self.command.stdin(if self.stdin.is_some() { Stdio::piped() } else { Stdio::null() }).stdout(Stdio::piped());
        let mut child = self.command.spawn().map_err(GitError::Spawn)?;
        let (pipe, bytes) = (child.stdin.take(), self.stdin.take());
        let feeding = async move {
            if let (Some(mut pipe), Some(bytes)) = (pipe, bytes) {
                // A git that stops reading early answers with its exit code; a broken pipe is no news.
                let _ = pipe.write_all(&bytes).await;
            }
        };
        let waiting = async { tokio::join!(feeding, child.wait_with_output()).1 };
        let output = match tokio::time::timeout(CALL_LIMIT, waiting).await {
            Ok(output) => output.map_err(GitError::Spawn)?,
            Err(_) => return Err(GitError::TimedOut { command: self.shown, limit: CALL_LIMIT }),
        };
        let stderr = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Ok(Answer { code: output.status.code(), stdout: output.stdout, stderr })
    }

    /// Starts it, its output to be read piece by piece.
    pub(super) fn spawn(mut self) -> Result<tokio::process::Child, GitError> {
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        self.command.spawn().map_err(GitError::Spawn)
    }

    /// Runs it; a failure is an error.
    pub(super) async fn run(self) -> Result<Vec<u8>, GitError> {
        let command = self.shown.clone();
        let answer = self.answer().await?;
        if answer.code == Some(0) {
            return Ok(answer.stdout);
        }
        Err(GitError::Failed { command, code: answer.code, stderr: answer.stderr })
    }

    /// Runs it; the output as text without the last line end.
    pub(super) async fn line(self) -> Result<String, GitError> {
        let out = self.run().await?;
        Ok(String::from_utf8_lossy(&out).trim_end_matches('\n').to_owned())
    }

    pub(super) fn shown(&self) -> String {
        self.shown.clone()
    }
}

impl Answer {
    /// The answer as an error.
    pub(super) fn failed(self, command: String) -> GitError {
        GitError::Failed { command, code: self.code, stderr: self.stderr }
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).trim_end_matches('\n').to_owned()
    }
}

/// An error about a path.
pub(crate) fn io_error(path: &Path) -> impl FnOnce(std::io::Error) -> GitError + use<> {
    let path = path.to_owned();
    move |source| GitError::Io { path, source }
}
