//! Programs of the job: finding and running them.

use std::fs::{self, File};
use std::io::{Read, Seek};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output};

use sandbox::{Command, Sandbox};
use tokio_util::sync::CancellationToken;

use super::error::{Fault, Result};
use super::files::Files;

/// Where a program is that the job finds on its `PATH`, as the job names it.
pub(crate) fn find_program(files: Files<'_>, path: &str, name: &str) -> Option<PathBuf> {
    path.split(':').filter(|dir| dir.starts_with('/')).map(|dir| Path::new(dir).join(name)).find(|candidate| {
        let Ok(real) = files.resolve(candidate) else {
            return false;
        };
        fs::symlink_metadata(files.host(&real))
            .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    })
}

/// Runs a program to its end, its output captured.
pub(crate) async fn output(sandbox: &Sandbox, mut command: Command, cancel: &CancellationToken) -> Result<Output> {
    // Files, not pipes: a process left behind in the background would keep a pipe open.
    let (mut out, mut err) = (memory("stdout")?, memory("stderr")?);
    command.stdout = Some(duplicate(&out)?);
    command.stderr = Some(duplicate(&err)?);
    let process = sandbox.spawn(command).await?;
    let status = tokio::select! {
        status = process.wait() => status?,
        () = cancel.cancelled() => {
            process.kill_tree().await?;
            return Err(Fault::Cancelled);
        }
    };
    let raw = status.code.map_or(status.signal.unwrap_or(0), |code| (code & 0xff) << 8);
    Ok(Output { status: ExitStatus::from_raw(raw), stdout: all(&mut out)?, stderr: all(&mut err)? })
}

fn memory(name: &str) -> Result<File> {
    let made = rustix::fs::memfd_create(name, rustix::fs::MemfdFlags::CLOEXEC);
    made.map(File::from).map_err(|error| Fault::io("make a file in memory for", Path::new(name))(error.into()))
}

fn duplicate(file: &File) -> Result<OwnedFd> {
    file.try_clone().map(OwnedFd::from).map_err(Fault::io("duplicate", Path::new("output")))
}

fn all(file: &mut File) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = file.rewind().and_then(|()| file.read_to_end(&mut bytes));
    read.map_err(Fault::io("read", Path::new("output")))?;
    Ok(bytes)
}
