//! Messages to the kernel over a netlink socket, sent together and acknowledged one by one.

use std::io;
use std::os::fd::OwnedFd;

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

const HEADER: usize = 16;
const FLAG_REQUEST: u16 = 1;
const FLAG_ACK: u16 = 4;
pub(super) const CREATE: u16 = 0x400;
pub(super) const EXCLUSIVE: u16 = 0x200;
pub(super) const APPEND: u16 = 0x800;
const KIND_ERROR: u16 = 2;

/// A socket of the network namespace in which it was made.
#[derive(Debug)]
pub(super) struct Netlink(OwnedFd);

/// Messages under construction.
#[derive(Debug, Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    /// Where the current message and its open nests begin.
    open: Vec<usize>,
    /// Messages that are to be acknowledged.
    awaited: usize,
    count: u32,
}

impl Batch {
    /// Begins a message; `fixed` is the family's own header. The one before ends with it.
    pub(super) fn message(&mut self, kind: u16, flags: u16, fixed: &[u8]) -> &mut Self {
        self.begin(kind, flags | FLAG_ACK, fixed);
        self.awaited += 1;
        self
    }

    /// A message the kernel does not acknowledge.
    pub(super) fn mark(&mut self, kind: u16, fixed: &[u8]) -> &mut Self {
        self.begin(kind, 0, fixed);
        self
    }

    fn begin(&mut self, kind: u16, flags: u16, fixed: &[u8]) {
        self.finish();
        self.count += 1;
        self.open.push(self.bytes.len());
        self.bytes.extend_from_slice(&0_u32.to_ne_bytes());
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        self.bytes.extend_from_slice(&(flags | FLAG_REQUEST).to_ne_bytes());
        self.bytes.extend_from_slice(&self.count.to_ne_bytes());
        self.bytes.extend_from_slice(&0_u32.to_ne_bytes());
        self.bytes.extend_from_slice(fixed);
    }

    fn finish(&mut self) {
        if let Some(start) = self.open.pop() {
            let length = (self.bytes.len() - start) as u32;
            self.bytes[start..start + 4].copy_from_slice(&length.to_ne_bytes());
        }
    }

    /// An attribute.
    pub(super) fn put(&mut self, kind: u16, value: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(&((value.len() + 4) as u16).to_ne_bytes());
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        self.bytes.extend_from_slice(value);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self
    }

    /// A text, terminated.
    pub(super) fn text(&mut self, kind: u16, value: &str) -> &mut Self {
        let mut bytes = value.as_bytes().to_vec();
        bytes.push(0);
        self.put(kind, &bytes)
    }

    /// A number in this machine's order.
    pub(super) fn number(&mut self, kind: u16, value: u32) -> &mut Self {
        self.put(kind, &value.to_ne_bytes())
    }

    /// A number in the network's order.
    pub(super) fn ordered(&mut self, kind: u16, value: u32) -> &mut Self {
        self.put(kind, &value.to_be_bytes())
    }

    /// Attributes within an attribute, after `head`.
    pub(super) fn nest(
        &mut self,
        kind: u16,
        head: &[u8],
        fill: impl for<'a> FnOnce(&'a mut Self) -> &'a mut Self,
    ) -> &mut Self {
        const NESTED: u16 = 0x8000;
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 2]);
        self.bytes.extend_from_slice(&(kind | NESTED).to_ne_bytes());
        self.bytes.extend_from_slice(head);
        fill(self);
        let length = (self.bytes.len() - start) as u16;
        self.bytes[start..start + 2].copy_from_slice(&length.to_ne_bytes());
        self
    }
}

impl Netlink {
    /// To interfaces, addresses and routes.
    pub(super) fn route() -> io::Result<Self> {
        // Protocol 0.
        Self::open(None)
    }

    /// To packet filters.
    pub(super) fn filter() -> io::Result<Self> {
        Self::open(Some(rustix::net::netlink::NETFILTER))
    }

    fn open(protocol: Option<rustix::net::Protocol>) -> io::Result<Self> {
        let (family, kind) = (AddressFamily::NETLINK, SocketType::RAW);
        Ok(Self(rustix::net::socket_with(family, kind, SocketFlags::CLOEXEC, protocol)?))
    }

    /// Sends all and waits for every acknowledgement. The first refusal is the error.
    pub(super) fn send(&self, batch: &mut Batch) -> io::Result<()> {
        batch.finish();
        rustix::net::send(&self.0, &batch.bytes, SendFlags::empty())?;
        let mut left = batch.awaited;
        let mut buffer = vec![0_u8; 16 * 1024];
        while left > 0 {
            let (count, _) = rustix::net::recv(&self.0, buffer.as_mut_slice(), RecvFlags::empty())?;
            let mut rest = &buffer[..count];
            while let Some((kind, body, tail)) = split(rest) {
                rest = tail;
                if kind != KIND_ERROR {
                    continue;
                }
                left = left.saturating_sub(1);
                let code = body.first_chunk().map_or(-libc::EIO, |code| i32::from_ne_bytes(*code));
                if code != 0 {
                    // The socket is of no further use: answers may be left in it. Nobody goes on after an error.
                    return Err(io::Error::from_raw_os_error(-code));
                }
            }
        }
        Ok(())
    }
}

/// The next message: kind, body, what follows.
fn split(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let length = u32::from_ne_bytes(*bytes.first_chunk()?) as usize;
    let kind = u16::from_ne_bytes(bytes.get(4..6)?.try_into().ok()?);
    let body = bytes.get(HEADER..length)?;
    Some((kind, body, bytes.get(length.next_multiple_of(4)..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_of_whole_messages_and_nests() {
        let mut batch = Batch::default();
        batch.message(16, CREATE, &[7; 16]).text(3, "ab").nest(18, &[], |nest| nest.put(1, b"veth"));
        batch.message(17, 0, &[]);
        batch.finish();
        let (kind, body, rest) = split(&batch.bytes).expect("first");
        assert_eq!((kind, body.len()), (16, 16 + 8 + 4 + 8));
        assert_eq!(body[16..24], [7, 0, 3, 0, b'a', b'b', 0, 0]);
        assert_eq!(body[24..28], [12, 0, 18, 0x80]);
        assert_eq!(split(rest).map(|(kind, body, rest)| (kind, body.len(), rest.len())), Some((17, 0, 0)));
        assert_eq!(split(&[1, 2, 3]), None);
    }
}
