//! What flows in and out of a process: pipes or a terminal, the log, and whoever is attached.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::OFlags;
use rustix::pipe::PipeFlags;
use tokio::io::AsyncReadExt as _;
use tokio::sync::{mpsc, oneshot};

use crate::log::{LogBook, Stream};

/// Open files of a caller that are connected to a process.
#[derive(Debug, Default)]
pub struct Streams {
    pub stdin: Option<OwnedFd>,
    pub stdout: Option<OwnedFd>,
    pub stderr: Option<OwnedFd>,
}

/// Where the output of a process goes.
#[derive(Debug, Default)]
pub(crate) struct Outlets {
    pub(crate) log: Option<LogBook>,
    sinks: Mutex<Vec<Sink>>,
}

/// A file of a caller: what it takes, and the way to the thread that writes it.
type Sink = (Stream, mpsc::Sender<Arc<[u8]>>);

/// Until everything has been written to an attached caller's files.
#[derive(Debug, Default)]
pub struct Attached {
    done: Vec<oneshot::Receiver<()>>,
}

impl Attached {
    /// Waits until the process's output has ended and was written, or could not be.
    pub async fn finished(self) {
        for done in self.done {
            let _ = done.await;
        }
    }
}

impl Outlets {
    pub(crate) fn new(log: Option<LogBook>) -> Self {
        Self { log, sinks: Mutex::default() }
    }

    /// Sends all further output to these files too. Each has a thread of its own: writing to them may block for as long as
    /// their reader likes, and the process is held up as it would be by a pipe.
    pub(crate) fn attach(&self, stdout: Option<OwnedFd>, stderr: Option<OwnedFd>) -> Attached {
        let mut attached = Attached::default();
        for (stream, file) in [(Stream::Out, stdout), (Stream::Err, stderr)] {
            let Some(file) = file else { continue };
            let (sender, mut receiver) = mpsc::channel::<Arc<[u8]>>(16);
            let (finish, done) = oneshot::channel();
            let write = move || {
                while let Some(bytes) = receiver.blocking_recv() {
                    if write_all(&file, &bytes).is_err() {
                        break;
                    }
                }
                // The file before the word that it is done.
                drop(file);
                let _ = finish.send(());
            };
            if std::thread::Builder::new().name("attached".into()).spawn(write).is_ok() {
                self.sinks.lock().unwrap_or_else(PoisonError::into_inner).push((stream, sender));
                attached.done.push(done);
            }
        }
        attached
    }

