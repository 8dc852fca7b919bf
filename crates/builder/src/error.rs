//! Everything that can stop a build.

use std::io;
use std::path::PathBuf;

/// Why a build failed. Messages never hold the values of secrets.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The Dockerfile has mistakes. `report` shows each with its line and column.
    #[error("{report}")]
    Dockerfile {
        /// Rendered diagnostics.
        report: String,
    },
    /// An instruction cannot be carried out; the report shows the file, the line and why.
    #[error("{report}")]
    Instruction {
        /// One line: what is wrong.
        message: String,
        /// The message with the place in the Dockerfile.
        report: String,
    },
    /// A `RUN` ended with another code than 0.
    #[error("{report}")]
    Run {
        /// The process's code, or 128 plus the signal that ended it.
        code: i32,
        /// The instruction, its place in the Dockerfile and the last lines of output.
        report: String,
    },
    /// What was asked for makes no sense: a platform, an output, a flag.
    #[error("{0}")]
    Request(String),
    /// The context, a named context or the Dockerfile could not be loaded.
    #[error("{what}: {why}")]
    Context {
        /// Which input.
        what: String,
        /// Why it could not be read.
        why: String,
    },
    /// An image that is needed could not be found, pulled or pushed.
    #[error("{reference}: {why}")]
    Image {
        /// The image's name.
        reference: String,
        /// Why.
        why: String,
    },
    /// The machine refused: a directory, a file, the disk.
    #[error("{what}: {source}")]
    Io {
        /// What was being done, to what.
        what: String,
        /// The system's answer.
        source: io::Error,
    },
    /// A sandbox for a `RUN` could not be made.
    #[error("no sandbox for RUN: {0}")]
    Sandbox(#[from] sandbox::Error),
    /// Something that was to be the work of one thread did not come to its end.
    #[error("the build was interrupted")]
    Interrupted,
    /// An output could not be written.
    #[error("{}: {source}", path.display())]
    Output {
        /// The file or directory.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

impl Error {
    /// An I/O error with what was being done.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// What is told where a step ends: the place in the Dockerfile is told once, when the build ends.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Instruction { message, .. } => message.clone(),
            other => other.to_string(),
        }
    }

    pub(crate) fn context(what: impl Into<String>, why: impl std::fmt::Display) -> Self {
        Self::Context { what: what.into(), why: why.to_string() }
    }
}
