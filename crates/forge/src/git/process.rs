//! Running `git` on the server.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use super::stream::{self, Pace};
use super::{Repo, share};

/// What went wrong with git.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("git could not be started: {0}")]
    Spawn(#[source] std::io::Error),
    #[error("git {command}: {}", .stderr.lines().next().unwrap_or("failed without a word"))]
    Failed { command: String, code: Option<i32>, stderr: String },
    #[error("git {command} took more than {} s and was ended", .limit.as_secs())]
    TimedOut { command: String, limit: Duration },
    /// More than is taken: a tree, a difference, a list of refs that no client could use.
    #[error("git {command} has more to say than the {most} bytes that are taken")]
    TooMuch { command: String, most: usize },
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

/// What one call may say, unless it is asked for less or more.
const MOST_OUTPUT: usize = 64 << 20;
/// Bytes of complaints that are kept.
const MOST_STDERR: usize = 64 << 10;
/// Bytes one call may keep in memory: it lays out a difference or a tree before it says a word of it.
const MOST_MEMORY: u64 = 2 << 30;

/// What a call answered, whatever its exit code.
pub(super) struct Answer {
    pub(super) code: Option<i32>,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: String,
}

/// One call.
pub(super) struct Call {
    dir: Arc<Path>,
    command: Command,
    shown: String,
    stdin: Option<Vec<u8>>,
    most: usize,
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
        // Paths are paths: `:(exclude)x` is a file of that name.
        .env("GIT_LITERAL_PATHSPECS", "1")
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
        Call { dir: self.dir.clone(), command, shown: command_line(args), stdin: None, most: MOST_OUTPUT }
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

    /// Takes at most so many bytes of output; [`Call::run`] fails beyond them, [`Call::cut`] cuts.
    pub(super) fn at_most(mut self, bytes: usize) -> Call {
        self.most = bytes;
        self
    }

    /// As [`Call::answer`], with the standard error as it was set.
    pub(super) async fn finish(self) -> Result<Answer, GitError> {
        let (command, most) = (self.shown.clone(), self.most);
        match self.read().await? {
            (_, true) => Err(GitError::TooMuch { command, most }),
            (answer, false) => Ok(answer),
        }
    }

    /// Runs it until it ends or has said more than is taken, which is cut off then: the answer, and whether it was cut.
    async fn read(mut self) -> Result<(Answer, bool), GitError> {
        self.command.stdin(if self.stdin.is_some() { Stdio::piped() } else { Stdio::null() }).stdout(Stdio::piped());
        let _place = share::CALLS.place(&self.dir).await;
        let mut child = self.command.spawn().map_err(GitError::Spawn)?;
        bound_memory(&child);
        let (pipe, bytes, most) = (child.stdin.take(), self.stdin.take(), self.most);
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let feeding = async move {
            if let (Some(mut pipe), Some(bytes)) = (pipe, bytes) {
                // A git that stops reading early answers with its exit code; a broken pipe is no news.
                let _ = pipe.write_all(&bytes).await;
            }
        };
        let complaining = async move {
            match stderr {
                Some(stderr) => first(stderr, MOST_STDERR).await,
                None => Ok(Vec::new()),
            }
        };
        let pid = pid(&child);
        let listening = async move {
            let mut said = Vec::new();
            if let Some(stdout) = stdout {
                stdout.take(most as u64 + 1).read_to_end(&mut said).await?;
            }
            let cut = said.len() > most;
            if cut {
                said.truncate(most);
                // Its other pipes end with it. Nobody has waited for it yet, so the number is still its own.
                if let Some(pid) = pid {
                    let _ = kill_process(pid, Signal::KILL);
                }
            }
            Ok::<_, std::io::Error>((said, cut))
        };
        let running = async {
            let ((), said, complaints) = tokio::join!(feeding, listening, complaining);
            let (said, cut) = said?;
            Ok::<_, std::io::Error>((said, cut, complaints?, child.wait().await?))
        };
        let (stdout, cut, complaints, status) = match tokio::time::timeout(CALL_LIMIT, running).await {
            Ok(output) => output.map_err(GitError::Spawn)?,
            Err(_) => return Err(GitError::TimedOut { command: self.shown, limit: CALL_LIMIT }),
        };
        let stderr = String::from_utf8_lossy(&complaints).trim().to_owned();
        if !status.success() && stderr.to_ascii_lowercase().contains("out of memory") {
            return Err(GitError::TooMuch { command: self.shown, most });
        }
        Ok((Answer { code: status.code(), stdout, stderr }, cut))
    }

    /// Runs it; what it says up to the bound, and whether that was not all. A failure is an error.
    pub(super) async fn cut(self) -> Result<(Vec<u8>, bool), GitError> {
        let command = self.shown.clone();
        let (answer, cut) = self.held_by(None)?.read().await?;
        if cut || answer.code == Some(0) { Ok((answer.stdout, cut)) } else { Err(answer.failed(command)) }
    }

    /// Starts it; its output as the body of an answer.
    pub(super) async fn stream(mut self, pace: Pace) -> Result<axum::body::Body, GitError> {
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let place = share::STREAMS.place(&self.dir).await;
        let mut child = self.command.spawn().map_err(GitError::Spawn)?;
        bound_memory(&child);
        let stdout = child.stdout.take().ok_or_else(|| GitError::Unexpected("it has no pipes".to_owned()))?;
        Ok(stream::stream(child, stdout, pace, place))
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

/// Everything is read, so that the writer is never held up; the first bytes are kept.
async fn first(mut from: impl tokio::io::AsyncRead + Unpin, most: usize) -> std::io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    let mut buffer = vec![0; 8 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return Ok(kept);
        }
        let room = most - kept.len();
        kept.extend_from_slice(&buffer[..read.min(room)]);
    }
}

fn pid(child: &tokio::process::Child) -> Option<Pid> {
    child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?))
}

/// A git that lays out millions of files ends for want of memory, not the server.
fn bound_memory(child: &tokio::process::Child) {
    if let Some(pid) = pid(child) {
        // What is mapped from packs does not count, only what is its own. One that has ended already needs no bound.
        let most = Rlimit { current: Some(MOST_MEMORY), maximum: Some(MOST_MEMORY) };
        let _ = prlimit(Some(pid), Resource::Data, most);
    }
}

/// An error about a path.
pub(crate) fn io_error(path: &Path) -> impl FnOnce(std::io::Error) -> GitError + use<> {
    let path = path.to_owned();
    move |source| GitError::Io { path, source }
}
