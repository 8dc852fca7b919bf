//! Files on their way out of a connection without a detour through this process.
//!
//! A response's body is made of bytes in memory, and the HTTP library hands them to the connection as they are, never copied
//! (its vectored writes are forced on). So a body that is a file yields pieces of one fixed block of memory that stand for
//! it: [`Direct`], the connection, knows that block by its address and sends the file with `sendfile` instead. The two agree
//! through the [`Outlet`], which knows the part of the file that is being sent.
//!
//! As long as the client keeps up, one thread sends all of a large part, and the connection is taken out of the runtime
//! meanwhile. The runtime would wake a worker each time there is room in the socket, and that one another: on a machine with
//! few processors they take turns with the client instead of running beside it. A client that does not keep up costs no
//! thread: its connection goes back to the runtime.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, IoSlice};
use std::net;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::thread;

use bytes::Bytes;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

/// What stands for parts of files. Never read nor written, so it takes no memory.
static STAND_IN: [u8; 1 << 20] = [0; 1 << 20];

/// Parts smaller than this are not worth a thread.
const LARGE: u64 = 4 << 20;

/// Bytes for one `sendfile`. With more, the client has less to do meanwhile.
const CHUNK: usize = 256 << 10;

/// How long a thread waits for room in a socket until it gives the connection back.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// Threads that may send at the same time.
static THREADS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    Arc::new(Semaphore::new(2 * processors))
});

/// The way out of one connection for parts of files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outlet(Arc<Mutex<VecDeque<Part>>>);

/// A part of a file from `at` up to and without `end`.
#[derive(Clone, Debug)]
struct Part {
    file: Arc<File>,
    at: u64,
    end: u64,
}

