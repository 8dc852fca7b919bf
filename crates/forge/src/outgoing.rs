//! The one client for other servers: webhooks, other forges' APIs, custom gates.
//!
//! It refuses addresses inside the network the server stands in (loopback, private, link-local, …) unless they are allowed:
//! each name is looked up here, every address it has is judged, and the connection goes to one that was judged. The same
//! for each redirect, so that neither a redirect nor a second answer of the name server leads inside.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{Method, StatusCode, Url};

use crate::{Error, Result};

/// What the administrator decided.
#[derive(Clone, Debug)]
pub struct OutgoingSettings {
    /// Hosts, addresses and networks (`10.0.0.0/8`) that may be talked to although they are private.
    pub allow: Vec<String>,
    /// Everything is allowed.
    pub allow_private: bool,
    pub timeout: Duration,
    /// Certificates that are trusted beside the system's, in PEM.
    pub certificates: Vec<Vec<u8>>,
}

impl Default for OutgoingSettings {
    fn default() -> OutgoingSettings {
        OutgoingSettings {
            allow: Vec::new(),
            allow_private: false,
            timeout: Duration::from_secs(10),
            certificates: Vec::new(),
        }
    }
}

/// A request to another server.
#[derive(Clone, Debug)]
pub struct Outgo {
    pub method: Method,
    pub url: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Certificates are not checked.
    pub insecure: bool,
    /// Redirects that are followed.
    pub redirects: usize,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Income {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// The beginning of the body.
    pub body: Vec<u8>,
}

/// Bytes of an answer that are read.
const LONGEST_ANSWER: usize = 4 << 20;

/// The client. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Outgoing {
    judge: Arc<Judge>,
    strict: reqwest::Client,
    insecure: reqwest::Client,
}

impl Outgoing {
    pub(crate) fn new(settings: OutgoingSettings) -> Result<Outgoing> {
        let judge = Arc::new(Judge::new(&settings)?);
        let build = |insecure: bool| {
            let mut builder = reqwest::Client::builder()
                .user_agent(concat!("Trunkline/", env!("CARGO_PKG_VERSION")))
                .redirect(reqwest::redirect::Policy::none())
                .timeout(settings.timeout)
                .connect_timeout(settings.timeout.min(Duration::from_secs(5)))
                // A proxy would look names up by itself.
                .no_proxy()
                .dns_resolver(Arc::new(Lookup(judge.clone())))
                .danger_accept_invalid_certs(insecure);
            for pem in &settings.certificates {
                let certificate = reqwest::Certificate::from_pem(pem).map_err(|error| remote(&error))?;
                builder = builder.add_root_certificate(certificate);
            }
            builder.build().map_err(|error| remote(&error))
        };
        Ok(Outgoing { strict: build(false)?, insecure: build(true)?, judge })
    }

    /// Whether an address may be talked to, as far as it can be told without looking its name up.
    ///
    /// # Errors
    /// A sentence with the reason.
    pub fn check_url(&self, url: &str) -> Result<Url> {
        let url: Url =
            url.parse().map_err(|error| Error::invalid("Hook", "url", format!("`{url}` is no URL: {error}")))?;
        self.judge.url(&url).map_err(|reason| Error::invalid("Hook", "url", reason))?;
        Ok(url)
    }

    /// Looks up where an address leads, for a client that connects by itself: `HOST:PORT:ADDRESS[,ADDRESS]`, or nothing where
    /// the address is one already.
    ///
    /// # Errors
    /// [`Error::Remote`] when it leads inside, or nowhere.
    pub async fn pin(&self, url: &str) -> Result<Option<String>> {
        let url = self.check_url(url)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        if host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
            return Ok(None);
        }
        let port = url.port_or_known_default().unwrap_or(443);
        let looked = tokio::net::lookup_host((host.as_str(), port)).await;
        let found: Vec<SocketAddr> = looked.map_err(|error| Error::Remote(format!("{host}: {error}")))?.collect();
        let mut addresses = Vec::new();
        for address in found {
            self.judge.address(&host, address.ip()).map_err(Error::Remote)?;
            addresses.push(match address.ip() {
                IpAddr::V4(v4) => v4.to_string(),
                IpAddr::V6(v6) => format!("[{v6}]"),
            });
        }
        if addresses.is_empty() {
            return Err(Error::Remote(format!("{host} has no address")));
        }
        Ok(Some(format!("{host}:{port}:{}", addresses.join(","))))
    }

    /// Sends a request. Redirects of a POST that ask for a GET are not followed.
    ///
    /// # Errors
    /// [`Error::Remote`] with the reason: refused, not reached, too late.
    pub async fn send(&self, request: Outgo) -> Result<Income> {
        let client = if request.insecure { &self.insecure } else { &self.strict };
        let mut url = self.check_url(&request.url).map_err(|error| Error::Remote(error.to_string()))?;
        let mut headers = request.headers.clone();
        for _ in 0..=request.redirects {
            let response = client
                .request(request.method.clone(), url.clone())
                .headers(headers.clone())
                .body(request.body.clone())
                .send()
                .await
                .map_err(|error| remote(&error))?;
            let status = response.status();
            let keeps_method = matches!(status.as_u16(), 307 | 308) || request.method == Method::GET;
            let next = response.headers().get(LOCATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
            if let Some(next) = next.filter(|_| status.is_redirection() && keeps_method && request.redirects > 0) {
                let next = url.join(&next).map_err(|error| Error::Remote(format!("a redirect to no URL: {error}")))?;
                self.judge.url(&next).map_err(|reason| Error::Remote(format!("a redirect was refused: {reason}")))?;
                if next.host_str() != url.host_str() || next.port_or_known_default() != url.port_or_known_default() {
                    // Credentials are for the server they were given for.
                    headers.remove(reqwest::header::AUTHORIZATION);
                }
                url = next;
                continue;
            }
            return read(response).await;
        }
        Err(Error::Remote("too many redirects".to_owned()))
    }
}

