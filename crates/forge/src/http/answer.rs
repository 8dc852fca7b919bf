//! Errors as git shows them: the text of the body stands behind `remote:`.

use std::io::Write as _;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::Error;

/// An error as an answer.
pub(super) struct Refusal(pub(super) Error);

impl<E: Into<Error>> From<E> for Refusal {
    fn from(error: E) -> Refusal {
        Refusal(error.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            let _ = writeln!(std::io::stderr(), "trunkline: git over HTTP: {}", self.0);
        }
        // What went wrong inside is for the server's own log.
        let text = match status {
            StatusCode::INTERNAL_SERVER_ERROR => "the server made a mistake".to_owned(),
            StatusCode::NOT_FOUND => "Repository not found.".to_owned(),
            StatusCode::INSUFFICIENT_STORAGE => "The server's disk is full; nothing was taken in.".to_owned(),
            _ => self.0.to_string(),
        };
        let mut response = (status, [(header::CACHE_CONTROL, "no-cache")], format!("{text}\n")).into_response();
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Trunkline\""));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}

/// What git sends is never kept.
pub(super) fn fresh(content_type: &'static str) -> [(header::HeaderName, &'static str); 3] {
    [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-cache, max-age=0, must-revalidate"),
        (header::EXPIRES, "Fri, 01 Jan 1980 00:00:00 GMT"),
    ]
}
