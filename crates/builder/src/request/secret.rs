use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// A secret of a build. Its value is never part of a layer, a log, a key of the cache or `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// The value itself.
    Value(Arc<[u8]>),
    /// What a file holds when the build begins.
    File(PathBuf),
    /// What a variable of this process holds.
    Env(String),
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(_) => f.write_str("Value(***)"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Env(name) => f.debug_tuple("Env").field(name).finish(),
        }
    }
}

/// An agent that `RUN --mount=type=ssh` talks to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SshAgent {
    /// The socket of a running agent.
    Socket(PathBuf),
    /// Private keys; an agent is started for the build.
    Keys(Vec<PathBuf>),
}
