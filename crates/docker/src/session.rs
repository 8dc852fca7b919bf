//! One call of the command.

use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use container::{Root, Surroundings};
use image::auth::{Environment, Keychain};
use rustix::fs::OFlags;
use tokio::sync::mpsc;

use crate::failure::{Failure, cause};
use crate::ground::Ground;
use crate::wire::{FromClient, FromServer, Hello};

/// A call: what was asked, where answers go, and what the command stands on.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) ground: Arc<Ground>,
    pub(crate) hello: Hello,
    pub(crate) stdin: Arc<OwnedFd>,
    stdout: Arc<OwnedFd>,
    stderr: Arc<OwnedFd>,
    pub(crate) from_client: tokio::sync::Mutex<mpsc::Receiver<FromClient>>,
    pub(crate) to_client: mpsc::Sender<FromServer>,
    /// Open files whose paths (`/proc/self/fd/…`) were handed out.
    held: Mutex<Vec<OwnedFd>>,
}

impl Session {
    pub(crate) fn new(
        ground: Arc<Ground>,
        hello: Hello,
        [stdin, stdout, stderr]: [OwnedFd; 3],
        from_client: mpsc::Receiver<FromClient>,
        to_client: mpsc::Sender<FromServer>,
    ) -> Self {
        Self {
            ground,
            hello,
            stdin: Arc::new(stdin),
            stdout: Arc::new(stdout),
            stderr: Arc::new(stderr),
            from_client: tokio::sync::Mutex::new(from_client),
            to_client,
            held: Mutex::default(),
        }
    }

    /// Writes to the standard output. That nobody reads it is no failure.
    pub(crate) async fn out(&self, text: impl Into<Vec<u8>>) {
        write(Arc::clone(&self.stdout), text.into()).await;
    }

    /// Writes to the standard error.
    pub(crate) async fn err(&self, text: impl Into<Vec<u8>>) {
        write(Arc::clone(&self.stderr), text.into()).await;
    }

    /// A line on the standard output.
    pub(crate) async fn line(&self, text: impl AsRef<str>) {
        self.out(format!("{}\n", text.as_ref())).await;
    }

    pub(crate) fn env(&self, name: &str) -> Option<String> {
        self.hello.env.get(name).filter(|value| !value.is_empty()).cloned()
    }

    /// Copies of the call's streams, to be connected to a process.
    pub(crate) fn streams(&self, stdin: bool) -> io::Result<container::Streams> {
        Ok(container::Streams {
            stdin: if stdin { Some(self.stdin.try_clone()?) } else { None },
            stdout: Some(self.stdout.try_clone()?),
            stderr: Some(self.stderr.try_clone()?),
        })
    }

    /// A path of the caller made absolute, by name alone.
    pub(crate) fn absolute(&self, path: &str) -> PathBuf {
        let mut absolute = PathBuf::from("/");
        for part in Path::new(&self.hello.cwd).join(path).components() {
            match part {
                Component::Normal(name) => absolute.push(name),
                Component::ParentDir => {
                    absolute.pop();
                }
                _ => {}
            }
        }
        absolute
    }

    /// The root below which the caller's paths lie.
    pub(crate) fn root(&self) -> io::Result<Root> {
        match &self.ground.sandbox {
            Some(sandbox) => Root::open(&sandbox.host_path(Path::new("/"))),
            None => Root::open(Path::new("/")),
        }
    }

    /// Opens a file of the caller.
    pub(crate) fn open(&self, path: &str, flags: OFlags) -> io::Result<OwnedFd> {
        self.root()?.file(&self.absolute(path), flags)
    }

