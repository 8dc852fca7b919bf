//! Files on their way out of a connection without a detour through this process.
//!
//! A response's body is made of bytes in memory, and the HTTP library hands them to the connection as they are, never copied
//! (its vectored writes are forced on). So a body that is a file yields pieces of one fixed block of memory that stand for
//! it: [`Direct`], the connection, knows that block by its address and sends the file with `sendfile` instead. The two agree
//! through the [`Outlet`], a queue of parts of files, one for every piece and in their order.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// What stands for parts of files. Never read nor written, so it takes no memory.
static STAND_IN: [u8; 1 << 20] = [0; 1 << 20];

/// The way out of one connection for parts of files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outlet(Arc<Mutex<VecDeque<Part>>>);

#[derive(Debug)]
struct Part {
    file: Arc<File>,
    at: u64,
    left: usize,
}

impl Outlet {
    /// The largest part.
    pub(crate) const LARGEST: usize = STAND_IN.len();

    /// Announces a part of a file; the bytes that are given stand for it and must go out next.
    pub(crate) fn announce(&self, file: Arc<File>, at: u64, length: usize) -> Bytes {
        let length = length.min(Self::LARGEST);
        self.lock().push_back(Part { file, at, left: length });
        Bytes::from_static(&STAND_IN[..length])
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Part>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stands_in(bytes: &[u8]) -> bool {
    let start = STAND_IN.as_ptr().addr();
    (start..start + STAND_IN.len()).contains(&bytes.as_ptr().addr()) && !bytes.is_empty()
}

/// A connection that sends files where bytes stand for them.
#[derive(Debug)]
pub(crate) struct Direct {
    stream: TcpStream,
    outlet: Outlet,
}

impl Direct {
    pub(crate) fn new(stream: TcpStream, outlet: Outlet) -> Self {
        Self { stream, outlet }
    }

    /// Sends up to `length` bytes of the part that is next.
    fn send(&self, cx: &mut Context<'_>, length: usize) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.stream.poll_write_ready(cx))?;
            let sent = self.stream.try_io(Interest::WRITABLE, || {
                let mut parts = self.outlet.lock();
                let part = parts.front_mut().ok_or_else(|| io::Error::other("no file stands behind these bytes"))?;
                let mut at = part.at;
                let sent = rustix::fs::sendfile(&self.stream, &part.file, Some(&mut at), length.min(part.left))?;
                if sent == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                part.at = at;
                part.left -= sent;
                if part.left == 0 {
                    parts.pop_front();
                }
                Ok(sent)
            });
            match sent {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return Poll::Ready(other),
            }
        }
    }
}

impl AsyncWrite for Direct {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if stands_in(bytes) {
            return self.send(cx, bytes.len());
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let pieces = &pieces[pieces.iter().take_while(|piece| piece.is_empty()).count()..];
        match pieces.iter().position(|piece| stands_in(piece)) {
            Some(0) => self.send(cx, pieces[0].len()),
            Some(file) => Pin::new(&mut self.stream).poll_write_vectored(cx, &pieces[..file]),
            None => Pin::new(&mut self.stream).poll_write_vectored(cx, pieces),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl AsyncRead for Direct {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}
