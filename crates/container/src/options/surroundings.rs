//! What options refer to outside themselves.

use std::io;

/// The environment and files of whoever gave the options: `-e NAME` and `--env-file`.
pub struct Surroundings<'a> {
    /// The value of a variable.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// The content of a file, by the path as written.
    pub file: &'a dyn Fn(&str) -> io::Result<Vec<u8>>,
}

impl Surroundings<'static> {
    /// Neither variables nor files.
    pub fn none() -> Self {
        Self { env: &|_| None, file: &|_| Err(io::Error::new(io::ErrorKind::NotFound, "no files can be named here")) }
    }
}

impl std::fmt::Debug for Surroundings<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Surroundings").finish_non_exhaustive()
    }
}
