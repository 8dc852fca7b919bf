//! One private network for a job: a bridge, a place on it for each member, names, ways in and out.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use tokio::net::TcpStream;

use crate::{Error, Network};

/// What a network is to be like.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NetworkSpec {
    /// For messages.
    pub name: String,
    /// Address and prefix length, such as `172.30.0.0/24`; `None` picks one the host does not use.
    pub subnet: Option<(Ipv4Addr, u8)>,
    /// Members reach nothing but each other, the gateway's forwarded ports and the name server's own names.
    pub internal: bool,
    /// Names that stand for the gateway, such as `host.docker.internal`.
    pub gateway_names: Vec<String>,
    /// Every port of the gateway that is not forwarded explicitly leads to the same port on the host's loopback address.
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

/// Where a sandbox stands in a network, for as long as it lives.
#[derive(Debug, Default)]
pub(crate) struct Place {
    namespace: Option<Arc<OwnedFd>>,
    address: Option<Ipv4Addr>,
}

impl Place {
    pub(crate) async fn take(_network: &Network, _hostname: &str) -> Result<Self, Error> {
        Ok(Self::default())
    }

    pub(crate) fn namespace(&self) -> Option<&OwnedFd> {
        self.namespace.as_deref()
    }

    pub(crate) fn address(&self) -> Option<Ipv4Addr> {
        self.address
    }

    pub(crate) fn name_server(&self) -> Option<Ipv4Addr> {
        None
    }
}

/// What is published or connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    Tcp,
    Udp,
}

/// A port of the host that leads to a member. Ends when dropped.
#[derive(Debug)]
pub struct Published {
    address: SocketAddr,
}

impl Published {
    /// Where the host listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// A running network. Cheap to clone; ends, whatever its members do, when [`NetworkHandle::destroy`] is called or the
/// last clone is dropped.
#[derive(Debug, Clone)]
pub struct NetworkHandle {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {}

impl PartialEq for NetworkHandle {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
}

impl NetworkHandle {
    /// The address of the bridge: default route and name server of every member.
    pub fn gateway(&self) -> Ipv4Addr {
        Ipv4Addr::UNSPECIFIED
    }

    /// Address and prefix length.
    pub fn subnet(&self) -> (Ipv4Addr, u8) {
        (Ipv4Addr::UNSPECIFIED, 0)
    }

    /// Plain sentences: what this network lacks, such as a way out.
    pub fn missing(&self) -> &[String] {
        &[]
    }

    /// Address of the member with this alias.
    pub fn resolve(&self, _alias: &str) -> Option<Ipv4Addr> {
        None
    }

    /// Listens on the host and passes everything on to `member:port`. Port 0 of `listen` picks a free one.
    pub async fn publish(
        &self,
        _listen: SocketAddr,
        _member: Ipv4Addr,
        _port: u16,
        _protocol: Protocol,
    ) -> Result<Published, Error> {
        Err(Error::Gone)
    }

    /// A connection from inside the network, for health checks and proxies.
    pub async fn connect(&self, _member: Ipv4Addr, _port: u16) -> Result<TcpStream, Error> {
        Err(Error::Gone)
    }

    /// Makes `gateway:port` lead to the same port on the host's loopback address. Asking twice is fine.
    pub async fn forward_to_host(&self, _port: u16) -> Result<(), Error> {
        Err(Error::Gone)
    }

    /// Ends the network: listeners, name server, bridge, ways out.
    pub async fn destroy(&self) {}
}
