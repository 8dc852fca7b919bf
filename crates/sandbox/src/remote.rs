//! The calling process's end of the socket to one init.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::unix::AsyncFd;
use tokio::sync::{oneshot, watch};

use crate::wire::{FromInit, ToInit, Wire as _};
use crate::{Error, ExitStatus, channel};

/// Sends requests, hands answers to those who asked, and ends of processes to those who wait.
#[derive(Debug)]
pub(crate) struct Remote {
    socket: AsyncFd<OwnedFd>,
    waiting: Mutex<Waiting>,
    ids: AtomicU64,
}

#[derive(Debug, Default)]
struct Waiting {
    closed: bool,
    answers: HashMap<u64, oneshot::Sender<FromInit>>,
    exits: HashMap<u64, watch::Sender<Option<ExitStatus>>>,
    /// What came with answers, until whoever asked takes it.
    trees: HashMap<u64, OwnedFd>,
}

/// The id under which the first answer, the sandbox's readiness, is awaited.
const READY: u64 = 0;

impl Remote {
    /// Takes the socket over; the receiver gets the sandbox's readiness or failure.
    pub(crate) fn new(socket: OwnedFd) -> io::Result<(Arc<Self>, oneshot::Receiver<FromInit>)> {
        rustix::io::ioctl_fionbio(&socket, true)?;
        let (sender, receiver) = oneshot::channel();
        let mut waiting = Waiting::default();
        waiting.answers.insert(READY, sender);
        // SAFETY: an `OwnedFd` stays open and the same for as long as it is owned, which is until the end here.
        let socket = unsafe { AsyncFd::register(socket) }?;
        let remote = Arc::new(Self { socket, waiting: Mutex::new(waiting), ids: AtomicU64::new(READY + 1) });
        tokio::spawn(Arc::clone(&remote).receive());
        Ok((remote, receiver))
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn next_id(&self) -> u64 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    /// Ends the connection; the init then kills everything and ends.
    pub(crate) fn close(&self) {
        let _ = rustix::net::shutdown(self.socket.get_ref(), rustix::net::Shutdown::Both);
    }

    pub(crate) async fn send(&self, message: &ToInit, fds: &[OwnedFd]) -> Result<(), Error> {
        let bytes = message.encode();
        let borrowed: Vec<_> = fds.iter().map(|fd| fd.as_fd()).collect();
        loop {
            // Almost always there is room: try first.
            match channel::send(self.socket.get_ref(), &bytes, &borrowed) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let mut ready = self.socket.writable().await.map_err(|_| Error::Gone)?;
                    ready.clear_ready();
                    // Room may have come between the try and the clearing.
                    match channel::send(self.socket.get_ref(), &bytes, &borrowed) {
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                        done => return done.map_err(|_| Error::Gone),
                    }
                }
                done => return done.map_err(|_| Error::Gone),
            }
        }
    }

    /// Sends a request made with a new id and waits for its answer.
    pub(crate) async fn ask(&self, request: impl FnOnce(u64) -> ToInit) -> Result<FromInit, Error> {
        let id = self.next_id();
        let answer = self.expect(id)?;
        self.send(&request(id), &[]).await?;
        answer.await.map_err(|_| Error::Gone)
    }

    /// Takes what came with the answer of this id.
    pub(crate) fn take_tree(&self, id: u64) -> Option<OwnedFd> {
        self.waiting().trees.remove(&id)
    }

    /// Registers interest in the answer with this id, before the request is sent.
    pub(crate) fn expect(&self, id: u64) -> Result<oneshot::Receiver<FromInit>, Error> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.waiting();
        if waiting.closed {
            return Err(Error::Gone);
        }
        waiting.answers.insert(id, sender);
        Ok(receiver)
    }

    /// Registers interest in the end of a process, before it is started: it may end before anyone asks.
    pub(crate) fn expect_exit(&self, key: u64) -> watch::Receiver<Option<ExitStatus>> {
        let (sender, receiver) = watch::channel(None);
        self.waiting().exits.insert(key, sender);
        receiver
    }

    pub(crate) fn forget_exit(&self, key: u64) {
        self.waiting().exits.remove(&key);
    }

    async fn receive(self: Arc<Self>) {
        loop {
            let packet = self.socket.async_io(tokio::io::Interest::READABLE, |socket| channel::receive(socket)).await;
            let Ok(Some(packet)) = packet else { break };
            let Ok(message) = FromInit::decode(&packet.bytes) else {
                break;
            };
            self.deliver(message, packet.fds);
        }
        let mut waiting = self.waiting();
        waiting.closed = true;
        // Dropping the senders tells everyone.
        waiting.answers.clear();
        waiting.exits.clear();
        waiting.trees.clear();
    }

    fn deliver(&self, message: FromInit, fds: Vec<OwnedFd>) {
        let mut waiting = self.waiting();
        let id = match &message {
            FromInit::Ready { .. } | FromInit::Failed { .. } => READY,
            FromInit::Done { id } | FromInit::Refused { id, .. } | FromInit::Names { id, .. } => *id,
            FromInit::Tree { id, .. } => {
                if waiting.answers.contains_key(id) {
                    waiting.trees.extend(fds.into_iter().next().map(|fd| (*id, fd)));
                }
                *id
            }
            FromInit::Started { key, .. } | FromInit::NotStarted { key, .. } => *key,
            FromInit::Exited { key, code, signal, oom } => {
                if let Some(exit) = waiting.exits.remove(key) {
                    exit.send_replace(Some(ExitStatus { code: *code, signal: *signal, oom: *oom }));
                }
                return;
            }
        };
        if let Some(answer) = waiting.answers.remove(&id) {
            // Whoever asked may have stopped waiting.
            if answer.send(message).is_err() {
                waiting.trees.remove(&id);
            }
        }
    }
}
