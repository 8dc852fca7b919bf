//! Packet rules, in a table that the kernel removes with the socket through which it was made.

use std::io;
use std::net::Ipv4Addr;

use super::netlink::{APPEND, Batch, CREATE, Netlink};
use super::route::Subnet;

/// A table of ours; gone when dropped or when this process ends.
#[derive(Debug)]
pub(super) struct Table {
    _socket: Netlink,
}

/// One rule, as a list of expressions.
#[derive(Debug)]
pub(super) enum Rule {
    /// Packets of `from` that leave by another interface than `except` (by `only`, if given) take its address.
    Masquerade { from: Subnet, only: Option<String>, except: Option<String> },
    /// What is forwarded to `interface` without belonging to a connection made from there is dropped.
    RefuseNew { interface: String },
    /// What comes in by `from` and would be forwarded anywhere but to interfaces named `except…` is dropped.
    RefuseTransit { from: String, except: String },
    /// Connections to `address`, but for one port, lead to `port` here.
    Redirect { address: Ipv4Addr, except: u16, port: u16 },
}

const NEW_TABLE: u16 = message(0);
const NEW_CHAIN: u16 = message(3);
const NEW_RULE: u16 = message(6);
const BATCH_BEGIN: u16 = 0x10;
const BATCH_END: u16 = 0x11;
const SUBSYSTEM: u16 = 10;

const fn message(kind: u16) -> u16 {
    SUBSYSTEM << 8 | kind
}

/// The family, here IPv4, and no version.
const HEADER: [u8; 4] = [2, 0, 0, 0];

#[derive(Debug, Clone, Copy)]
struct Chain {
    name: &'static str,
    kind: &'static str,
    hook: u32,
    priority: i32,
}

const PREROUTING: Chain = Chain { name: "in", kind: "nat", hook: 0, priority: -100 };
const FORWARD: Chain = Chain { name: "through", kind: "filter", hook: 2, priority: 0 };
const POSTROUTING: Chain = Chain { name: "out", kind: "nat", hook: 4, priority: 100 };

impl Rule {
    fn chain(&self) -> Chain {
        match self {
            Self::Masquerade { .. } => POSTROUTING,
            Self::RefuseNew { .. } | Self::RefuseTransit { .. } => FORWARD,
            Self::Redirect { .. } => PREROUTING,
        }
    }
}

impl Table {
    /// Makes the table with its rules in the network namespace this process is in.
    pub(super) fn make(name: &str, rules: &[Rule]) -> io::Result<Self> {
        const OWNED: u32 = 2;
        let socket = Netlink::filter()?;
        let mut batch = Batch::default();
        let mut mark = HEADER;
        mark[0] = 0;
        mark[2..].copy_from_slice(&SUBSYSTEM.to_be_bytes());
        batch.mark(BATCH_BEGIN, &mark);
        batch.message(NEW_TABLE, CREATE, &HEADER).text(1, name).ordered(2, OWNED);
        for chain in [PREROUTING, FORWARD, POSTROUTING] {
            if rules.iter().any(|rule| rule.chain().name == chain.name) {
                batch.message(NEW_CHAIN, CREATE, &HEADER).text(1, name).text(3, chain.name);
                batch.nest(4, &[], |hook| hook.ordered(1, chain.hook).ordered(2, chain.priority.cast_unsigned()));
                batch.text(7, chain.kind);
            }
        }
        for rule in rules {
            batch.message(NEW_RULE, CREATE | APPEND, &HEADER).text(1, name).text(2, rule.chain().name);
            batch.nest(4, &[], |list| rule.put(list));
        }
        batch.mark(BATCH_END, &mark);
        socket.send(&mut batch)?;
        Ok(Self { _socket: socket })
    }
}

const REGISTER: u32 = 1;
const EQUAL: u32 = 0;
const UNEQUAL: u32 = 1;
const META_IN: u32 = 6;
const META_OUT: u32 = 7;
const META_PROTOCOL: u32 = 16;
const NETWORK_HEADER: u32 = 1;
const TRANSPORT_HEADER: u32 = 2;

