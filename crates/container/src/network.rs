//! Networks of a table of containers.

use jiff::Timestamp;
use sandbox::NetworkHandle;

/// A network with a name.
#[derive(Debug, Clone)]
pub struct Network {
    pub id: String,
    pub name: String,
    pub handle: NetworkHandle,
    pub labels: Vec<(String, String)>,
    pub internal: bool,
    pub created: Timestamp,
    /// Belongs to somebody else, who also ends it.
    pub(crate) lent: bool,
}

/// What a network is asked to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetworkRequest {
    pub name: String,
    pub labels: Vec<(String, String)>,
    /// Nothing beyond its members is reached.
    pub internal: bool,
    pub subnet: Option<(std::net::Ipv4Addr, u8)>,
}

/// The network of containers that name none.
pub const DEFAULT_NETWORK: &str = "bridge";
