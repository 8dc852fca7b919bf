//! What the `docker` command inside a job and its server say to each other.
//!
//! Each message is four bytes of length, little endian, and JSON. The first one of the client comes with its three standard
//! streams as file descriptors.

use std::collections::BTreeMap;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Longer messages are refused. Arguments and environment of a process are limited by the kernel to less.
const LONGEST: usize = 8 << 20;

/// The first message of a client.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hello {
    /// Arguments without the program.
    pub(crate) argv: Vec<String>,
    pub(crate) cwd: String,
    pub(crate) env: BTreeMap<String, String>,
    /// Which of the streams are terminals.
    pub(crate) terminals: [bool; 3],
    /// Rows and columns of the terminal.
    pub(crate) size: Option<(u16, u16)>,
}

/// What a client says later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum FromClient {
    Signal(i32),
    Resize(u16, u16),
}

/// What the server says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum FromServer {
    /// Keys go through as they are typed, until the end.
    Raw,
    /// The exit code, the last message.
    Exit(u8),
}

/// One message as bytes.
pub(crate) fn encode(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let text = serde_json::to_vec(message)?;
    if text.len() > LONGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "arguments and environment are too long"));
    }
    let mut bytes = (text.len() as u32).to_le_bytes().to_vec();
    bytes.extend(text);
    Ok(bytes)
}

/// The length that four bytes say.
pub(crate) fn length(head: [u8; 4]) -> io::Result<usize> {
    match u32::from_le_bytes(head) as usize {
        length if length <= LONGEST => Ok(length),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "the message is too long")),
    }
}

/// Sends a message.
pub(crate) fn send(stream: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    stream.write_all(&encode(message)?)
}

/// Receives a message.
pub(crate) fn receive<T: DeserializeOwned>(stream: &mut impl Read) -> io::Result<T> {
    let mut head = [0; 4];
    stream.read_exact(&mut head)?;
    let mut text = vec![0; length(head)?];
    stream.read_exact(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

/// Sends the first message, with the streams beside its first byte.
pub(crate) fn send_hello(stream: &mut UnixStream, hello: &Hello, streams: &[BorrowedFd<'_>; 3]) -> io::Result<()> {
    let bytes = encode(hello)?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(streams));
    let sent = rustix::net::sendmsg(stream.as_fd(), &[IoSlice::new(&bytes)], &mut control, SendFlags::empty())?;
    stream.write_all(&bytes[sent..])
}

/// Receives the first message.
pub(crate) fn receive_hello(stream: &mut UnixStream) -> io::Result<(Hello, [OwnedFd; 3])> {
    let mut head = [0; 4];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC;
    let received = rustix::net::recvmsg(stream.as_fd(), &mut [IoSliceMut::new(&mut head)], &mut control, flags)?;
    let files: Vec<OwnedFd> = control
        .drain()
        .flat_map(|message| match message {
            RecvAncillaryMessage::ScmRights(files) => files.collect::<Vec<_>>(),
            _ => Vec::new(),
        })
        .collect();
    let wrong = |why| io::Error::new(io::ErrorKind::InvalidData, why);
    stream.read_exact(&mut head[received.bytes..])?;
    let mut text = vec![0; length(head)?];
    stream.read_exact(&mut text)?;
    let files = files.try_into().map_err(|_| wrong("three files are expected"))?;
    Ok((serde_json::from_slice(&text)?, files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_message_brings_files() {
        let (mut here, mut there) = UnixStream::pair().unwrap();
        let (mut read, write) = io::pipe().unwrap();
        let null = std::fs::File::open("/dev/null").unwrap();
        let hello = Hello { argv: vec!["x".repeat(300_000)], terminals: [true, false, true], ..Hello::default() };
        let sent = hello.clone();
        let sender = std::thread::spawn(move || {
            send_hello(&mut here, &sent, &[null.as_fd(), write.as_fd(), null.as_fd()]).unwrap();
        });
        let (received, files) = receive_hello(&mut there).unwrap();
        sender.join().unwrap();
        assert_eq!(received, hello);
        rustix::io::write(&files[1], b"through").unwrap();
        drop(files);
        let mut text = String::new();
        read.read_to_string(&mut text).unwrap();
        assert_eq!(text, "through");
    }

    #[test]
    fn nonsense_is_refused() {
        for bytes in [&b"\xff\xff\xff\xff"[..], b"\x02\0\0\0{}", b"\x01\0\0\0x"] {
            let (mut here, mut there) = UnixStream::pair().unwrap();
            here.write_all(bytes).unwrap();
            drop(here);
            assert!(receive_hello(&mut there).is_err());
        }
    }
}
