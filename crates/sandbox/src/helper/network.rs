//! The process that keeps one private network: its namespace with the bridge, and the way out.
//!
//! It answers one request after the other and ends, the network with it, when its socket to the calling process closes.
//! Everything it makes dies with its namespaces and sockets, but for the switch kept by [`forwarding`].

mod filter;
mod firewall;
mod forwarding;
mod netlink;
mod route;

use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd as _, AsRawFd as _, FromRawFd as _, OwnedFd};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags};
use rustix::net::{AddressFamily, SocketFlags, SocketType};

use super::ground::{Ground, Kind};
use super::layout::{Failure, Step as _};
use crate::wire::{FromNetwork, ToNetwork, Wire as _};
use crate::{channel, sys};
use filter::{Rule, Table};
use forwarding::Forwarding;
use netlink::{Batch, Netlink};
use route::{End, LOOPBACK, Subnet};

/// The start of the names of interfaces on the host that lead to networks.
const UPLINK: &str = "untl";
/// The host's end of every way out: an address nobody else uses, good for one interface only.
const HOST_END: Ipv4Addr = Ipv4Addr::new(169, 254, 213, 1);
const BRIDGE: u32 = 2;
const WAY_OUT: u32 = 3;
/// Numbers of the bridge's ports count from here.
const FIRST_PORT: u32 = 100;

struct Network<'a> {
    ground: &'a Ground,
    /// The host's namespace.
    host: OwnedFd,
    /// The network's.
    own: OwnedFd,
    route: Netlink,
    subnet: Subnet,
    gateway: Ipv4Addr,
    mtu: u32,
    ports: u32,
    tables: Vec<Table>,
    forwarding: Option<Forwarding>,
}

/// Runs in the freshly forked child; never returns.
pub(super) fn main(ground: &Ground, channel: OwnedFd) -> ! {
    sys::set_name(c"trunkline-net");
    // SAFETY: the child needs no other descriptor of the helper's; the helper's owners are never dropped here,
    // because this function does not return.
    let channel = unsafe {
        libc::dup3(channel.as_raw_fd(), 3, libc::O_CLOEXEC);
        std::mem::forget(channel);
        sys::close_from(4);
        OwnedFd::from_raw_fd(3)
    };
    let _ = sys::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM as _);
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(ground, &channel)));
    sys::exit(i32::from(!matches!(ended, Ok(Ok(())))));
}

fn run(ground: &Ground, channel: &OwnedFd) -> io::Result<()> {
    let _ = rustix::process::setsid();
    let signals = sys::take_signals(&[libc::SIGTERM])?;
    let mut network = None;
    let mut refused = None;
    match Network::new(ground) {
        Ok(made) => network = Some(made),
        Err(failure) => refused = Some(failure),
    }
    loop {
        let mut waiting = [PollFd::new(channel, PollFlags::IN), PollFd::new(&signals, PollFlags::IN)];
        match poll(&mut waiting, None) {
            Ok(_) if !waiting[1].revents().is_empty() => break,
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(errno) => return Err(errno.into()),
        }
        let Ok(Some(packet)) = channel::receive(channel) else { break };
        let Ok(request) = ToNetwork::decode(&packet.bytes) else { break };
        let answered = match (&mut network, refused.take()) {
            (Some(network), _) => network.answer(request),
            (None, Some(failure)) => Err(failure),
            (None, None) => break,
        };
        let (answer, fd) = answered.unwrap_or_else(|failure| {
            let errno = failure.error.raw_os_error().unwrap_or(libc::EIO);
            (FromNetwork::Failed { step: failure.step, errno }, None)
        });
        let fds: Vec<_> = fd.iter().map(|fd| fd.as_fd()).collect();
        channel::send(channel, &answer.encode(), &fds)?;
    }
    if let Some(network) = network
        && let Some(forwarding) = network.forwarding
    {
        // It would go with the namespace, but some time after.
        let mut batch = Batch::default();
        route::remove(&mut batch, WAY_OUT);
        let _ = network.route.send(&mut batch);
        // The switches are those of the namespace one is in.
        sys::enter_namespace(&network.host, libc::CLONE_NEWNET)?;
        forwarding.leave();
        firewall::sweep();
    }
    Ok(())
}

type Answer = Result<(FromNetwork, Option<OwnedFd>), Failure>;

