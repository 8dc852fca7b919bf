//! Who a client is when a proxy stands between.

use std::net::IpAddr;

use crate::Network;

/// The proxies whose word is taken for who the client is. Nobody's, if there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies(Vec<Network>);

/// This machine, and networks that are not out on the internet.
const NEAR: &[&str] =
    &["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "::1", "fc00::/7", "fe80::/10"];

impl Proxies {
    #[must_use]
    pub fn new(networks: Vec<Network>) -> Self {
        Self(networks)
    }

    /// Those on this machine and in private networks.
    #[must_use]
    pub fn near() -> Self {
        Self(NEAR.iter().filter_map(|network| network.parse().ok()).collect())
    }

    /// Whether whoever talks to us from this address may be a proxy, behind which there are many.
    #[must_use]
    pub fn contains(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.0.iter().any(|proxy| proxy.contains(peer))
    }

    /// The client's address, as it is counted and written down. `forwarded` is the last line `X-Forwarded-For` of the request:
    /// its last element was written by the proxy that talks to us, all before it by anybody.
    #[must_use]
    pub fn client(&self, peer: Option<IpAddr>, forwarded: Option<&str>) -> String {
        let Some(peer) = peer.map(|peer| peer.to_canonical()) else { return "unknown".to_owned() };
        let told = forwarded.filter(|_| self.contains(peer));
        let told = told.and_then(|line| address(line.rsplit(',').next().unwrap_or_default().trim()));
        told.unwrap_or(peer).to_canonical().to_string()
    }
}

/// Some proxies write the port behind it.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<std::net::SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::Proxies;

    #[test]
    fn clients_behind_proxies() {
        let one = Proxies::new(vec!["192.0.2.1".parse().unwrap()]);
        for (proxies, peer, forwarded, expected) in [
            (&Proxies::default(), "127.0.0.1", Some("8.8.8.8"), "127.0.0.1"),
            (&Proxies::near(), "127.0.0.1", Some("8.8.8.8"), "8.8.8.8"),
            (&Proxies::near(), "10.1.1.1", Some("127.0.0.1, 8.8.8.8"), "8.8.8.8"),
            (&Proxies::near(), "::ffff:127.0.0.1", Some("2001:db8::7"), "2001:db8::7"),
            (&Proxies::near(), "127.0.0.1", Some("8.8.8.8:1234"), "8.8.8.8"),
            (&Proxies::near(), "127.0.0.1", Some("[2001:db8::7]:1234"), "2001:db8::7"),
            // Straight from the internet: whatever it says of itself.
            (&Proxies::near(), "9.9.9.9", Some("127.0.0.1"), "9.9.9.9"),
            (&Proxies::near(), "127.0.0.1", Some("admin' OR 1"), "127.0.0.1"),
            (&Proxies::near(), "127.0.0.1", None, "127.0.0.1"),
            (&one, "192.0.2.1", Some("8.8.8.8"), "8.8.8.8"),
            (&one, "10.0.0.1", Some("8.8.8.8"), "10.0.0.1"),
        ] {
            assert_eq!(proxies.client(Some(peer.parse().unwrap()), forwarded), expected, "{peer} {forwarded:?}");
        }
        assert_eq!(Proxies::near().client(None, Some("8.8.8.8")), "unknown");
    }
}
