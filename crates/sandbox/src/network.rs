//! One private network for a job: a bridge, a place on it for each member, names, ways in and out.
//!
//! A process of its own keeps the network's namespace and hands out sockets made there; who listens, connects and
//! answers is the calling process. So nothing of it outlives that.

mod dns;
mod link;
mod names;
mod place;
mod relay;
mod slirp;

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::AbortHandle;

use crate::Error;
use crate::wire::{FromNetwork, ToNetwork};
use link::{Link, failed};
use names::{Names, Subnet};
pub(crate) use place::Place;
use slirp::Slirp;

/// What a network is to be like.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NetworkSpec {
    /// For messages.
    pub name: String,
    /// Address and prefix length (8 to 29), such as `172.30.0.0/24`; `None` picks one the host has no route to.
    pub subnet: Option<(Ipv4Addr, u8)>,
    /// Members reach nothing but each other, forwarded ports of the gateway, and names of the network.
    pub internal: bool,
    /// Names that stand for the gateway, such as `host.docker.internal`.
    pub gateway_names: Vec<String>,
    /// Every TCP port of the gateway leads to the same port of the host's loopback address, without being asked for one
    /// by one; port 53 excepted.
    pub host_access: bool,
    /// Servers for names that are nobody's here; empty means the host's.
    pub resolvers: Vec<IpAddr>,
}

/// A sandbox's place in a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    pub network: NetworkHandle,
    /// Names by which the others find it, in addition to the sandbox's host name.
    pub aliases: Vec<String>,
    /// A fixed address within the subnet.
    pub address: Option<Ipv4Addr>,
}

/// What is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    Tcp,
    Udp,
}

/// A port of the host that leads to a member. Ends when dropped.
#[derive(Debug)]
pub struct Published {
    address: SocketAddr,
    task: AbortHandle,
}

impl Published {
    /// Where the host listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Published {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A running network. Cheap to clone; ends, whatever its members do, when [`NetworkHandle::destroy`] is called or the
/// last clone (members hold one each) is dropped.
#[derive(Debug, Clone)]
pub struct NetworkHandle {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    subnet: Subnet,
    missing: Vec<String>,
    names: Arc<Mutex<Names>>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// `None` once destroyed.
    link: Option<Arc<Link>>,
    tasks: Vec<AbortHandle>,
    forwarded: Vec<u16>,
    slirp: Option<Slirp>,
}

impl PartialEq for NetworkHandle {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
}

/// Makes the network with the process at the other end of `socket`. `seed` is different for each.
pub(crate) async fn make(spec: NetworkSpec, socket: OwnedFd, seed: u32) -> Result<NetworkHandle, Error> {
    let subnet = subnet(&spec, seed)?;
    let gateway = subnet.gateway();
    let link = Arc::new(Link::new(socket).map_err(failed("connecting to its process".into()))?);
    // The namespace exists before the bridge does, and the port must be known when the rule for it is made.
    let everywhere = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);
    let to_host = if spec.host_access { Some(link.listen(everywhere).await?) } else { None };
    let host_access = to_host
        .as_ref()
        .map(|listener| listener.local_addr().map(|address| u32::from(address.port())))
        .transpose()
        .map_err(failed("listening for the host".into()))?;
    let (address, prefix) = subnet.parts();
    let outbound = !spec.internal;
    let setup =
        ToNetwork::Setup { subnet: address.to_bits(), prefix, gateway: gateway.to_bits(), outbound, host_access };
    let (FromNetwork::Ready { pid, missing }, _) = link.ask(&setup).await? else {
        return Err(Error::Gone);
    };
    let (missing, slirp) = match (missing, slirp::find()) {
        (None, _) => (None, None),
        (Some(why), None) => (Some(format!("{why}; slirp4netns is not on PATH")), None),
        (Some(_), Some(program)) => match way_out(&link, program, pid).await {
            Ok(slirp) => (None, Some(slirp)),
            Err(error) => (Some(format!("the network has no way out: {error}")), None),
        },
    };
    let missing = missing.into_iter().collect();
    let names = Arc::new(Mutex::new(Names::new(subnet, &spec.gateway_names)));
    let server =
        Arc::new(dns::Server { names: Arc::clone(&names), resolvers: spec.resolvers, internal: spec.internal });
    let at = SocketAddrV4::new(gateway, 53);
    let (datagrams, streams) = (link.datagrams(at).await?, link.listen(at).await?);
    let mut tasks = vec![
        tokio::spawn(dns::serve_datagrams(Arc::clone(&server), datagrams)).abort_handle(),
        tokio::spawn(dns::serve_streams(server, streams)).abort_handle(),
    ];
    if let Some(listener) = to_host {
        tasks.push(tokio::spawn(relay::to_host(listener, None)).abort_handle());
    }
    let forwarded = Vec::new();
    let state = Mutex::new(State { link: Some(link), tasks, forwarded, slirp });
    Ok(NetworkHandle { inner: Arc::new(Inner { subnet, missing, names, state }) })
}

