//! Messages with file descriptors over a `SOCK_SEQPACKET` pair.
//!
//! A message larger than [`INLINE`] (an environment may be megabytes) travels in a memfd, because the socket's
//! buffer bounds what one packet may hold.

use std::io::{self, IoSlice, IoSliceMut, Read as _, Seek as _, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};

const INLINE: usize = 32 * 1024;
/// More parts of other sandboxes than this are not shown in one.
pub(crate) const MOST_TREES: usize = 64;
/// A network and parts of other sandboxes, and the memfd of a large message.
const MOST_FDS: usize = MOST_TREES + 2;
const PLAIN: u8 = 0;
const IN_MEMFD: u8 = 1;

/// One received packet.
#[derive(Debug)]
pub(crate) struct Packet {
    pub(crate) bytes: Vec<u8>,
    pub(crate) fds: Vec<OwnedFd>,
}

/// A connected pair, closed on exec.
pub(crate) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?)
}

/// Sends one packet whole.
pub(crate) fn send(socket: impl AsFd, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    if bytes.len() <= INLINE {
        return send_packet(socket.as_fd(), PLAIN, bytes, fds);
    }
    let memfd = rustix::fs::memfd_create(c"trunkline-message", rustix::fs::MemfdFlags::CLOEXEC)?;
    let mut file = std::fs::File::from(memfd);
    file.write_all(bytes)?;
    file.rewind()?;
    let mut all = fds.to_vec();
    all.push(file.as_fd());
    send_packet(socket.as_fd(), IN_MEMFD, &[], &all)
}

fn send_packet(socket: BorrowedFd<'_>, form: u8, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FDS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(fds)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let head = [form];
    let parts = [IoSlice::new(&head), IoSlice::new(bytes)];
    loop {
        match sendmsg(socket, &parts, &mut control, SendFlags::NOSIGNAL) {
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// Receives one packet; `None` when the other side is closed.
pub(crate) fn receive(socket: impl AsFd) -> io::Result<Option<Packet>> {
    let mut buffer = [0_u8; INLINE + 1];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FDS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = loop {
        let mut parts = [IoSliceMut::new(&mut buffer)];
        match recvmsg(&socket, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC) {
            Ok(received) => break received,
            // The other side closed with packets of ours unread. Reported once; what it sent before comes after.
            Err(rustix::io::Errno::INTR | rustix::io::Errno::CONNRESET) => {}
            Err(errno) => return Err(errno.into()),
        }
    };
    let mut fds = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            fds.extend(rights);
        }
    }
    let Some((form, inline)) = buffer[..received.bytes].split_first() else {
        return Ok(None);
    };
    let bytes = if *form == IN_MEMFD {
        let memfd = fds.pop().ok_or(io::ErrorKind::InvalidData)?;
        let mut bytes = Vec::new();
        std::fs::File::from(memfd).read_to_end(&mut bytes)?;
        bytes
    } else {
        inline.to_vec()
    };
    Ok(Some(Packet { bytes, fds }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_of_any_size_arrive_with_their_descriptors() {
        let (a, b) = pair().expect("socketpair");
        for size in [0, 1, INLINE, INLINE + 1, 3_000_000] {
            let bytes = vec![7; size];
            send(&a, &bytes, &[a.as_fd(), b.as_fd()]).expect("send");
            let packet = receive(&b).expect("receive").expect("open");
            assert_eq!(packet.bytes.len(), size);
            assert_eq!(packet.fds.len(), 2);
        }
        drop(a);
        assert!(receive(&b).expect("receive").is_none());
    }
}