impl Rule {
    fn put<'a>(&self, list: &'a mut Batch) -> &'a mut Batch {
        match self {
            Self::Masquerade { from, only, except } => {
                payload(list, NETWORK_HEADER, 12, 4);
                let mask = from.mask();
                bits(list, &mask.to_be_bytes());
                compare(list, EQUAL, &(from.address.to_bits() & mask).to_be_bytes());
                for (name, operation) in [(only, EQUAL), (except, UNEQUAL)] {
                    if let Some(name) = name {
                        meta(list, META_OUT);
                        compare(list, operation, &whole_name(name));
                    }
                }
                expression(list, "masq", |nothing| nothing);
            }
            Self::RefuseNew { interface } => {
                const ESTABLISHED_OR_RELATED: u32 = 2 | 4;
                meta(list, META_OUT);
                compare(list, EQUAL, &whole_name(interface));
                // Key 0 is the connection's state.
                expression(list, "ct", |ct| ct.ordered(1, REGISTER).ordered(2, 0));
                bits(list, &ESTABLISHED_OR_RELATED.to_ne_bytes());
                compare(list, EQUAL, &0_u32.to_ne_bytes());
                refuse(list);
            }
            Self::RefuseTransit { from, except } => {
                meta(list, META_IN);
                compare(list, EQUAL, &whole_name(from));
                meta(list, META_OUT);
                // Without the end of the name: a comparison of its start.
                compare(list, UNEQUAL, except.as_bytes());
                refuse(list);
            }
            Self::Redirect { address, except, port } => {
                payload(list, NETWORK_HEADER, 16, 4);
                compare(list, EQUAL, &address.octets());
                meta(list, META_PROTOCOL);
                compare(list, EQUAL, &[libc::IPPROTO_TCP as u8]);
                payload(list, TRANSPORT_HEADER, 2, 2);
                compare(list, UNEQUAL, &except.to_be_bytes());
                expression(list, "immediate", |data| {
                    data.ordered(1, REGISTER).nest(2, &[], |value| value.put(1, &port.to_be_bytes()))
                });
                expression(list, "redir", |redirect| redirect.ordered(1, REGISTER));
            }
        }
        list
    }
}

fn expression(list: &mut Batch, name: &str, fill: impl for<'a> FnOnce(&'a mut Batch) -> &'a mut Batch) {
    list.nest(1, &[], |element| element.text(1, name).nest(2, &[], fill));
}

fn payload(list: &mut Batch, base: u32, offset: u32, length: u32) {
    expression(list, "payload", |data| {
        data.ordered(1, REGISTER).ordered(2, base).ordered(3, offset).ordered(4, length)
    });
}

fn meta(list: &mut Batch, key: u32) {
    expression(list, "meta", |data| data.ordered(1, REGISTER).ordered(2, key));
}

fn bits(list: &mut Batch, mask: &[u8; 4]) {
    expression(list, "bitwise", |data| {
        data.ordered(1, REGISTER).ordered(2, REGISTER).ordered(3, 4);
        data.nest(4, &[], |value| value.put(1, mask)).nest(5, &[], |value| value.put(1, &[0; 4]))
    });
}

fn compare(list: &mut Batch, operation: u32, value: &[u8]) {
    expression(list, "cmp", |data| {
        data.ordered(1, REGISTER).ordered(2, operation).nest(3, &[], |nest| nest.put(1, value))
    });
}

fn refuse(list: &mut Batch) {
    const VERDICT: u32 = 0;
    const DROP: u32 = 0;
    expression(list, "immediate", |data| {
        data.ordered(1, VERDICT).nest(2, &[], |value| value.nest(2, &[], |verdict| verdict.ordered(1, DROP)))
    });
}

/// A name as the kernel keeps it: filled up to its full length.
fn whole_name(name: &str) -> [u8; 16] {
    let mut whole = [0; 16];
    for (place, byte) in whole.iter_mut().zip(name.bytes().take(15)) {
        *place = byte;
    }
    whole
}
