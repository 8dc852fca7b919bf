//! Which part answers a request: by the first words of its path.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::Server;

/// First words of what jobs talk to. No account has such a name (`identity` keeps the list), nor one of those that pages have.
const SERVICES: &[&str] = &["twirp", "blobs", "_apis", "oidc", ".well-known"];
/// First words of the registry.
const IMAGES: &[&str] = &["v2", "token"];

/// The parts that answer requests. Each sees the path as the client sent it.
#[derive(Clone)]
pub(crate) struct Front {
    /// The server's name.
    host: String,
    runners: Router,
    git: Router,
    api: Router,
    /// The API as a host of its own has it, without a path before it.
    api_host: Router,
    services: Router,
    images: Option<Router>,
    pages: Router,
    /// Pages that follow something are let go then.
    parting: CancellationToken,
}

impl Front {
    pub(crate) fn of(server: &Server, parting: CancellationToken) -> Self {
        Self {
            host: host_of(server.url()).to_owned(),
            runners: server.runner_routes(),
            git: server.forge().router(),
            api: server.api().router(),
            api_host: api_host(server),
            services: server.service_routes(),
            images: server.image_routes(),
            pages: crate::pages::router(server),
            parting,
        }
    }

    pub(crate) fn router(self) -> Router {
        Router::new().fallback(move |request: Request| {
            let front = self.clone();
            async move { front.answer(request).await }
        })
    }

    async fn answer(&self, request: Request) -> Response {
        let part = match self.part(request.uri().path(), request.headers()) {
            Some(part) => part.clone(),
            None => return (StatusCode::NOT_FOUND, "there is nothing here\n").into_response(),
        };
        let mut response = match part.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        // Whoever is away for a moment says when to come back.
        if response.status() == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().entry(header::RETRY_AFTER).or_insert(HeaderValue::from_static("5"));
        }
        if response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream") {
            let parting = self.parting.clone().cancelled_owned();
            return response.map(|body| Body::from_stream(body.into_data_stream().take_until(parting)));
        }
        response
    }

    fn part(&self, path: &str, headers: &HeaderMap) -> Option<&Router> {
        if is_api_host(headers, &self.host) {
            return Some(&self.api_host);
        }
        let mut words = path.trim_start_matches('/').split('/');
        let (first, second, third, fourth) = (words.next().unwrap_or(""), words.next(), words.next(), words.next());
        Some(match first {
            "_trunkline" if second == Some("hooks") => &self.git,
            "_trunkline" => &self.runners,
            "api" => &self.api,
            word if SERVICES.contains(&word) => &self.services,
            word if IMAGES.contains(&word) => return self.images.as_ref(),
            _ if is_git(second, third, fourth) => &self.git,
            _ => &self.pages,
        })
    }
}

/// `api.ci.example.com` of `ci.example.com`, which is what GitHub's tools call; a server whose own name begins with `api.` is
/// no API. Ports are not looked at: a proxy may have changed them.
fn is_api_host(headers: &HeaderMap, own: &str) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("api.")) && name[4..].eq_ignore_ascii_case(own)
}

/// The name in the server's address.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or(rest)
}

fn api_host(server: &Server) -> Router {
    let api = server.api().clone();
    Router::new().fallback(move |request: Request| {
        let api = api.clone();
        async move { api.handle_host(request).await }
    })
}

/// `/owner/name.git/…`, what git asks of `/owner/name` without the ending, and the files of releases.
fn is_git(second: Option<&str>, third: Option<&str>, fourth: Option<&str>) -> bool {
    let named = second.is_some_and(|name| name.ends_with(".git") && third.is_some());
    named
        || matches!(third, Some("info" | "git-upload-pack" | "git-receive-pack"))
        || (third, fourth) == (Some("releases"), Some("download"))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::{IMAGES, SERVICES, host_of, is_api_host, is_git};

    /// Every first word that leads to a part of the server, here and in the routers of the pages and the probes.
    #[test]
    fn no_account_stands_where_the_server_answers() {
        let sources = [include_str!("pages.rs"), include_str!("health.rs")];
        let own = sources.iter().flat_map(|source| source.split('"').skip(1).step_by(2));
        let routed = own.filter_map(|text| text.strip_prefix('/')).filter_map(|path| path.split('/').next());
        let routed: Vec<&str> = routed.filter(|word| !word.is_empty() && !word.starts_with('{')).collect();
        assert!(
            ["login", "setup", "static", "healthz", "metrics"].iter().all(|word| routed.contains(word)),
            "{routed:?}"
        );
        for word in ["_trunkline", "api"].iter().chain(SERVICES).chain(IMAGES).chain(&routed) {
            assert!(identity::check_login(word).is_err(), "`{word}` is the server's, and may not be a login");
        }
    }

    #[test]
    fn the_host_of_the_api() {
        for (url, host, expected) in [
            ("https://ci.example.com", "api.ci.example.com", true),
            ("https://ci.example.com:3000", "API.ci.example.com:80", true),
            ("https://ci.example.com", "ci.example.com", false),
            ("https://api.example.com", "api.example.com", false),
            ("https://api.example.com", "api.api.example.com", true),
            ("http://localhost:3000", "api.localhost:3000", true),
            ("http://localhost:3000", "api.elsewhere.example", false),
            ("http://localhost:3000", "äpi", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_bytes(host.as_bytes()).unwrap());
            assert_eq!(is_api_host(&headers, host_of(url)), expected, "{host} of {url}");
        }
    }

    #[test]
    fn paths_of_git() {
        for (path, expected) in [
            ("team/app.git/info/refs", true),
            ("team/app/info/refs", true),
            ("team/app/git-upload-pack", true),
            ("team/app.git", false),
            ("team/app", false),
            ("team/app/runs/3", false),
            ("team/app/releases/download/v1/app.zip", true),
            ("team/app/releases/v1", false),
        ] {
            let mut words = path.split('/').skip(1);
            assert_eq!(is_git(words.next(), words.next(), words.next()), expected, "{path}");
        }
    }
}