impl<'a> Network<'a> {
    fn new(ground: &'a Ground) -> Result<Self, Failure> {
        if !ground.isolates() {
            let step = format!("making a private network: {}", ground.missing.join("; "));
            return Err(io::Error::from_raw_os_error(libc::EPERM)).step(step);
        }
        let host = namespace().step("opening the host's network")?;
        let mtu = mtu();
        sys::unshare(libc::CLONE_NEWNET).step("making a network namespace")?;
        let own = namespace().step("opening the network namespace")?;
        let route = Netlink::route().step("opening a netlink socket")?;
        let subnet = Subnet { address: Ipv4Addr::UNSPECIFIED, prefix: 0 };
        let gateway = Ipv4Addr::UNSPECIFIED;
        let (tables, forwarding) = (Vec::new(), None);
        Ok(Self { ground, host, own, route, subnet, gateway, mtu, ports: 0, tables, forwarding })
    }

    fn answer(&mut self, request: ToNetwork) -> Answer {
        match request {
            ToNetwork::Setup { subnet, prefix, gateway, outbound, host_access } => {
                self.subnet = Subnet { address: Ipv4Addr::from_bits(subnet), prefix };
                self.gateway = Ipv4Addr::from_bits(gateway);
                self.bridge().step("making the bridge")?;
                if let Some(port) = host_access {
                    self.host_access(port as u16).step("making a way to the host")?;
                }
                let missing = outbound.then(|| self.way_out()).and_then(Result::err).map(|failure| {
                    let Failure { step, error } = failure;
                    format!("the network has no way out: {step}: {error}")
                });
                let pid = rustix::process::getpid().as_raw_nonzero().get();
                Ok((FromNetwork::Ready { pid, missing }, None))
            }
            ToNetwork::Place { address } => {
                let made = self.place(Ipv4Addr::from_bits(address));
                // Whatever happened, what follows is done here.
                sys::enter_namespace(&self.own, libc::CLONE_NEWNET).step("returning to the network")?;
                let (namespace, port) = made.step("making a place in the network")?;
                let mut batch = Batch::default();
                route::join(&mut batch, port, BRIDGE);
                self.route.send(&mut batch).step("joining the bridge")?;
                Ok((FromNetwork::Done {}, Some(namespace)))
            }
            ToNetwork::Socket { stream } => {
                let kind = if stream { SocketType::STREAM } else { SocketType::DGRAM };
                let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
                let socket = rustix::net::socket_with(AddressFamily::INET, kind, flags, None);
                Ok((FromNetwork::Done {}, Some(socket.map_err(io::Error::from).step("making a socket")?)))
            }
            ToNetwork::Masquerade { interface } => {
                forward_here().step("passing packets on")?;
                let rule = Rule::Masquerade { from: self.subnet, only: Some(interface), except: None };
                self.tables.push(Table::make("trunkline-out", &[rule]).step("making packet rules")?);
                Ok((FromNetwork::Done {}, None))
            }
        }
    }

    fn bridge(&self) -> io::Result<()> {
        // There is no route to IPv6 here, and programs that think so wait for it.
        let _ = std::fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
        // The name server is at port 53, and not always run by root.
        let _ = std::fs::write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
        let mut batch = Batch::default();
        route::up(&mut batch, LOOPBACK);
        route::bridge(&mut batch, BRIDGE, "bridge", self.gateway, self.mtu);
        route::add_address(&mut batch, BRIDGE, self.gateway, self.subnet.prefix);
        self.route.send(&mut batch)
    }

    fn host_access(&mut self, port: u16) -> io::Result<()> {
        const NAMES: u16 = 53;
        let rule = Rule::Redirect { address: self.gateway, except: NAMES, port };
        self.tables.push(Table::make("trunkline-host", &[rule])?);
        Ok(())
    }

    /// A namespace with one interface on the bridge. Leaves this process in it.
    fn place(&mut self, address: Ipv4Addr) -> io::Result<(OwnedFd, u32)> {
        const INTERFACE: u32 = 2;
        let port = FIRST_PORT + self.ports;
        self.ports += 1;
        sys::unshare(libc::CLONE_NEWNET)?;
        let namespace = namespace()?;
        let switches = [
            ("ipv6/conf/default/disable_ipv6", "1"),
            // As docker does: these harm nobody in a network of one's own.
            ("ipv4/ip_unprivileged_port_start", "0"),
            ("ipv4/ping_group_range", "0 2147483647"),
        ];
        for (name, value) in switches {
            let _ = std::fs::write(format!("/proc/sys/net/{name}"), value);
        }
        let socket = Netlink::route()?;
        let name = format!("port{}", port - FIRST_PORT);
        let near = End { index: INTERFACE, name: "eth0", address: Some(address) };
        let far = End { index: port, name: &name, address: None };
        let mut batch = Batch::default();
        route::up(&mut batch, LOOPBACK);
        route::pair(&mut batch, &near, &far, self.own.as_fd(), self.mtu);
        route::add_address(&mut batch, INTERFACE, address, self.subnet.prefix);
        route::up(&mut batch, INTERFACE);
        let everywhere = Subnet { address: Ipv4Addr::UNSPECIFIED, prefix: 0 };
        route::add_route(&mut batch, everywhere, Some(self.gateway), INTERFACE);
        socket.send(&mut batch)?;
        Ok((namespace, port))
    }

