//! Where a sandbox stands in a network, for as long as it lives.

use std::net::Ipv4Addr;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use super::NetworkHandle;
use super::names::Taken;
use crate::{Error, Network};

/// A namespace to enter, and what comes with it.
#[derive(Debug, Default)]
pub(crate) struct Place {
    namespace: Option<Arc<OwnedFd>>,
    address: Option<Ipv4Addr>,
    name_server: Option<Ipv4Addr>,
    /// The member's own, given back at the end.
    taken: Option<(NetworkHandle, Ipv4Addr)>,
}

impl Place {
    pub(crate) async fn take(network: &Network, hostname: &str) -> Result<Self, Error> {
        match network {
            Network::Host | Network::Private => Ok(Self::default()),
            Network::Join(other) => {
                let place = other.place();
                let namespace = match &place.namespace {
                    Some(namespace) => Some(Arc::clone(namespace)),
                    None if other.isolation().network => Some(Arc::new(of_process(other.init())?)),
                    None => None,
                };
                Ok(Self { namespace, address: place.address, name_server: place.name_server, taken: None })
            }
            Network::Member(member) => {
                let inner = &member.network.inner;
                let link = inner.link()?;
                let address = inner.names().take(member.address).map_err(|taken| no_place(&taken, member.address))?;
                // From here on the address is given back whatever happens.
                let mut place = Self {
                    namespace: None,
                    address: Some(address),
                    name_server: Some(member.network.gateway()),
                    taken: Some((member.network.clone(), address)),
                };
                place.namespace = Some(Arc::new(link.place(address.to_bits()).await?));
                let names = std::iter::once(hostname).chain(member.aliases.iter().map(String::as_str));
                inner.names().enter(address, names);
                Ok(place)
            }
        }
    }

    pub(crate) fn namespace(&self) -> Option<&OwnedFd> {
        self.namespace.as_deref()
    }

    pub(crate) fn address(&self) -> Option<Ipv4Addr> {
        self.address
    }

    pub(crate) fn name_server(&self) -> Option<Ipv4Addr> {
        self.name_server
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((network, address)) = self.taken.take() {
            network.inner.names().leave(address);
        }
    }
}

fn of_process(pid: i32) -> Result<OwnedFd, Error> {
    let path = format!("/proc/{pid}/ns/net");
    let opened =
        std::fs::File::open(&path).map_err(|source| Error::Network { what: format!("opening {path}"), source });
    Ok(opened?.into())
}

fn no_place(taken: &Taken, wanted: Option<Ipv4Addr>) -> Error {
    let wanted = wanted.map(|address| address.to_string()).unwrap_or_default();
    Error::Invalid(match taken {
        Taken::Outside => format!("address {wanted} is not one for members of the network"),
        Taken::Used => format!("address {wanted} is another member's"),
        Taken::Full => "the network has no free address".into(),
    })
}
