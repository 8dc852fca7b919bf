//! How the command fails: what is told, and the exit code. The table stands in `docs/reference/exit-codes.md`.

use std::fmt;

/// The exit code when every job succeeded.
pub(crate) const SUCCESS: u8 = 0;

/// A failure at the edge of the program. Rendered by its `Display`: one or more lines without a line end.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The run ended and a job failed. It has been told by the reporter: nothing more is to be printed.
    JobsFailed,
    /// Arguments that make no sense together, or name something of the wrong form.
    Usage(Problem),
    /// A workflow, action, event or configuration file is not valid. `report` holds rendered diagnostics.
    Invalid { report: String },
    /// Something that is needed is not there: an action, a tool, a secret, an input, a job, a run.
    Missing(Problem),
    /// Trunkline itself or the machine failed: disk full, no permission, a kernel that refuses.
    Broken(Problem),
    /// Stopped by the user or by a signal.
    Cancelled,
}

/// What went wrong and what to do about it.
#[derive(Debug, Default)]
pub(crate) struct Problem {
    pub(crate) message: String,
    /// Each a line of its own: `hint: …`
    pub(crate) hints: Vec<String>,
}

impl Problem {
    pub(crate) fn new(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), hints: Vec::new() }
    }
}

impl Failure {
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self::Usage(Problem::new(message))
    }

    pub(crate) fn invalid(report: impl Into<String>) -> Self {
        Self::Invalid { report: report.into() }
    }

    pub(crate) fn missing(message: impl fmt::Display) -> Self {
        Self::Missing(Problem::new(message))
    }

    /// An error of the machine's or ours, with all its causes.
    pub(crate) fn broken(error: impl fmt::Display) -> Self {
        Self::Broken(Problem::new(error))
    }

    /// Adds a hint where there is place for one.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl fmt::Display) -> Self {
        if let Self::Usage(problem) | Self::Missing(problem) | Self::Broken(problem) = &mut self {
            problem.hints.push(hint.to_string());
        }
        self
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::JobsFailed => 1,
            Self::Usage(_) => 2,
            Self::Invalid { .. } => 3,
            Self::Missing(_) => 4,
            Self::Broken(_) => 5,
            Self::Cancelled => 130,
        }
    }

    /// Whether there is something to print at all.
    pub(crate) fn is_told(&self) -> bool {
        matches!(self, Self::JobsFailed | Self::Cancelled)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::JobsFailed => f.write_str("a job failed"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::Invalid { report } => f.write_str(report.trim_end()),
            Self::Usage(problem) | Self::Missing(problem) | Self::Broken(problem) => {
                write!(f, "error: {}", problem.message)?;
                problem.hints.iter().try_for_each(|hint| write!(f, "\n  hint: {hint}"))
            }
        }
    }
}

impl std::error::Error for Failure {}

impl From<crate::dirs::DirsError> for Failure {
    fn from(error: crate::dirs::DirsError) -> Self {
        Self::broken(&error).hint(error.hint())
    }
}