impl Outlet {
    /// Announces a part of a file: [`stand_in`] gives the bytes for it, which must go out next.
    pub(crate) fn announce(&self, file: Arc<File>, at: u64, end: u64) {
        if at < end {
            self.lock().push_back(Part { file, at, end });
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Part>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> io::Result<Part> {
        self.lock().front().cloned().ok_or_else(|| io::Error::other("no file stands behind these bytes"))
    }

    /// Notes that so many bytes were sent.
    fn sent(&self, bytes: u64) {
        let mut parts = self.lock();
        if let Some(part) = parts.front_mut() {
            part.at += bytes;
            if part.at >= part.end {
                parts.pop_front();
            }
        }
    }
}

/// Bytes that stand for what was announced: as many as are wanted, or as there are.
pub(crate) fn stand_in(wanted: u64) -> Bytes {
    let length = usize::try_from(wanted).unwrap_or(STAND_IN.len()).min(STAND_IN.len());
    Bytes::from_static(&STAND_IN[..length])
}

fn stands_in(bytes: &[u8]) -> bool {
    let start = STAND_IN.as_ptr().addr();
    (start..start + STAND_IN.len()).contains(&bytes.as_ptr().addr()) && !bytes.is_empty()
}

/// A connection that sends files where bytes stand for them.
#[derive(Debug)]
pub(crate) struct Direct {
    way: Way,
    outlet: Outlet,
    /// Bytes that were sent and that the HTTP library does not know of yet.
    ahead: u64,
    /// The client did not keep up: a thread is of use when it does again.
    slow: bool,
}

#[derive(Debug)]
enum Way {
    Open(TcpStream),
    Lent(Lent),
    /// It could not be had back from a thread.
    Lost,
}

/// A connection that a thread sends by.
#[derive(Debug)]
struct Lent {
    thread: JoinHandle<(net::TcpStream, u64, io::Result<()>)>,
    stop: Arc<AtomicBool>,
    /// Who waits for something to read.
    reader: Option<Waker>,
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Direct {
    pub(crate) fn new(stream: TcpStream, outlet: Outlet) -> Self {
        Self { way: Way::Open(stream), outlet, ahead: 0, slow: false }
    }

    /// Sends up to `length` bytes of the part that is next.
    fn send(&mut self, cx: &mut Context<'_>, length: usize) -> Poll<io::Result<usize>> {
        loop {
            if self.ahead > 0 {
                let known = usize::try_from(self.ahead).unwrap_or(length).min(length);
                self.ahead -= known as u64;
                return Poll::Ready(Ok(known));
            }
            ready!(self.poll_back(cx))?;
            if self.ahead > 0 {
                continue;
            }
            let part = self.outlet.next()?;
            if !self.slow && part.end - part.at >= LARGE && self.lend(&part)? {
                continue;
            }
            let Way::Open(stream) = &self.way else { return Poll::Ready(Err(lost())) };
            ready!(stream.poll_write_ready(cx))?;
            let length = usize::try_from(part.end - part.at).unwrap_or(length).min(length);
            let sent = stream.try_io(Interest::WRITABLE, || send_some(stream, &part.file, part.at, length));
            match sent {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
                Ok(sent) => {
                    self.slow = false;
                    self.outlet.sent(sent as u64);
                    return Poll::Ready(Ok(sent));
                }
            }
        }
    }

    /// Gives the connection to a thread that sends a part. False when there are enough of them.
    fn lend(&mut self, part: &Part) -> io::Result<bool> {
        let Ok(permit) = Arc::clone(&THREADS).try_acquire_owned() else { return Ok(false) };
        let Way::Open(stream) = std::mem::replace(&mut self.way, Way::Lost) else { return Err(lost()) };
        let stream = stream.into_std()?;
        let (part, stop) = (part.clone(), Arc::new(AtomicBool::new(false)));
        let stopped = Arc::clone(&stop);
        let thread = tokio::task::spawn_blocking(move || send_part(stream, &part, &stopped, permit));
        self.way = Way::Lent(Lent { thread, stop, reader: None });
        Ok(true)
    }

    /// Has the connection back from a thread.
    fn poll_back(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Way::Lent(lent) = &mut self.way else { return Poll::Ready(Ok(())) };
        let ended = ready!(Pin::new(&mut lent.thread).poll(cx));
        if let Some(reader) = lent.reader.take() {
            reader.wake();
        }
        self.way = Way::Lost;
        let (stream, sent, result) = ended.map_err(io::Error::other)?;
        self.way = Way::Open(TcpStream::from_std(stream)?);
        self.outlet.sent(sent);
        self.ahead = sent;
        match result {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.slow = true,
            other => other?,
        }
        Poll::Ready(Ok(()))
    }

    /// The connection, when no thread has it.
    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Pin<&mut TcpStream>>> {
        ready!(self.poll_back(cx))?;
        match &mut self.way {
            Way::Open(stream) => Poll::Ready(Ok(Pin::new(stream))),
            Way::Lent(_) | Way::Lost => Poll::Ready(Err(lost())),
        }
    }
}

fn lost() -> io::Error {
    io::Error::other("the thread that was sending has failed")
}

fn send_some(stream: impl std::os::fd::AsFd, file: &File, mut at: u64, length: usize) -> io::Result<usize> {
    match rustix::fs::sendfile(stream, file, Some(&mut at), length)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        sent => Ok(sent),
    }
}

/// Sends a part as long as the client keeps up; `WouldBlock` when it does not. Gives the connection back, and the bytes that
/// were sent.
fn send_part(
    stream: net::TcpStream,
    part: &Part,
    stop: &AtomicBool,
    permit: OwnedSemaphorePermit,
) -> (net::TcpStream, u64, io::Result<()>) {
    let mut at = part.at;
    let mut send = || -> io::Result<()> {
        while at < part.end && !stop.load(Ordering::Relaxed) {
            let length = usize::try_from(part.end - at).unwrap_or(CHUNK).min(CHUNK);
            match send_some(&stream, &part.file, at, length) {
                Ok(sent) => at += sent as u64,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    match poll(&mut [PollFd::new(&stream, PollFlags::OUT)], Some(&PATIENCE)) {
                        Ok(0) => return Err(error),
                        Ok(_) | Err(Errno::INTR) => {}
                        Err(errno) => return Err(errno.into()),
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    };
    let result = send();
    drop(permit);
    (stream, at - part.at, result)
}

impl AsyncWrite for Direct {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if stands_in(bytes) {
            return self.send(cx, bytes.len());
        }
        ready!(self.poll_open(cx))?.poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let pieces = &pieces[pieces.iter().take_while(|piece| piece.is_empty()).count()..];
        match pieces.iter().position(|piece| stands_in(piece)) {
            Some(0) => self.send(cx, pieces[0].len()),
            Some(file) => ready!(self.poll_open(cx))?.poll_write_vectored(cx, &pieces[..file]),
            None => ready!(self.poll_open(cx))?.poll_write_vectored(cx, pieces),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_open(cx))?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_open(cx))?.poll_shutdown(cx)
    }
}

impl AsyncRead for Direct {
    /// Nothing is read while a thread sends: the client waits for an answer, or goes, which the thread learns by itself.
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.way {
            Way::Open(stream) => Pin::new(stream).poll_read(cx, into),
            Way::Lent(lent) => {
                lent.reader = Some(cx.waker().clone());
                Poll::Pending
            }
            Way::Lost => Poll::Ready(Err(lost())),
        }
    }
}
