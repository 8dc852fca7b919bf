use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::ClientError;
use super::endpoint::{Address, Endpoint};

/// Where registries really are. Addresses are `HOST[:PORT][/PREFIX]`, with `http://` or `https://` before where it is not
/// to be found out.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    /// Registries that stand in for others, for pulls and pushes: `ghcr.io` to `127.0.0.1:5000`.
    pub map: BTreeMap<String, String>,
    /// Registries asked before another, for pulls only, in this order.
    pub mirrors: BTreeMap<String, Vec<String>>,
    /// Mapped registries that are asked themselves, for pulls, when what stands in for them does not help.
    pub fallback: BTreeSet<String>,
    /// `HOST` or `HOST:PORT` that may be spoken to without TLS, or with a certificate nobody vouches for.
    pub insecure: Vec<String>,
}

impl Routes {
    /// Says what is wrong with one address.
    ///
    /// # Errors
    /// When it has not the form of an address.
    pub fn check_address(address: &str) -> Result<(), ClientError> {
        Address::parse(address).map(drop)
    }

    pub(super) fn check(&self) -> Result<(), ClientError> {
        for address in self.map.values().chain(self.mirrors.values().flatten()) {
            Address::parse(address)?;
        }
        Ok(())
    }

    /// The one place a registry is at.
    pub(super) fn endpoint(&self, registry: &str) -> Result<Endpoint, ClientError> {
        match self.map.get(registry) {
            Some(address) => Ok(Endpoint::mapped(registry, &Address::parse(address)?, self)),
            None => Ok(Endpoint::own(registry, self)),
        }
    }

    /// Every place to pull from, in order. The registry itself is the last.
    pub(super) fn sources(&self, registry: &str) -> Result<Vec<Endpoint>, ClientError> {
        let mut sources = Vec::new();
        if !self.map.contains_key(registry) {
            for mirror in self.mirrors.get(registry).into_iter().flatten() {
                sources.push(Endpoint::mirror(registry, &Address::parse(mirror)?, self));
            }
        }
        match self.map.get(registry).filter(|_| self.fallback.contains(registry)) {
            Some(address) => {
                sources.push(Endpoint::stand_in(registry, &Address::parse(address)?, self));
                sources.push(Endpoint::own(registry, self));
            }
            None => sources.push(self.endpoint(registry)?),
        }
        Ok(sources)
    }

    pub(super) fn is_insecure(&self, authority: &str) -> bool {
        let host = host(authority);
        is_loopback(authority) || self.insecure.iter().any(|entry| entry == authority || entry == host)
    }
}

/// The host of `HOST`, `HOST:PORT` or `[ADDRESS]:PORT`.
pub(super) fn host(authority: &str) -> &str {
    if let Some(rest) = authority.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    authority.split(':').next().unwrap_or(authority)
}

/// Whether this names the machine itself: `localhost`, names below it, `127.0.0.0/8`, `::1`.
pub(super) fn is_loopback(authority: &str) -> bool {
    let host = host(authority).trim_end_matches('.').to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::{host, is_loopback};

    #[test]
    fn this_machine() {
        for (authority, expected) in [
            ("localhost", true),
            ("localhost:5000", true),
            ("registry.localhost:80", true),
            ("127.0.0.1:5000", true),
            ("127.8.9.10", true),
            ("[::1]:5000", true),
            ("[::ffff:127.0.0.1]:5000", true),
            ("localhost.example.com", false),
            ("128.0.0.1", false),
            ("notlocalhost", false),
            ("127.0.0.1.example.com", false),
        ] {
            assert_eq!(is_loopback(authority), expected, "{authority}");
        }
    }

    #[test]
    fn hosts() {
        assert_eq!(host("[::1]:5000"), "::1");
        assert_eq!(host("a.example:1"), "a.example");
    }
}
