//! Failures as each client understands them.

use crate::Error;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, body::Body};
use serde_json::json;

/// The code of a full disk. Twirp has none for it; its `resource_exhausted` is what clients wait out and repeat.
const NO_SPACE: &str = "no_space";

/// A Twirp error: code and message; the HTTP status follows from the code.
#[derive(Debug)]
pub(super) struct Twirp {
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Twirp {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Twirp {
        Twirp { code, message: message.into() }
    }

    fn status(&self) -> StatusCode {
        match self.code {
            "malformed" | "invalid_argument" => StatusCode::BAD_REQUEST,
            "unauthenticated" => StatusCode::UNAUTHORIZED,
            "permission_denied" => StatusCode::FORBIDDEN,
            "not_found" | "bad_route" => StatusCode::NOT_FOUND,
            "already_exists" => StatusCode::CONFLICT,
            "failed_precondition" => StatusCode::PRECONDITION_FAILED,
            "resource_exhausted" => StatusCode::TOO_MANY_REQUESTS,
            "unavailable" => StatusCode::SERVICE_UNAVAILABLE,
            NO_SPACE => StatusCode::INSUFFICIENT_STORAGE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<Error> for Twirp {
    fn from(error: Error) -> Twirp {
        let code = match &error {
            error if error.is_full() => NO_SPACE,
            Error::Away(_) => "unavailable",
            Error::Name(_) | Error::Size { .. } | Error::Digest { .. } | Error::BadKey(_) => "invalid_argument",
            Error::TooLarge { .. } | Error::BlockList(_) => "invalid_argument",
            Error::TooMany => "resource_exhausted",
            Error::ArtifactExists { .. } | Error::CacheExists { .. } | Error::CacheReserved { .. } => "already_exists",
            Error::NoArtifact { .. } | Error::NoCache { .. } => "not_found",
            Error::NotUploaded { .. } => "failed_precondition",
            Error::ReadOnly => "permission_denied",
            Error::Io { .. } | Error::Index { .. } | Error::Archive { .. } | Error::Key(_) => "internal",
            Error::Refused { .. } | Error::Server(_) | Error::NoSpace(_) => "internal",
        };
        Twirp::new(code, error.to_string())
    }
}

impl IntoResponse for Twirp {
    fn into_response(self) -> Response {
        (self.status(), Json(json!({"code": self.code, "msg": self.message}))).into_response()
    }
}

/// An error of the older interfaces: `{"message": …}`.
#[derive(Debug)]
pub(super) struct Plain(pub(super) StatusCode, pub(super) String);

impl From<Error> for Plain {
    fn from(error: Error) -> Plain {
        let twirp = Twirp::from(error);
        Plain(twirp.status(), twirp.message)
    }
}

impl IntoResponse for Plain {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"message": self.1}))).into_response()
    }
}

/// An error of the blob interface: XML and a code in a header, as Azure's clients read them.
#[derive(Debug)]
pub(super) struct Blob(pub(super) StatusCode, pub(super) &'static str, pub(super) String);

impl From<Error> for Blob {
    fn from(error: Error) -> Blob {
        let (status, code) = match &error {
            error if error.is_full() => (StatusCode::INSUFFICIENT_STORAGE, "InsufficientStorage"),
            Error::Away(_) => (StatusCode::SERVICE_UNAVAILABLE, "ServerBusy"),
            Error::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "RequestBodyTooLarge"),
            Error::BlockList(_) => (StatusCode::BAD_REQUEST, "InvalidBlockList"),
            Error::NoArtifact { .. } | Error::NoCache { .. } => (StatusCode::NOT_FOUND, "BlobNotFound"),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
        };
        Blob(status, code, error.to_string())
    }
}

impl IntoResponse for Blob {
    fn into_response(self) -> Response {
        let Blob(status, code, message) = self;
        let message = message.replace('&', "&amp;").replace('<', "&lt;");
        let xml = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
        );
        let response = Response::builder()
            .status(status)
            .header("content-type", "application/xml")
            .header("x-ms-error-code", code)
            .header("x-ms-request-id", uuid::Uuid::new_v4().to_string())
            .body(Body::from(xml));
        response.unwrap_or_else(|_| status.into_response())
    }
}

pub(super) async fn unknown_route(uri: axum::http::Uri) -> Twirp {
    Twirp::new("bad_route", format!("nothing is served at {}", uri.path()))
}
