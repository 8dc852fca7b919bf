use std::fmt;

/// A broken rule, with its place.
pub(crate) struct Problem {
    pub(crate) file: String,
    /// From 1; 0 when it concerns the whole file.
    pub(crate) line: usize,
    pub(crate) message: String,
    /// Told, but does not fail the check.
    pub(crate) warning: bool,
}

impl Problem {
    pub(crate) fn new(file: impl Into<String>, line: usize, message: impl Into<String>) -> Problem {
        Problem { file: file.into(), line, message: message.into(), warning: false }
    }

    pub(crate) fn warning(file: impl Into<String>, line: usize, message: impl Into<String>) -> Problem {
        Problem { warning: true, ..Problem::new(file, line, message) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.warning { "warning: " } else { "" };
        match self.line {
            0 => write!(f, "{}: {kind}{}", self.file, self.message),
            line => write!(f, "{}:{line}: {kind}{}", self.file, self.message),
        }
    }
}
