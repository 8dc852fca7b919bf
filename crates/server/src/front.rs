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

/// The parts that answer requests. Each sees the path as the client sent it.
#[derive(Clone)]
pub(crate) struct Front {
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
        if is_api_host(headers) {
            return Some(&self.api_host);
        }
        let mut words = path.trim_start_matches('/').split('/');
        let (first, second, third, fourth) = (words.next().unwrap_or(""), words.next(), words.next(), words.next());
        Some(match first {
            "_trunkline" if second == Some("hooks") => &self.git,
            "_trunkline" => &self.runners,
            "api" => &self.api,
            "twirp" | "blobs" | "_apis" | "oidc" | ".well-known" => &self.services,
            "v2" | "token" => return self.images.as_ref(),
            _ if is_git(second, third, fourth) => &self.git,
            _ => &self.pages,
        })
    }
}

/// `api.ci.example.com`, which is what GitHub's tools call at github.com's.
fn is_api_host(headers: &HeaderMap) -> bool {
    headers.get(header::HOST).and_then(|host| host.to_str().ok()).is_some_and(|host| host.starts_with("api."))
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
    use super::is_git;

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
