//! The calling process's end of the socket to the process that keeps a network.

use std::io;
use std::net::{SocketAddrV4, TcpStream as StdStream, UdpSocket as StdUdp};
use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::net::{TcpListener, TcpSocket, TcpStream, UdpSocket};
use tokio::sync::Mutex;

use crate::wire::{FromNetwork, ToNetwork, Wire as _};
use crate::{Error, channel};

/// One request at a time: each takes the kernel a moment only.
#[derive(Debug)]
pub(super) struct Link(Mutex<AsyncFd<OwnedFd>>);

impl Link {
    pub(super) fn new(socket: OwnedFd) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&socket, true)?;
        // SAFETY: an `OwnedFd` stays open and the same for as long as it is owned, which is until the end here.
        let socket = unsafe { AsyncFd::register(socket) }?;
        Ok(Self(Mutex::new(socket)))
    }

    pub(super) async fn ask(&self, request: &ToNetwork) -> Result<(FromNetwork, Option<OwnedFd>), Error> {
        let socket = self.0.lock().await;
        // Nothing else is under way, so there is room.
        channel::send(socket.get_ref(), &request.encode(), &[]).map_err(|_| Error::Gone)?;
        let packet = socket.async_io(Interest::READABLE, |socket| channel::receive(socket)).await;
        let packet = packet.ok().flatten().ok_or(Error::Gone)?;
        match FromNetwork::decode(&packet.bytes) {
            Ok(FromNetwork::Failed { step, errno }) => {
                Err(Error::Network { what: step, source: io::Error::from_raw_os_error(errno) })
            }
            Ok(answer) => Ok((answer, packet.fds.into_iter().next())),
            Err(_) => Err(Error::Gone),
        }
    }

    /// The namespace of a new member.
    pub(super) async fn place(&self, address: u32) -> Result<OwnedFd, Error> {
        self.ask(&ToNetwork::Place { address }).await?.1.ok_or(Error::Gone)
    }

    async fn socket(&self, stream: bool) -> Result<OwnedFd, Error> {
        self.ask(&ToNetwork::Socket { stream }).await?.1.ok_or(Error::Gone)
    }

    /// Listens at an address of the network.
    pub(super) async fn listen(&self, at: SocketAddrV4) -> Result<TcpListener, Error> {
        const BACKLOG: u32 = 1024;
        let socket = TcpSocket::from_std_stream(StdStream::from(self.socket(true).await?));
        let listen = || {
            socket.set_reuseaddr(true)?;
            socket.bind(at.into())?;
            socket.listen(BACKLOG)
        };
        listen().map_err(failed(format!("listening on {at}")))
    }

    /// Receives datagrams at an address of the network; port 0 of `0.0.0.0` for one that only sends.
    pub(super) async fn datagrams(&self, at: SocketAddrV4) -> Result<UdpSocket, Error> {
        let socket = self.socket(false).await?;
        rustix::net::bind(&socket, &at).map_err(io::Error::from).map_err(failed(format!("listening on {at}")))?;
        UdpSocket::from_std(StdUdp::from(socket)).map_err(failed("taking a socket over".into()))
    }

    /// Connects within the network.
    pub(super) async fn connect(&self, to: SocketAddrV4) -> Result<TcpStream, Error> {
        let socket = TcpSocket::from_std_stream(StdStream::from(self.socket(true).await?));
        socket.connect(to.into()).await.map_err(failed(format!("connecting to {to}")))
    }
}

pub(super) fn failed(what: String) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::Network { what, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The other side may be gone at any time.
    #[tokio::test]
    async fn a_closed_socket_is_an_error() {
        let (ours, theirs) = channel::pair().expect("pair");
        let link = Link::new(ours).expect("link");
        drop(theirs);
        assert!(matches!(link.ask(&ToNetwork::Socket { stream: true }).await, Err(Error::Gone)));
    }
}
