//! `persist-credentials`: a file in `RUNNER_TEMP` that the job's repository includes.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use super::Place;
use crate::{GitError, Token};

/// Writes the file and makes the repository include it. Returns the file.
pub(super) fn persist(
    place: &Place<'_>,
    token: &Token,
    server_url: &str,
    here: &Path,
    in_job: &Path,
) -> Result<PathBuf, GitError> {
    let name = format!("git-credentials-{:016x}{:016x}.config", fastrand::u64(..), fastrand::u64(..));
    let file = here.join(&name);
    let text = format!("[http \"{}/\"]\n\textraheader = {}\n", server_url.trim_end_matches('/'), token.header());
    let write = || {
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file)?;
        file.write_all(text.as_bytes())
    };
    write().map_err(GitError::io("cannot write", &file))?;
    let config = place.host_of(".git/config")?;
    let include = format!("[include]\n\tpath = \"{}\"\n", in_job.join(&name).display());
    let append = || -> io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let config = rustix::fs::open(&config, flags, Mode::empty())?;
        File::from(config).write_all(include.as_bytes())
    };
    append().map_err(GitError::io("cannot write", &config))?;
    Ok(file)
}
