//! Everything that can go wrong, as the caller sees it.

use std::io;
use std::path::PathBuf;

/// What failed. Messages name the path or program concerned and never hold environment values.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The helper process that makes sandboxes could not be started.
    #[error("the sandbox helper could not be started: {0}")]
    Start(#[source] io::Error),
    /// The helper, or the sandbox's init, ended while it was needed.
    #[error("the sandbox's init has ended")]
    Gone,
    /// One step of making a sandbox failed.
    #[error("the sandbox could not be set up: {step}: {source}")]
    Setup { step: String, source: io::Error },
    /// No such program, neither as a path nor on the given `PATH`.
    #[error("{program}: no such program{}", if *.searched { " on PATH" } else { "" })]
    ProgramNotFound { program: String, searched: bool },
    /// The program is there, but what its first line or ELF header asks for is not.
    #[error("{program}: the interpreter it names does not exist")]
    InterpreterNotFound { program: String },
    /// The program is there, but must not or cannot be executed.
    #[error("{program}: cannot be executed: {source}")]
    NotExecutable { program: String, source: io::Error },
    /// The working directory does not exist or cannot be entered.
    #[error("working directory {}: {source}", path.display())]
    WorkingDirectory { path: PathBuf, source: io::Error },
    /// The user does not exist inside, or may not be become.
    #[error("{program}: cannot run as {uid}:{gid}: {source}{}", if *.mapped { "" } else { ", only root exists in this sandbox" })]
    User { program: String, uid: u32, gid: u32, mapped: bool, source: io::Error },
    /// A limit or a capability could not be set.
    #[error("{program}: its {what} could not be set: {source}")]
    Confinement { program: String, what: &'static str, source: io::Error },
    /// What the specification asks for contradicts itself or is not allowed.
    #[error("{0}")]
    Invalid(String),
    /// The private network, or a part of it, could not be made.
    #[error("network: {what}: {source}")]
    Network { what: String, source: io::Error },
    /// A process could not be made for another reason, such as a limit on processes.
    #[error("{program}: cannot be started: {source}")]
    Spawn { program: String, source: io::Error },
    /// A mount made after the start failed.
    #[error("{} could not be mounted: {source}", target.display())]
    Mount { target: PathBuf, source: io::Error },
    /// The placement or mode cannot do this; the sentence says what.
    #[error("{0}")]
    Unsupported(String),
    /// A path was not absolute, or not where the contract wants it.
    #[error("{}: {why}", path.display())]
    Path { path: PathBuf, why: &'static str },
    /// The caller's side of the work failed: state directories, sockets.
    #[error("{what}: {source}")]
    Io { what: String, source: io::Error },
}