    /// Creates or empties a file of the caller.
    pub(crate) fn create(&self, path: &str) -> Result<std::fs::File, Failure> {
        let wrong = |error: io::Error| Failure::new(format!("open {path}: {}", cause(&error)));
        let absolute = self.absolute(path);
        let root = self.root().map_err(wrong)?;
        if let Ok(known) = root.file(&absolute, OFlags::WRONLY | OFlags::TRUNC | OFlags::NONBLOCK) {
            return Ok(known.into());
        }
        let (dir, name) = root.parent(&absolute).map_err(wrong)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&dir, name, flags, rustix::fs::Mode::from_raw_mode(0o644));
        Ok(file.map_err(|errno| wrong(errno.into()))?.into())
    }

    /// A path on the host that means a file or directory of the caller for as long as this call lasts, whatever links the job
    /// puts in its way.
    pub(crate) fn host_path(&self, path: &str) -> Result<PathBuf, String> {
        let absolute = self.absolute(path);
        if self.ground.sandbox.is_none() {
            return Ok(absolute);
        }
        let file = self.root().and_then(|root| root.file(&absolute, OFlags::PATH));
        let file = file.map_err(|error| format!("{path}: {error}"))?;
        let host = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
        self.held.lock().unwrap_or_else(PoisonError::into_inner).push(file);
        Ok(host)
    }

    /// A path on the host for a file that is to be made: its directory as [`Session::host_path`] has it, and its name.
    pub(crate) fn new_path(&self, path: &str) -> Result<PathBuf, String> {
        let absolute = self.absolute(path);
        if self.ground.sandbox.is_none() {
            return Ok(absolute);
        }
        let name = absolute.file_name().ok_or_else(|| format!("{path}: it has no name"))?.to_owned();
        let above = absolute.parent().unwrap_or(Path::new("/")).to_string_lossy().into_owned();
        Ok(self.host_path(&above)?.join(name))
    }

    /// Reads the caller's variables and files for options.
    pub(crate) fn with_surroundings<T>(&self, work: impl FnOnce(&Surroundings<'_>) -> T) -> T {
        let env = |name: &str| self.hello.env.get(name).cloned();
        let file = |path: &str| {
            let opened = match path {
                "-" => self.stdin.try_clone()?,
                path => self.open(path, OFlags::RDONLY | OFlags::NONBLOCK)?,
            };
            let mut bytes = Vec::new();
            io::Read::read_to_end(&mut io::Read::take(std::fs::File::from(opened), 16 << 20), &mut bytes)?;
            Ok(bytes)
        };
        work(&Surroundings { env: &env, file: &file })
    }

    /// The job's credentials: its docker configuration. Credential helpers are not run, since they would run outside of the
    /// job.
    pub(crate) fn keychain(&self, for_writing: bool) -> Result<Keychain, Failure> {
        let home = || format!("{}/.docker", self.env("HOME").unwrap_or_else(|| "/root".into()));
        let directory = self.env("DOCKER_CONFIG").unwrap_or_else(home);
        if for_writing {
            let made = self.root().and_then(|root| root.make_dirs(&self.absolute(&directory), None));
            made.map_err(|error| Failure::new(format!("{directory}: {error}")))?;
        }
        let environment: Environment = std::iter::empty::<(String, String)>().collect();
        match self.host_path(&directory) {
            Ok(host) => Ok(Keychain::in_directory(&host, environment)),
            Err(_) => Ok(Keychain::empty()),
        }
    }

    pub(crate) fn client(&self) -> Result<image::client::Client, Failure> {
        self.ground.client_with(self.keychain(false)?)
    }

    /// Reads all of the standard input, up to 16 MiB.
    pub(crate) async fn read_input(&self) -> io::Result<Vec<u8>> {
        let stdin = self.stdin.try_clone()?;
        let read = move || {
            let mut bytes = Vec::new();
            io::Read::read_to_end(&mut io::Read::take(std::fs::File::from(stdin), 16 << 20), &mut bytes)?;
            Ok(bytes)
        };
        tokio::task::spawn_blocking(read).await.unwrap_or_else(|_| Err(io::ErrorKind::Interrupted.into()))
    }
}

async fn write(file: Arc<OwnedFd>, text: Vec<u8>) {
    let write = move || {
        let mut rest = text.as_slice();
        while !rest.is_empty() {
            match rustix::io::write(&file, rest) {
                Ok(count) => rest = &rest[count..],
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => {
                    let mut wait = [rustix::event::PollFd::new(&file, rustix::event::PollFlags::OUT)];
                    if rustix::event::poll(&mut wait, None).is_err() {
                        return;
                    }
                }
                Err(_) => return,
            }
        }
    };
    let _ = tokio::task::spawn_blocking(write).await;
}

/// Runs what blocks.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(Failure::new("interrupted")))
}
