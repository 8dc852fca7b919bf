use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};
use identity::Identity;

/// The client's address, by which wrong passwords and requests are counted: the one way to it, for git, pages, images and
/// the API alike.
#[must_use]
pub fn client_address(identity: &Identity, extensions: &Extensions, headers: &HeaderMap) -> String {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip());
    // A proxy may add a line of its own behind what the client sent.
    let forwarded = headers.get_all("x-forwarded-for").iter().next_back();
    identity.settings().proxies.client(peer, forwarded.map(|line| line.to_str().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use identity::{MasterKeys, Proxies, Settings};

    use super::*;

    /// What a client sent stays in front of what a proxy adds, also where the proxy adds a line of its own.
    #[tokio::test]
    async fn the_last_line_counts() {
        let database = store::testing::Database::sqlite();
        let settings = Settings { proxies: Proxies::near(), ..Settings::default() };
        let keys = MasterKeys::from_bytes([1; 32], &[]);
        let identity = Identity::start(database.open().await, keys, settings).await.unwrap();
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 1000))));
        let mut headers = HeaderMap::new();
        assert_eq!(client_address(&identity, &extensions, &headers), "127.0.0.1");
        headers.append("x-forwarded-for", HeaderValue::from_static("127.0.0.1"));
        headers.append("x-forwarded-for", HeaderValue::from_static("8.8.8.8"));
        assert_eq!(client_address(&identity, &extensions, &headers), "8.8.8.8");
        headers.append("x-forwarded-for", HeaderValue::from_bytes(b"\xff").unwrap());
        assert_eq!(client_address(&identity, &extensions, &headers), "127.0.0.1");
    }
}
