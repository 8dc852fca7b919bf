//! Why a job failed: the first failure that counts.

use std::path::PathBuf;

/// What a failed step leaves for the closing table and for a shell.
#[derive(Clone, Debug, Default)]
pub(crate) struct Blame {
    /// The line that says why.
    pub(crate) line: Option<String>,
    /// Where its last process ran.
    pub(crate) place: Option<Place>,
}

/// Environment and directory of a process.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) env: Vec<(String, String)>,
    pub(crate) cwd: PathBuf,
}

impl Blame {
    /// Takes over what is not known yet: the first failure stays.
    pub(crate) fn or(&mut self, later: Blame) {
        if self.line.is_none() && self.place.is_none() {
            *self = later;
        }
    }
}
