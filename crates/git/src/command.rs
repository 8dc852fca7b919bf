//! Running `git`.

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::GitError;

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
}

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
        Git {
            command,
            shown: String::new(),
            stdin: None,
        }
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
        self.command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        self.command
            .spawn()
            .map_err(|source| GitError::Spawn { source })
    }

    /// Runs it to its end.
    pub(crate) fn answer(mut self) -> Result<Answer, GitError> {
        self.command.stdin(if self.stdin.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        });
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self
            .command
            .spawn()
            .map_err(|source| GitError::Spawn { source })?;
        let (pipe, bytes) = (child.stdin.take(), self.stdin.take());
        let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        std::thread::scope(|scope| {
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
        Ok(Answer {
            code: status.code(),
            stdout,
            stderr: String::from_utf8_lossy(&stderr).trim().to_owned(),
        })
    }

    /// Runs it; a failure is an error.
    pub(crate) fn run(self) -> Result<Vec<u8>, GitError> {
        let command = self.shown();
        let answer = self.answer()?;
        if answer.code == Some(0) {
            return Ok(answer.stdout);
        }
        Err(GitError::Failed {
            command,
            code: answer.code,
            stderr: answer.stderr,
        })
    }

    /// Runs it; the output as text without the last line end.
    pub(crate) fn line(self) -> Result<String, GitError> {
        let out = self.run()?;
        Ok(String::from_utf8_lossy(&out)
            .trim_end_matches('\n')
            .to_owned())
    }
}
