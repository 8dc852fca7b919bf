//! What keeps pages from being used against who looks at them.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::refusal::Refusal;
use crate::Server;

/// Nothing but our own script and style; in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 4] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // The set-up link has its token in its address.
    (header::REFERRER_POLICY, "same-origin"),
];

/// Refuses forms of other sites, the login's too, and says in each answer what a browser may do with it.
pub(super) async fn put_on(State(server): State<Server>, request: Request, next: Next) -> Response {
    let from_here = request.method() == Method::GET || is_from_here(request.headers(), server.url());
    let mut response = if from_here { next.run(request).await } else { Refusal::Foreign.into_response() };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Pages are for who is logged in; styles say for themselves how long they hold.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Whether a form was sent by one of our pages, as far as the browser says. What is no browser says nothing.
fn is_from_here(headers: &HeaderMap, url: &str) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text("origin") else { return true };
    let authority = origin.split_once("://").map_or(origin, |(_, authority)| authority);
    origin == url || text("host") == Some(authority)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderName, HeaderValue};

    #[test]
    fn forms_of_other_sites() {
        for (headers, expected) in [
            (&[][..], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "cross-site"), ("origin", "https://ci.example.com")], false),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("origin", "https://ci.example.com"), ("host", "10.0.0.1")], true),
            (&[("origin", "http://10.0.0.1:3000"), ("host", "10.0.0.1:3000")], true),
            (&[("origin", "https://evil.example"), ("host", "ci.example.com")], false),
            (&[("origin", "null"), ("host", "ci.example.com")], false),
        ] {
            let map: HeaderMap = headers
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
                .collect();
            assert_eq!(super::is_from_here(&map, "https://ci.example.com"), expected, "{headers:?}");
        }
    }
}
