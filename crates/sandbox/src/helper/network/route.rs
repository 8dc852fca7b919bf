//! Interfaces, addresses and routes: the messages of `rtnetlink` that a network takes.

use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd as _, BorrowedFd};

use super::netlink::{Batch, CREATE, EXCLUSIVE};

const NEW_LINK: u16 = 16;
const DELETE_LINK: u16 = 17;
const SET_LINK: u16 = 19;
const NEW_ADDRESS: u16 = 20;
const NEW_ROUTE: u16 = 24;

mod link {
    pub(super) const ADDRESS: u16 = 1;
    pub(super) const NAME: u16 = 3;
    pub(super) const MTU: u16 = 4;
    pub(super) const MASTER: u16 = 10;
    pub(super) const INFO: u16 = 18;
    pub(super) const NAMESPACE: u16 = 28;
    pub(super) const INFO_KIND: u16 = 1;
    pub(super) const INFO_DATA: u16 = 2;
    pub(super) const VETH_PEER: u16 = 1;
}

mod inet {
    pub(super) const ADDRESS: u16 = 1;
    pub(super) const LOCAL: u16 = 2;
    pub(super) const BROADCAST: u16 = 4;
}

mod path {
    pub(super) const DESTINATION: u16 = 1;
    pub(super) const INTERFACE: u16 = 4;
    pub(super) const GATEWAY: u16 = 5;
}

/// The loopback device's number everywhere.
pub(super) const LOOPBACK: u32 = 1;

/// A subnet: its address and prefix length.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subnet {
    pub(super) address: Ipv4Addr,
    pub(super) prefix: u8,
}

impl Subnet {
    pub(super) fn mask(self) -> u32 {
        u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0)
    }
}

fn interface_header(index: u32, up: bool) -> [u8; 16] {
    let mut header = [0; 16];
    header[4..8].copy_from_slice(&index.to_ne_bytes());
    if up {
        let flag = libc::IFF_UP.cast_unsigned().to_ne_bytes();
        header[8..12].copy_from_slice(&flag);
        header[12..16].copy_from_slice(&flag);
    }
    header
}

/// A hardware address made from an IPv4 address, locally administered, as docker makes them.
fn hardware(address: Ipv4Addr) -> [u8; 6] {
    let [a, b, c, d] = address.octets();
    [0x02, 0x42, a, b, c, d]
}

/// A bridge, up, with the given number.
pub(super) fn bridge(batch: &mut Batch, index: u32, name: &str, address: Ipv4Addr, mtu: u32) {
    batch
        .message(NEW_LINK, CREATE | EXCLUSIVE, &interface_header(index, true))
        .text(link::NAME, name)
        // Otherwise it would change with each member.
        .put(link::ADDRESS, &hardware(address))
        .number(link::MTU, mtu)
        .nest(link::INFO, &[], |info| info.put(link::INFO_KIND, b"bridge"));
}

/// One end of a pair of interfaces.
pub(super) struct End<'a> {
    /// 0 lets the kernel choose.
    pub(super) index: u32,
    pub(super) name: &'a str,
    pub(super) address: Option<Ipv4Addr>,
}

/// A pair: `near` here, `far` in another namespace. Both down.
pub(super) fn pair(batch: &mut Batch, near: &End<'_>, far: &End<'_>, namespace: BorrowedFd<'_>, mtu: u32) {
    let describe = |batch: &mut Batch, end: &End<'_>| {
        batch.text(link::NAME, end.name).number(link::MTU, mtu);
        if let Some(address) = end.address {
            batch.put(link::ADDRESS, &hardware(address));
        }
    };
    batch.message(NEW_LINK, CREATE | EXCLUSIVE, &interface_header(near.index, false));
    describe(batch, near);
    batch.nest(link::INFO, &[], |info| {
        info.put(link::INFO_KIND, b"veth").nest(link::INFO_DATA, &[], |data| {
            data.nest(link::VETH_PEER, &interface_header(far.index, false), |peer| {
                describe(peer, far);
                peer.number(link::NAMESPACE, namespace.as_raw_fd().cast_unsigned())
            })
        })
    });
}

pub(super) fn up(batch: &mut Batch, index: u32) {
    batch.message(SET_LINK, 0, &interface_header(index, true));
}

/// Removes an interface, and the other end of a pair with it.
pub(super) fn remove(batch: &mut Batch, index: u32) {
    batch.message(DELETE_LINK, 0, &interface_header(index, false));
}

/// Puts an interface on a bridge and brings it up.
pub(super) fn join(batch: &mut Batch, index: u32, bridge: u32) {
    batch.message(SET_LINK, 0, &interface_header(index, true)).number(link::MASTER, bridge);
}

pub(super) fn add_address(batch: &mut Batch, index: u32, own: Ipv4Addr, prefix: u8) {
    let family = libc::AF_INET as u8;
    let mut header = [family, prefix, 0, 0, 0, 0, 0, 0];
    header[4..8].copy_from_slice(&index.to_ne_bytes());
    batch.message(NEW_ADDRESS, CREATE | EXCLUSIVE, &header).put(inet::LOCAL, &own.octets());
    batch.put(inet::ADDRESS, &own.octets());
    if prefix < 31 {
        let all = own.to_bits() | !Subnet { address: own, prefix }.mask();
        batch.put(inet::BROADCAST, &all.to_be_bytes());
    }
}

/// A route to a subnet (the default route if its prefix is 0), through a gateway or directly.
pub(super) fn add_route(batch: &mut Batch, to: Subnet, gateway: Option<Ipv4Addr>, index: u32) {
    const TABLE_MAIN: u8 = 254;
    const BY_BOOT: u8 = 3;
    const UNICAST: u8 = 1;
    const SCOPE_LINK: u8 = 253;
    const ON_LINK: u32 = 4;
    let scope = if gateway.is_some() { 0 } else { SCOPE_LINK };
    let mut header = [libc::AF_INET as u8, to.prefix, 0, 0, TABLE_MAIN, BY_BOOT, scope, UNICAST, 0, 0, 0, 0];
    if gateway.is_some() {
        // The gateway need not be in a subnet of the interface.
        header[8..12].copy_from_slice(&ON_LINK.to_ne_bytes());
    }
    batch.message(NEW_ROUTE, CREATE | EXCLUSIVE, &header);
    if to.prefix > 0 {
        batch.put(path::DESTINATION, &to.address.octets());
    }
    if let Some(gateway) = gateway {
        batch.put(path::GATEWAY, &gateway.octets());
    }
    batch.number(path::INTERFACE, index);
}
