use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::Error;

/// An answer that is no success, in the form that the distribution specification gives it.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    detail: Option<Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), detail: None, headers: Vec::new() }
    }

    /// With a message of its own.
    pub(crate) fn because(self, message: String) -> Self {
        Self { message, ..self }
    }

    pub(crate) fn detail(mut self, detail: Value) -> Self {
        self.detail = Some(detail);
        self
    }

    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    pub(crate) fn blob_unknown(digest: impl ToString) -> Self {
        Self::new(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", "the repository has no such blob")
            .detail(json!({ "digest": digest.to_string() }))
    }

    pub(crate) fn manifest_unknown(reference: impl ToString) -> Self {
        Self::new(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", "the repository has no such manifest")
            .detail(json!({ "reference": reference.to_string() }))
    }

    pub(crate) fn manifest_invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", message)
    }

    pub(crate) fn upload_unknown() -> Self {
        Self::new(StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN", "there is no such upload in this repository")
    }

    pub(crate) fn upload_invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BLOB_UPLOAD_INVALID", message)
    }

    pub(crate) fn digest_invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "DIGEST_INVALID", message)
    }

    pub(crate) fn size_invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "SIZE_INVALID", message)
    }

    pub(crate) fn name_invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "NAME_INVALID", message)
    }

    pub(crate) fn name_unknown(name: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NAME_UNKNOWN", "there is no such repository").detail(json!({ "name": name }))
    }

    pub(crate) fn unsupported(message: impl Into<String>) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", message)
    }

    pub(crate) fn too_large(code: &'static str, limit: u64) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, code, format!("larger than the {limit} bytes allowed here"))
    }

    /// What went wrong on this side; the client learns that it did, the log what it was.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN", message)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match &error {
            Error::Blob(blob) => match blob {
                blob::Error::Mismatch { .. } => Self::digest_invalid(blob.to_string()),
                blob::Error::Missing(digest) => Self::blob_unknown(digest),
                blob::Error::UnknownUpload(_) => Self::upload_unknown(),
                blob::Error::UploadInUse(_) => Self::upload_invalid("another request writes to this upload"),
                _ if error.is_full() => Self::new(StatusCode::INSUFFICIENT_STORAGE, "UNKNOWN", error.to_string()),
                _ => Self::internal(error.to_string()),
            },
            _ if error.is_full() => Self::new(StatusCode::INSUFFICIENT_STORAGE, "UNKNOWN", error.to_string()),
            _ => Self::internal(error.to_string()),
        }
    }
}

impl From<blob::Error> for Problem {
    fn from(error: blob::Error) -> Self {
        Error::from(error).into()
    }
}

/// What the log line of a failed request says beside its status.
#[derive(Clone, Debug)]
pub(crate) struct Cause(pub(crate) String);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // Paths and errors of this machine are for its log.
        let told = if self.status.is_server_error() && self.status != StatusCode::BAD_GATEWAY {
            if self.status == StatusCode::INSUFFICIENT_STORAGE {
                "the registry's disk is full"
            } else {
                "the registry failed"
            }
        } else {
            &self.message
        };
        let mut error = json!({ "code": self.code, "message": told });
        if let (Some(detail), Some(object)) = (self.detail, error.as_object_mut()) {
            object.insert("detail".to_owned(), detail);
        }
        let body = json!({ "errors": [error] }).to_string();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        response.extensions_mut().insert(Cause(format!("{}: {}", self.code, self.message)));
        response
    }
}
