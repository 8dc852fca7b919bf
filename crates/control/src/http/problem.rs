//! Errors as the protocol has them.

use api::wire::{ErrorCode, PROBLEM_JSON, Problem};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::Error;

#[derive(Debug)]
pub(super) struct Refused(Problem);

impl Refused {
    pub(super) fn new(status: u16, code: ErrorCode, title: &str, detail: impl Into<String>) -> Self {
        Self(Problem { status, title: title.to_owned(), detail: detail.into(), code })
    }

    pub(super) fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(401, ErrorCode::Unauthorized, "not known here", detail)
    }

    pub(super) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(422, ErrorCode::Invalid, "this cannot be taken", detail)
    }

    /// Another claim holds the job, or it has ended.
    pub(super) fn fenced(job: i64, fence: i64) -> Self {
        let detail = format!("claim {fence} of job {job} is over: stop it and report nothing");
        Self::new(409, ErrorCode::Fenced, "the job is not this runner's any more", detail)
    }

    pub(super) fn incomplete(detail: impl Into<String>) -> Self {
        Self::new(409, ErrorCode::Incomplete, "something is missing", detail)
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        if error.is_passing() {
            let full = matches!(error, Error::Store(store::Error::DiskFull));
            return if full {
                Self::new(507, ErrorCode::NoSpace, "there is no room", detail)
            } else {
                Self::new(503, ErrorCode::Unavailable, "try again", detail)
            };
        }
        match error {
            Error::NotFound(_) => Self::new(404, ErrorCode::NotFound, "not found", detail),
            Error::Invalid { .. } => Self::invalid(detail),
            Error::Forbidden(_) => Self::new(403, ErrorCode::Forbidden, "forbidden", detail),
            Error::Conflict(_) => Self::new(409, ErrorCode::Invalid, "not now", detail),
            Error::Identity(identity::Error::BadCredentials { .. }) => Self::unauthorized(detail),
            // What went wrong inside is told to the administrator, not to runners.
            _ => {
                crate::work::report(&format!("runner protocol: {detail}"));
                Self::new(500, ErrorCode::Internal, "the server made a mistake", "")
            }
        }
    }
}

impl From<store::Error> for Refused {
    fn from(error: store::Error) -> Self {
        Error::from(error).into()
    }
}

/// What could not even be read is refused in the protocol's words, too.
pub(super) async fn always(response: Response) -> Response {
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE);
    if !status.is_client_error() || kind.is_some_and(|kind| kind.as_bytes() == PROBLEM_JSON.as_bytes()) {
        return response;
    }
    // Axum's own answers are a line of text.
    let text = axum::body::to_bytes(response.into_body(), 4096).await.unwrap_or_default();
    let code = if status == StatusCode::NOT_FOUND { ErrorCode::NotFound } else { ErrorCode::Invalid };
    Refused::new(status.as_u16(), code, "this cannot be taken", String::from_utf8_lossy(&text)).into_response()
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_string(&self.0).unwrap_or_default();
        (status, [(header::CONTENT_TYPE, PROBLEM_JSON)], body).into_response()
    }
}