async fn read(mut response: reqwest::Response) -> Result<Income> {
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| remote(&error))? {
        let room = LONGEST_ANSWER - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == LONGEST_ANSWER {
            break;
        }
    }
    Ok(Income { status, headers, body })
}

fn remote(error: &reqwest::Error) -> Error {
    // The innermost cause says most: `connection refused`, or this module's own refusal.
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = inner.to_string();
        cause = inner.source();
    }
    Error::Remote(text)
}

/// Says which addresses may be talked to.
#[derive(Debug)]
struct Judge {
    allow_all: bool,
    hosts: Vec<String>,
    networks: Vec<identity::Network>,
}

impl Judge {
    fn new(settings: &OutgoingSettings) -> Result<Judge> {
        let mut judge = Judge { allow_all: settings.allow_private, hosts: Vec::new(), networks: Vec::new() };
        for entry in &settings.allow {
            match entry.parse() {
                Ok(network) => judge.networks.push(network),
                Err(_) if !entry.contains('/') => judge.hosts.push(entry.to_lowercase()),
                Err(wrong) => return Err(Error::invalid("Setting", "allow", wrong.to_string())),
            }
        }
        Ok(judge)
    }

    fn url(&self, url: &Url) -> Result<(), String> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("`{}` is none of http and https", url.scheme()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("a user or a password does not belong in an address".to_owned());
        }
        let host = url.host_str().unwrap_or_default();
        if host.is_empty() {
            return Err("it names no host".to_owned());
        }
        match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) => self.address(host, address),
            Err(_) => Ok(()),
        }
    }

    fn address(&self, host: &str, address: IpAddr) -> Result<(), String> {
        let address = address.to_canonical();
        let allowed = self.allow_all
            || self.hosts.contains(&host.to_lowercase())
            || self.networks.iter().any(|network| network.contains(address));
        if allowed || !is_inside(address) {
            return Ok(());
        }
        Err(format!("{host} leads to an address inside this network: an administrator may allow it"))
    }
}

/// Looks names up and drops those that lead inside.
struct Lookup(Arc<Judge>);

impl Resolve for Lookup {
    fn resolve(&self, name: Name) -> Resolving {
        let judge = self.0.clone();
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            for address in &found {
                // One address inside is enough to refuse: which of them is taken is a matter of chance.
                judge.address(&host, address.ip()).map_err(std::io::Error::other)?;
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Addresses that are not out on the internet.
fn is_inside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_inside_v4(v4),
        IpAddr::V6(v6) => is_inside_v6(v6),
    }
}

fn is_inside_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    v4.is_loopback()
        || v4.is_private()
        || v4.is_link_local()
        || v4.is_broadcast()
        || v4.is_multicast()
        || v4.is_documentation()
        || a == 0
        // Shared by carriers, for protocols, for benchmarks, kept for later.
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b))
        || a >= 240
}

fn is_inside_v6(v6: Ipv6Addr) -> bool {
    let segments = v6.segments();
    // An address of version 4 in one of the ways there are to write it.
    let embedded = match segments {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => Some((high, low)),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some((high, low)),
        _ => None,
    };
    if let Some((high, low)) = embedded {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        if is_inside_v4(Ipv4Addr::new(a, b, c, d)) {
            return true;
        }
    }
    v6.is_loopback()
        || v6.is_unspecified()
        || v6.is_multicast()
        || v6.is_unique_local()
        || v6.is_unicast_link_local()
        || segments[0] & 0xffc0 == 0xfec0
        || (segments[0] == 0x2001 && segments[1] == 0xdb8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_inside_are_refused_however_they_are_written() {
        let judge = Judge::new(&OutgoingSettings::default()).expect("defaults");
        let refused = [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://10.1.2.3/",
            "http://172.16.0.1/",
            "http://192.168.1.1/",
            "http://169.254.169.254/latest/meta-data",
            "http://0.0.0.0/",
            "http://100.64.0.1/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2002:7f00:1::]/",
            "http://[fe80::1]/",
            "http://[fd00::1]/",
            "http://[::]/",
            "http://224.0.0.1/",
            "http://255.255.255.255/",
            "ftp://example.com/",
            "file:///etc/passwd",
            "http://user:pw@example.com/",
        ];
        for text in refused {
            let url: Url = text.parse().expect(text);
            assert!(judge.url(&url).is_err(), "{text}");
        }
        for text in ["https://example.com/x", "http://8.8.8.8/", "http://[2606:4700::1111]/", "http://172.32.0.1/"] {
            let url: Url = text.parse().expect(text);
            assert_eq!(judge.url(&url), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_the_administrator_allows_is_allowed_and_nothing_else() {
        let allow = ["10.0.0.0/8", "hooks.internal", "::1"].map(str::to_owned).to_vec();
        let judge = Judge::new(&OutgoingSettings { allow, ..OutgoingSettings::default() }).expect("valid");
        let address = |text: &str| text.parse::<IpAddr>().expect(text);
        assert!(judge.address("10.9.9.9", address("10.9.9.9")).is_ok());
        assert!(judge.address("hooks.internal", address("192.168.0.9")).is_ok());
        assert!(judge.address("::1", address("::1")).is_ok());
        assert!(judge.address("127.0.0.1", address("127.0.0.1")).is_err());
        assert!(judge.address("other.internal", address("192.168.0.9")).is_err());
        let bad = OutgoingSettings { allow: vec!["10.0.0.0/40".to_owned()], ..OutgoingSettings::default() };
        assert!(Judge::new(&bad).is_err());
    }
}
