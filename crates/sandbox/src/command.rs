//! What to run inside.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use crate::Capability;

/// Numbers inside the sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct User {
    pub uid: u32,
    pub gid: u32,
    /// Supplementary groups.
    pub groups: Vec<u32>,
}

/// One process to start. Nothing is inherited: the environment is exactly `env`.
#[derive(Debug)]
pub struct Command {
    /// Program and arguments. A program without a slash is searched on `PATH` of `env`, inside the sandbox.
    pub argv: Vec<OsString>,
    /// Exact environment, in order.
    pub env: Vec<(OsString, OsString)>,
    /// Working directory, a path inside the sandbox.
    pub cwd: PathBuf,
    /// `None` is `/dev/null`, here and below.
    pub stdin: Option<OwnedFd>,
    pub stdout: Option<OwnedFd>,
    pub stderr: Option<OwnedFd>,
    /// Whom it runs as; `None` is the sandbox's root, or the host's user outside images.
    pub user: Option<User>,
    /// Capabilities of this process instead of those of the sandbox's confinement (`docker exec --privileged`).
    pub capabilities: Option<BTreeSet<Capability>>,
    /// Start a session (`setsid`); otherwise the process leads a process group of its own.
    pub new_session: bool,
    /// Make stdin, a pty made by the caller, the controlling terminal. Implies a new session.
    pub controlling_tty: bool,
}

impl Command {
    /// A command with an empty environment, in `/`, in a session of its own.
    pub fn new<I, S>(argv: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: Into<OsString>,
    {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            env: Vec::new(),
            cwd: PathBuf::from("/"),
            stdin: None,
            stdout: None,
            stderr: None,
            user: None,
            capabilities: None,
            new_session: true,
            controlling_tty: false,
        }
    }
}
