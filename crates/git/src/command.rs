//! Running `git`.

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::{Cancel, GitError};

/// Variables through which a caller (a hook, a step) could make git look elsewhere.
const FOREIGN: &[&str] = &[
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_LITERAL_PATHSPECS",
    "GIT_ATTR_SOURCE",
    "GIT_EXTERNAL_DIFF",
    "GIT_DIFF_OPTS",
    "GIT_TRACE",
];

/// One git process.
pub(crate) struct Git {
    command: Command,
    shown: String,
    stdin: Option<Vec<u8>>,
    watch: Option<Watch>,
}

/// How a git process that talks to a server is ended.
struct Watch {
    cancel: Cancel,
    /// It and what it starts are a process group.
    own_group: bool,
}

/// How often a running git is looked after.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What git answered, whatever its exit code.
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Git {
    /// A git process without a repository; stands in `dir`.
    pub(crate) fn new(dir: &Path) -> Git {
        let mut command = Command::new("git");
        command.current_dir(dir);
        for name in FOREIGN {
            command.env_remove(name);
        }
        command
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GCM_INTERACTIVE", "Never");
        Git { command, shown: String::new(), stdin: None, watch: None }
    }

    /// Lets the [`Cancel`] of the work that this thread does end it: it talks to `url`.
    pub(crate) fn cancellable(mut self, url: &str) -> Git {
        if let Some(cancel) = Cancel::current() {
            // ssh may ask for a passphrase; outside the terminal's own group it would be stopped for that.
            let own_group = url.starts_with("http://") || url.starts_with("https://");
            if own_group {
                self.command.process_group(0);
            }
            self.watch = Some(Watch { cancel, own_group });
        }
        self
    }

    /// Adds an argument; shown in errors.
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Git {
        if self.shown.len() < 200 {
            if !self.shown.is_empty() {
                self.shown.push(' ');
            }
            self.shown.push_str(&arg.as_ref().to_string_lossy());
        }
        self.command.arg(arg);
        self
    }

    /// Adds arguments.
    pub(crate) fn args<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(self, args: I) -> Git {
        args.into_iter().fold(self, Git::arg)
    }

    /// Adds options that only make the call behave, left out of errors.
    pub(crate) fn quiet_args<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(mut self, args: I) -> Git {
        self.command.args(args);
        self
    }

    /// Sets a variable; never shown.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Git {
        self.command.env(name, value);
        self
    }

    /// Sets variables.
    pub(crate) fn envs(mut self, vars: &[(&'static str, OsString)]) -> Git {
        for (name, value) in vars {
            self.command.env(name, value);
        }
        self
    }

    /// What git reads from its standard input.
    pub(crate) fn stdin(mut self, bytes: Vec<u8>) -> Git {
        self.stdin = Some(bytes);
        self
    }

    /// The arguments, for errors.
    pub(crate) fn shown(&self) -> String {
        self.shown.clone()
    }

    /// Starts it with piped input and output, for a conversation.
    pub(crate) fn converse(mut self) -> Result<std::process::Child, GitError> {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        self.command.spawn().map_err(|source| GitError::Spawn { source })
    }

    /// Runs it to its end.
    pub(crate) fn answer(mut self) -> Result<Answer, GitError> {
        if let Some(watch) = &self.watch {
            watch.cancel.check()?;
        }
        self.command.stdin(if self.stdin.is_some() { Stdio::piped() } else { Stdio::null() });
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().map_err(|source| GitError::Spawn { source })?;
        let (pipe, bytes) = (child.stdin.take(), self.stdin.take());
        let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let pid = Pid::from_child(&child);
        std::thread::scope(|scope| {
            // Ends with this closure.
            let (_running, ended) = channel::<()>();
            if let Some(watch) = &self.watch {
                scope.spawn(move || watch.look_after(pid, &ended));
            }
            if let (Some(mut pipe), Some(bytes)) = (pipe, bytes) {
                // A git that stops reading early answers with its exit code; a broken pipe is no news.
                scope.spawn(move || drop(pipe.write_all(&bytes)));
            }
            if let Some(err) = err.as_mut() {
                let stderr = &mut stderr;
                scope.spawn(move || drop(err.take(64 * 1024).read_to_end(stderr)));
            }
            if let Some(out) = out.as_mut() {
                drop(out.read_to_end(&mut stdout));
            }
        });
        drop(err);
        let status = child.wait().map_err(|source| GitError::Spawn { source })?;
        if let Some(watch) = self.watch.filter(|_| !status.success()) {
            watch.cancel.check()?;
        }
        Ok(Answer { code: status.code(), stdout, stderr: String::from_utf8_lossy(&stderr).trim().to_owned() })
    }

    /// Runs it; a failure is an error.
    pub(crate) fn run(self) -> Result<Vec<u8>, GitError> {
        let command = self.shown();
        let answer = self.answer()?;
        if answer.code == Some(0) {
            return Ok(answer.stdout);
        }
        Err(GitError::Failed { command, code: answer.code, stderr: answer.stderr })
    }

    /// Runs it; the output as text without the last line end.
    pub(crate) fn line(self) -> Result<String, GitError> {
        let out = self.run()?;
        Ok(String::from_utf8_lossy(&out).trim_end_matches('\n').to_owned())
    }
}

impl Watch {
    /// Until the process has ended. It is not waited for meanwhile, so its number stays its own.
    fn look_after(&self, pid: Pid, ended: &Receiver<()>) {
        while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(LOOK_EVERY) {
            if !self.cancel.is_cancelled() {
                continue;
            }
            // What has ended already needs no signal.
            if self.own_group {
                let _ = kill_process_group(pid, Signal::KILL);
            } else {
                kill_tree(pid);
            }
            return;
        }
    }
}

/// Ends a process and what it has started.
fn kill_tree(pid: Pid) {
    let number = pid.as_raw_nonzero();
    let children = std::fs::read_to_string(format!("/proc/{number}/task/{number}/children"));
    let _ = kill_process(pid, Signal::KILL);
    for child in children.unwrap_or_default().split_whitespace() {
        if let Some(child) = child.parse().ok().and_then(Pid::from_raw) {
            kill_tree(child);
        }
    }
}