    /// Lets those attached go.
    pub(crate) fn detach_all(&self) {
        self.sinks.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    async fn put(&self, stream: Stream, bytes: &[u8]) {
        if let Some(log) = &self.log {
            // A full disk holds no process up.
            let _ = log.write(stream, bytes);
        }
        let sinks: Vec<_> = self.sinks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if sinks.is_empty() {
            return;
        }
        let shared: Arc<[u8]> = bytes.into();
        let mut gone = false;
        for (_, sink) in sinks.iter().filter(|(wanted, _)| *wanted == stream) {
            gone |= sink.send(Arc::clone(&shared)).await.is_err();
        }
        if gone {
            self.sinks.lock().unwrap_or_else(PoisonError::into_inner).retain(|(_, sink)| !sink.is_closed());
        }
    }
}

fn write_all(file: &OwnedFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(file, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(rustix::io::Errno::INTR) => {}
            // Whoever shares the file has made it so.
            Err(rustix::io::Errno::AGAIN) => {
                poll(&mut [PollFd::new(file, PollFlags::OUT)], None)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Both ends of what a process reads and writes.
#[derive(Debug)]
pub(crate) struct Ends {
    pub(crate) stdin: Option<OwnedFd>,
    pub(crate) stdout: Option<OwnedFd>,
    pub(crate) stderr: Option<OwnedFd>,
    /// To be written to.
    pub(crate) input: Option<OwnedFd>,
    /// To be read.
    pub(crate) outputs: Vec<(Stream, OwnedFd)>,
    pub(crate) terminal: Option<Terminal>,
}

/// Our end of a pseudo terminal.
#[derive(Debug, Clone)]
pub struct Terminal {
    file: Arc<OwnedFd>,
}

impl Terminal {
    /// Tells programs inside how large it is.
    pub fn resize(&self, rows: u16, columns: u16) -> io::Result<()> {
        let size = rustix::termios::Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        Ok(rustix::termios::tcsetwinsize(&self.file, size)?)
    }
}

impl Ends {
    /// Pipes; without `stdin` the process reads nothing.
    pub(crate) fn pipes(stdin: bool) -> io::Result<Self> {
        let (read_out, stdout) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
        let (read_err, stderr) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
        let (stdin, input) = match stdin {
            true => {
                let (read, write) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
                (Some(read), Some(write))
            }
            false => (None, None),
        };
        Ok(Self {
            stdin,
            stdout: Some(stdout),
            stderr: Some(stderr),
            input,
            outputs: vec![(Stream::Out, read_out), (Stream::Err, read_err)],
            terminal: None,
        })
    }

    /// A pseudo terminal of the container's own, by the host path of its root; everything the process writes is standard
    /// output.
    pub(crate) fn terminal(root: &Path) -> io::Result<Self> {
        use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        // Of the container's file system of terminals, so that its programs find the name of theirs.
        let own = rustix::fs::open(root.join("dev/pts/ptmx"), flags | OFlags::NOFOLLOW, rustix::fs::Mode::empty());
        let of_host = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = match own {
            Ok(master) if unlockpt(&master).is_ok() => master,
            _ => {
                let master = openpt(of_host)?;
                grantpt(&master)?;
                unlockpt(&master)?;
                master
            }
        };
        let slave = ioctl_tiocgptpeer(&master, of_host)?;
        let copy = |file: &OwnedFd| file.try_clone();
        let (stdin, stdout) = (copy(&slave)?, copy(&slave)?);
        let terminal = Terminal { file: Arc::new(copy(&master)?) };
        // One that nobody has sized yet is no size at all, which some programs divide by.
        let _ = terminal.resize(24, 80);
        Ok(Self {
            stdin: Some(stdin),
            stdout: Some(stdout),
            stderr: Some(slave),
            input: Some(copy(&master)?),
            outputs: vec![(Stream::Out, master)],
            terminal: Some(terminal),
        })
    }
}

/// Reads output until it ends.
pub(crate) async fn pump(stream: Stream, file: OwnedFd, outlets: Arc<Outlets>) {
    match file.try_clone().and_then(tokio::net::unix::pipe::Receiver::from_owned_fd) {
        Ok(pipe) => pump_from(pipe, stream, &outlets).await,
        // A pseudo terminal is read by a thread.
        Err(_) => pump_from(tokio::fs::File::from_std(file.into()), stream, &outlets).await,
    }
}

async fn pump_from(mut file: impl tokio::io::AsyncRead + Unpin, stream: Stream, outlets: &Outlets) {
    let mut buffer = vec![0; 64 << 10];
    // A pseudo terminal tells by an error that its last user has closed it.
    while let Ok(count @ 1..) = file.read(&mut buffer).await {
        outlets.put(stream, &buffer[..count]).await;
    }
}

/// Passes a caller's input on until it ends, the process no longer reads, or this is dropped.
#[derive(Debug)]
pub(crate) struct Feed {
    // The other end sees that this one is closed.
    _cancel: OwnedFd,
}

impl Feed {
    /// `target` is closed at the end of the input when `close` says so.
    pub(crate) fn start(
        source: OwnedFd,
        target: Arc<OwnedFd>,
        at_end: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let (cancelled, cancel) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
        let run = move || {
            let mut buffer = vec![0; 64 << 10];
            loop {
                let mut files = [PollFd::new(&source, PollFlags::IN), PollFd::new(&cancelled, PollFlags::IN)];
                match poll(&mut files, None) {
                    Err(rustix::io::Errno::INTR) => continue,
                    Err(_) => break,
                    Ok(_) => {}
                }
                if !files[1].revents().is_empty() {
                    return;
                }
                match rustix::io::read(&source, buffer.as_mut_slice()) {
                    Ok(0) => break,
                    Ok(count) => {
                        if write_all(&target, &buffer[..count]).is_err() {
                            return;
                        }
                    }
                    Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
                    Err(_) => break,
                }
            }
            drop(target);
            at_end();
        };
        std::thread::Builder::new().name("input".into()).spawn(run)?;
        Ok(Self { _cancel: cancel })
    }
}
