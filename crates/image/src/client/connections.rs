use std::sync::OnceLock;
use std::time::Duration;

use reqwest::{Certificate, Url, redirect};

use super::ClientError;
use super::routes::is_loopback;

/// The connection pools. Each is made when it is first needed: the system's certificates take milliseconds to read, and a
/// registry on this machine needs none.
#[derive(Debug, Default)]
pub(super) struct Connections {
    user_agent: String,
    strict: OnceLock<reqwest::Client>,
    lax: OnceLock<reqwest::Client>,
    local: OnceLock<reqwest::Client>,
}

const REDIRECTS: usize = 10;

impl Connections {
    pub(super) fn new(user_agent: &str) -> Self {
        Self { user_agent: user_agent.to_owned(), ..Self::default() }
    }

    /// The pool for a URL. `lax`: its certificate need not be vouched for.
    pub(super) fn to(&self, url: &Url, lax: bool) -> Result<&reqwest::Client, ClientError> {
        if url.host_str().is_some_and(is_loopback) {
            // As Go's clients: no proxy for what is on this machine.
            return made(&self.local, || {
                self.builder().no_proxy().tls_certs_only([] as [Certificate; 0]).tls_danger_accept_invalid_certs(true)
            });
        }
        if lax {
            return made(&self.lax, || {
                self.builder().tls_certs_only([] as [Certificate; 0]).tls_danger_accept_invalid_certs(true)
            });
        }
        made(&self.strict, || self.builder())
    }

    fn builder(&self) -> reqwest::ClientBuilder {
        // Does nothing when the program has chosen a provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        reqwest::Client::builder()
            .user_agent(&self.user_agent)
            .connect_timeout(Duration::from_secs(20))
            .pool_idle_timeout(Duration::from_secs(30))
            .tcp_nodelay(true)
            .redirect(redirect::Policy::custom(|attempt| {
                if attempt.previous().len() > REDIRECTS {
                    return attempt.error("it redirects again and again");
                }
                let from = attempt.previous().last().map(Url::scheme);
                if from == Some("https") && attempt.url().scheme() != "https" {
                    return attempt.error("it redirects from https to http");
                }
                attempt.follow()
            }))
    }
}

fn made(
    cell: &OnceLock<reqwest::Client>,
    builder: impl FnOnce() -> reqwest::ClientBuilder,
) -> Result<&reqwest::Client, ClientError> {
    if let Some(client) = cell.get() {
        return Ok(client);
    }
    let client = builder().build().map_err(|error| ClientError::Tls { reason: super::error::chain(&error) })?;
    Ok(cell.get_or_init(|| client))
}
