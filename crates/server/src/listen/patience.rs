//! How long a client is waited for, with what it sends and with what it takes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For the headers of a request, for the handshake, and for the next request.
    pub(super) head: Duration,
    /// For the next piece of a body, and for taking a piece of an answer.
    pub(super) idle: Duration,
    /// Bytes a second that a body must come with, once it has been waited for as long as `idle`.
    pub(super) rate: u64,
}

impl Default for Patience {
    fn default() -> Self {
        Self { head: Duration::from_secs(60), idle: Duration::from_secs(60), rate: 1024 }
    }
}

/// The body of a request. Only the time that is spent waiting for the client counts.
pub(super) struct PatientBody {
    inner: Incoming,
    patience: Patience,
    received: u64,
    waited: Duration,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl PatientBody {
    pub(super) fn new(inner: Incoming, patience: Patience) -> Self {
        Self { inner, patience, received: 0, waited: Duration::ZERO, waiting: None }
    }

    /// How long the next piece may take.
    fn left(&self) -> Duration {
        let earned = Duration::from_secs(self.received / self.patience.rate);
        (self.patience.idle + earned).saturating_sub(self.waited).min(self.patience.idle)
    }
}

impl Body for PatientBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(context) {
            if let Some((since, _)) = this.waiting.take() {
                this.waited += since.elapsed();
            }
            if let Some(Ok(data)) = frame.as_ref().map(|frame| frame.as_ref().map(Frame::data_ref)) {
                this.received += data.map_or(0, |data| data.len() as u64);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let left = this.left();
        let (_, sleep) = this.waiting.get_or_insert_with(|| {
            let now = Instant::now();
            (now, Box::pin(sleep_until(now + left)))
        });
        ready!(sleep.as_mut().poll(context));
        let late = io::Error::new(io::ErrorKind::TimedOut, "the client sends its request too slowly");
        Poll::Ready(Some(Err(late.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A connection whose client must take what is written within [`Patience::idle`].
pub(super) struct PatientStream<S> {
    inner: S,
    idle: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S: Unpin> PatientStream<S> {
    pub(super) fn new(inner: S, patience: Patience) -> Self {
        Self { inner, idle: patience.idle, waiting: None }
    }

    fn wait<T>(
        &mut self,
        context: &mut Context<'_>,
        polled: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if let Poll::Ready(result) = polled(Pin::new(&mut self.inner), context) {
            self.waiting = None;
            return Poll::Ready(result);
        }
        let idle = self.idle;
        let sleep = self.waiting.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + idle)));
        ready!(sleep.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not take the answer")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for PatientStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for PatientStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.wait(context, |inner, context| inner.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.wait(context, |inner, context| inner.poll_write_vectored(context, slices))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.wait(context, AsyncWrite::poll_flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.wait(context, AsyncWrite::poll_shutdown)
    }
}
