//! A way out for a normal user's network: slirp4netns, where it is installed.

use std::io::{self, Read as _, Seek as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Bytes of its complaints that are read.
const MOST_SAID: u64 = 4096;
/// The interface it makes in the network.
pub(super) const INTERFACE: &str = "tap0";

/// The running program. It ends when this, or the process that has it, does.
#[derive(Debug)]
pub(super) struct Slirp {
    child: Child,
    /// It ends when the other end is closed.
    exit: Option<OwnedFd>,
}

pub(super) fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join("slirp4netns")).find(|path| path.is_file())
}

impl Slirp {
    /// Starts it for the network of a process, and waits until it is ready. Blocks.
    pub(super) fn start(program: &std::path::Path, pid: i32) -> io::Result<Self> {
        let (exit_reader, exit) = io::pipe()?;
        let (mut ready, ready_writer) = io::pipe()?;
        let (exit_reader, ready_writer) = (OwnedFd::from(exit_reader), OwnedFd::from(ready_writer));
        // A file in memory: what it says later is of no interest, and must not end it.
        let said = rustix::fs::memfd_create(c"trunkline-slirp", rustix::fs::MemfdFlags::CLOEXEC)?;
        let mut said = std::fs::File::from(said);
        let inherited = [exit_reader.as_raw_fd(), ready_writer.as_raw_fd()];
        let mut command = Command::new(program);
        command
            .args(["--configure", "--mtu=1500", "--disable-host-loopback", "--netns-type=path"])
            .arg(format!("--userns-path=/proc/{pid}/ns/user"))
            .arg(format!("--exit-fd={}", exit_reader.as_raw_fd()))
            .arg(format!("--ready-fd={}", ready_writer.as_raw_fd()))
            .args([format!("/proc/{pid}/ns/net"), INTERFACE.to_owned()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said.try_clone()?);
        // SAFETY: a system call on numbers, allowed after fork; the descriptors are open until the program runs.
        unsafe {
            command.pre_exec(move || {
                for fd in inherited {
                    if libc::fcntl(fd, libc::F_SETFD, 0) < 0 {
                        return Err(io::Error::last_os_error());
                    }
                }
                Ok(())
            });
        }
        let mut child = command.spawn()?;
        drop((exit_reader, ready_writer));
        let mut told = Vec::new();
        ready.read_to_end(&mut told)?;
        if told.is_empty() {
            let _ = child.kill();
            let status = child.wait()?;
            let mut text = Vec::new();
            said.rewind()?;
            said.take(MOST_SAID).read_to_end(&mut text)?;
            let text = String::from_utf8_lossy(&text);
            let why = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
            return Err(io::Error::other(format!("{status}: {why}")));
        }
        Ok(Self { child, exit: Some(exit.into()) })
    }
}

impl Drop for Slirp {
    fn drop(&mut self) {
        self.exit = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