    /// As root: a pair of interfaces to the host, and rules there that let packets of the subnet out.
    fn way_out(&mut self) -> Result<(), Failure> {
        if self.ground.kind != Kind::Root {
            return Err(io::ErrorKind::PermissionDenied.into()).step("only root can make one by itself");
        }
        let host_name = format!("{UPLINK}{}", rustix::process::getpid().as_raw_nonzero());
        let mut batch = Batch::default();
        let near = End { index: WAY_OUT, name: "out", address: None };
        let far = End { index: 0, name: &host_name, address: None };
        route::pair(&mut batch, &near, &far, self.host.as_fd(), self.mtu);
        self.route.send(&mut batch).step("making a pair of interfaces")?;
        sys::enter_namespace(&self.host, libc::CLONE_NEWNET).step("entering the host's network")?;
        let made = self.host_side(&host_name);
        sys::enter_namespace(&self.own, libc::CLONE_NEWNET).step("returning to the network")?;
        made?;
        forward_here().step("passing packets on")?;
        let mut batch = Batch::default();
        route::up(&mut batch, WAY_OUT);
        route::add_route(&mut batch, Subnet { address: HOST_END, prefix: 32 }, None, WAY_OUT);
        let everywhere = Subnet { address: Ipv4Addr::UNSPECIFIED, prefix: 0 };
        route::add_route(&mut batch, everywhere, Some(HOST_END), WAY_OUT);
        self.route.send(&mut batch).step("making routes")
    }

    fn host_side(&mut self, name: &str) -> Result<(), Failure> {
        let index = std::ffi::CString::new(name).map_err(io::Error::from).and_then(|name| sys::interface(&name));
        let index = index.step("finding the interface on the host")?;
        let socket = Netlink::route().step("opening a netlink socket")?;
        let mut batch = Batch::default();
        route::add_address(&mut batch, index, HOST_END, 32);
        route::up(&mut batch, index);
        route::add_route(&mut batch, self.subnet, Some(self.gateway), index);
        socket.send(&mut batch).step("making a route on the host")?;
        let forwarding = Forwarding::enter().step("turning forwarding on")?;
        let switch = format!("/proc/sys/net/ipv4/conf/{name}/forwarding");
        std::fs::write(switch, "1").step("turning forwarding on")?;
        let mut rules = vec![
            Rule::Masquerade { from: self.subnet, only: None, except: Some(name.to_owned()) },
            Rule::RefuseNew { interface: name.to_owned() },
        ];
        // A machine that was no router does not become one for others.
        rules.extend(
            forwarding
                .turned_on
                .iter()
                .map(|interface| Rule::RefuseTransit { from: interface.clone(), except: UPLINK.to_owned() }),
        );
        self.forwarding = Some(forwarding);
        firewall::open(name).step("opening the firewall")?;
        self.tables.push(Table::make(&format!("trunkline-{name}"), &rules).step("making packet rules")?);
        Ok(())
    }
}

/// Undoes what dead networks did to the machine: the switch, and rules of its firewall.
pub(crate) fn sweep() {
    // Only root's networks do anything to it, and since it was started none may have been made.
    if rustix::process::geteuid().is_root() && std::path::Path::new(forwarding::DIRECTORY).exists() {
        forwarding::sweep();
        firewall::sweep();
    }
}

/// This process's network namespace.
fn namespace() -> io::Result<OwnedFd> {
    Ok(rustix::fs::open("/proc/self/ns/net", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?)
}

fn forward_here() -> io::Result<()> {
    std::fs::write("/proc/sys/net/ipv4/ip_forward", "1")
}

/// How large packets may be on the way out: what the interface of the default route allows.
fn mtu() -> u32 {
    const USUAL: u32 = 1500;
    let routes = std::fs::read_to_string("/proc/self/net/route").unwrap_or_default();
    let default = routes.lines().skip(1).find_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let name = fields.next()?;
        (fields.next()? == "00000000").then_some(name)
    });
    let read = |name: &str| std::fs::read_to_string(format!("/sys/class/net/{name}/mtu")).ok()?.trim().parse().ok();
    default.and_then(read).map_or(USUAL, |mtu: u32| mtu.clamp(576, USUAL))
}