fn subnet(spec: &NetworkSpec, seed: u32) -> Result<Subnet, Error> {
    match spec.subnet {
        Some((address, prefix)) => Subnet::new(address, prefix).ok_or_else(|| {
            let wanted = "the first address of a subnet with a prefix of 8 to 29 bits";
            Error::Invalid(format!("network {}: {address}/{prefix} is not {wanted}", spec.name))
        }),
        None => {
            let routes = std::fs::read_to_string("/proc/net/route").unwrap_or_default();
            Subnet::free(&routes, seed).ok_or_else(|| {
                let hint = "this machine has routes to all of 10.213.0.0/16; name a subnet";
                Error::Invalid(format!("network {}: {hint}", spec.name))
            })
        }
    }
}

async fn way_out(link: &Link, program: std::path::PathBuf, pid: i32) -> Result<Slirp, Error> {
    let started = tokio::task::spawn_blocking(move || Slirp::start(&program, pid)).await;
    let slirp = started.map_err(|_| Error::Gone)?.map_err(failed("starting slirp4netns".into()))?;
    link.ask(&ToNetwork::Masquerade { interface: slirp::INTERFACE.into() }).await?;
    Ok(slirp)
}

impl NetworkHandle {
    /// The address of the bridge: default route and name server of every member.
    pub fn gateway(&self) -> Ipv4Addr {
        self.inner.subnet.gateway()
    }

    /// Address and prefix length.
    pub fn subnet(&self) -> (Ipv4Addr, u8) {
        self.inner.subnet.parts()
    }

    /// Plain sentences: what this network lacks, such as a way out.
    pub fn missing(&self) -> &[String] {
        &self.inner.missing
    }

    /// Address of a member with this name.
    pub fn resolve(&self, name: &str) -> Option<Ipv4Addr> {
        self.inner.names().addresses(name).and_then(|addresses| addresses.first().copied())
    }

    /// Listens on the host and passes everything on to `member:port`. Port 0 of `listen` picks a free one.
    /// [`Error::Network`] when the port is taken.
    pub async fn publish(
        &self,
        listen: SocketAddr,
        member: Ipv4Addr,
        port: u16,
        protocol: Protocol,
    ) -> Result<Published, Error> {
        let link = self.inner.link()?;
        let to = SocketAddrV4::new(member, port);
        let cannot = || format!("publishing {member}:{port} at {listen}");
        let (address, task) = match protocol {
            Protocol::Tcp => {
                let listener = TcpListener::bind(listen).await.map_err(failed(cannot()))?;
                let address = listener.local_addr().map_err(failed(cannot()))?;
                (address, tokio::spawn(relay::into_network(link, listener, to)))
            }
            Protocol::Udp => {
                let socket = UdpSocket::bind(listen).await.map_err(failed(cannot()))?;
                let address = socket.local_addr().map_err(failed(cannot()))?;
                (address, tokio::spawn(relay::datagrams(link, socket, to)))
            }
        };
        let task = task.abort_handle();
        self.inner.keep(task.clone());
        Ok(Published { address, task })
    }

    /// A connection from inside the network, for health checks and proxies.
    pub async fn connect(&self, member: Ipv4Addr, port: u16) -> Result<TcpStream, Error> {
        self.inner.link()?.connect(SocketAddrV4::new(member, port)).await
    }

    /// Makes `gateway:port` lead to the same TCP port of the host's loopback address. Asking twice is fine, and so is
    /// asking where [`NetworkSpec::host_access`] does so already.
    pub async fn forward_to_host(&self, port: u16) -> Result<(), Error> {
        let link = self.inner.link()?;
        if self.inner.state().forwarded.contains(&port) {
            return Ok(());
        }
        let listener = link.listen(SocketAddrV4::new(self.gateway(), port)).await?;
        self.inner.state().forwarded.push(port);
        self.inner.keep(tokio::spawn(relay::to_host(listener, Some(port))).abort_handle());
        Ok(())
    }

    /// Ends the network: listeners, name server, bridge, ways out. Members keep interfaces that lead nowhere.
    pub async fn destroy(&self) {
        self.inner.end();
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn names(&self) -> MutexGuard<'_, Names> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn link(&self) -> Result<Arc<Link>, Error> {
        self.state().link.clone().ok_or(Error::Gone)
    }

    /// Ends a task with the network.
    fn keep(&self, task: AbortHandle) {
        let mut state = self.state();
        state.tasks.retain(|task| !task.is_finished());
        if state.link.is_some() {
            state.tasks.push(task);
        } else {
            task.abort();
        }
    }

    fn end(&self) {
        let mut state = self.state();
        for task in state.tasks.drain(..) {
            task.abort();
        }
        state.slirp = None;
        // The process at its other end ends, and the network with it.
        state.link = None;
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.end();
    }
}
