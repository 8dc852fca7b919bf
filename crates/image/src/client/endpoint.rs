use reqwest::Url;

use super::ClientError;
use super::routes::{Routes, is_loopback};

/// An address as it is configured.
#[derive(Clone, Debug)]
pub(super) struct Address {
    scheme: Option<Scheme>,
    authority: String,
    prefix: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
}

impl Address {
    pub(super) fn parse(text: &str) -> Result<Self, ClientError> {
        let (scheme, rest) = if let Some(rest) = text.strip_prefix("https://") {
            (Some(Scheme::Https), rest)
        } else if let Some(rest) = text.strip_prefix("http://") {
            (Some(Scheme::Http), rest)
        } else {
            (None, text)
        };
        let (authority, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = prefix.trim_matches('/');
        let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '@' | '?' | '#' | '\\' | '%');
        if authority.is_empty() || rest.contains(odd) || Url::parse(&format!("http://{authority}/")).is_err() {
            // What stands before an `@` may be a password.
            let shown = if text.contains('@') { "an address with `@`" } else { text };
            return Err(ClientError::Address { address: shown.to_owned() });
        }
        Ok(Self { scheme, authority: authority.to_owned(), prefix: prefix.to_owned() })
    }
}

/// A registry as it is spoken to.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    /// Its name in references, for messages and logins: `docker.io`.
    pub(super) registry: String,
    /// Where it is: `registry-1.docker.io`, `127.0.0.1:5000`.
    pub(super) authority: String,
    /// Put before every repository; empty, or without slashes around.
    prefix: String,
    /// `None`: to be found out, since it may be spoken to without TLS.
    pub(super) scheme: Option<Scheme>,
    /// Whether its certificate need not be vouched for.
    pub(super) lax: bool,
    /// Names its credentials may be kept under, in order.
    pub(super) logins: Vec<String>,
    /// Whether another one is asked when this one cannot help.
    pub(super) is_mirror: bool,
}

impl Endpoint {
    pub(super) fn own(registry: &str, routes: &Routes) -> Self {
        let authority = if registry == "docker.io" { "registry-1.docker.io" } else { registry };
        let address = Address { scheme: None, authority: authority.to_owned(), prefix: String::new() };
        Self { logins: vec![registry.to_owned()], ..Self::at(registry, &address, routes) }
    }

    /// A registry that stands in for another. The other's credentials are shown to it only when it is on this machine.
    pub(super) fn mapped(registry: &str, address: &Address, routes: &Routes) -> Self {
        let mut endpoint = Self::at(registry, address, routes);
        if is_loopback(&address.authority) {
            endpoint.logins.push(registry.to_owned());
        }
        endpoint
    }

    /// The same, when the registry itself is asked afterwards.
    pub(super) fn stand_in(registry: &str, address: &Address, routes: &Routes) -> Self {
        Self { is_mirror: true, ..Self::mapped(registry, address, routes) }
    }

    pub(super) fn mirror(registry: &str, address: &Address, routes: &Routes) -> Self {
        Self { is_mirror: true, ..Self::at(registry, address, routes) }
    }

    fn at(registry: &str, address: &Address, routes: &Routes) -> Self {
        let insecure = routes.is_insecure(&address.authority);
        Self {
            registry: registry.to_owned(),
            authority: address.authority.clone(),
            prefix: address.prefix.clone(),
            scheme: address.scheme.or((!insecure).then_some(Scheme::Https)),
            lax: insecure,
            logins: vec![address.authority.clone()],
            is_mirror: false,
        }
    }

    /// A repository's name over there.
    pub(super) fn repository(&self, repository: &str) -> String {
        if self.prefix.is_empty() { repository.to_owned() } else { format!("{}/{repository}", self.prefix) }
    }

    /// How it is named in messages: with its place where that is another.
    pub(super) fn shown(&self) -> String {
        if self.authority == self.registry || self.registry == "docker.io" && self.authority == "registry-1.docker.io" {
            self.registry.clone()
        } else {
            format!("{} (at {})", self.registry, self.authority)
        }
    }

    pub(super) fn base(&self, scheme: Scheme) -> Result<Url, ClientError> {
        let scheme = if scheme == Scheme::Http { "http" } else { "https" };
        Url::parse(&format!("{scheme}://{}/", self.authority))
            .map_err(|_| ClientError::Address { address: self.authority.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for text in ["", "/x", "http://", "user:hunter2@host", "a b", "host?x", "h%41"] {
            let error = Address::parse(text).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
        let address = Address::parse("http://127.0.0.1:5000/cache/ghcr.io/").unwrap();
        let endpoint = Endpoint::mapped("ghcr.io", &address, &Routes::default());
        assert_eq!(endpoint.repository("o/r"), "cache/ghcr.io/o/r");
        assert_eq!(endpoint.scheme, Some(Scheme::Http));
        assert_eq!(endpoint.shown(), "ghcr.io (at 127.0.0.1:5000)");
    }

    #[test]
    fn credentials_stay_where_they_belong() {
        let mut routes = Routes::default();
        routes.map.insert("ghcr.io".to_owned(), "127.0.0.1:5000".to_owned());
        routes.map.insert("quay.io".to_owned(), "elsewhere.example".to_owned());
        routes.mirrors.insert("docker.io".to_owned(), vec!["mirror.example".to_owned()]);
        assert_eq!(routes.endpoint("ghcr.io").unwrap().logins, ["127.0.0.1:5000", "ghcr.io"]);
        assert_eq!(routes.endpoint("quay.io").unwrap().logins, ["elsewhere.example"]);
        let sources = routes.sources("docker.io").unwrap();
        assert_eq!(sources[0].logins, ["mirror.example"]);
        assert_eq!(
            (sources[1].logins[0].as_str(), sources[1].authority.as_str()),
            ("docker.io", "registry-1.docker.io")
        );
    }

    #[test]
    fn tls_is_left_out_only_where_allowed() {
        let routes = Routes { insecure: vec!["old.example".to_owned()], ..Routes::default() };
        for (registry, scheme, lax) in [
            ("ghcr.io", Some(Scheme::Https), false),
            ("localhost:5000", None, true),
            ("x.localhost", None, true),
            ("old.example:8080", None, true),
        ] {
            let endpoint = Endpoint::own(registry, &routes);
            assert_eq!((endpoint.scheme, endpoint.lax), (scheme, lax), "{registry}");
        }
    }
}
