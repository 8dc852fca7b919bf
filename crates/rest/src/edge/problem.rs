use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// An answer that is no success, in the form that GitHub gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    pub status: StatusCode,
    pub message: String,
    pub errors: Vec<FieldError>,
    /// More fields of the body.
    pub extra: Vec<(&'static str, Value)>,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What really happened, for the log: the client is not told.
    pub cause: Option<String>,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    pub resource: String,
    pub field: String,
    /// `missing_field`, `invalid`, `already_exists`, `custom`.
    pub code: &'static str,
    pub message: Option<String>,
}

impl FieldError {
    #[must_use]
    pub fn missing(field: &str) -> Self {
        let message = Some(format!("`{field}` is missing"));
        Self { resource: "Request".to_owned(), field: field.to_owned(), code: "missing_field", message }
    }

    #[must_use]
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        let message = Some(message.into());
        Self { resource: "Request".to_owned(), field: field.to_owned(), code: "invalid", message }
    }

    #[must_use]
    pub fn exists(resource: &str, field: &str) -> Self {
        Self { resource: resource.to_owned(), field: field.to_owned(), code: "already_exists", message: None }
    }

    /// A message in place of a code.
    #[must_use]
    pub fn custom(resource: &str, field: &str, message: impl Into<String>) -> Self {
        let message = Some(message.into());
        Self { resource: resource.to_owned(), field: field.to_owned(), code: "custom", message }
    }

    #[must_use]
    pub fn resource(self, resource: &str) -> Self {
        Self { resource: resource.to_owned(), ..self }
    }

    fn to_json(&self) -> Value {
        let mut value = json!({ "resource": self.resource, "field": self.field, "code": self.code });
        if let (Some(message), Some(object)) = (&self.message, value.as_object_mut()) {
            object.insert("message".to_owned(), message.as_str().into());
        }
        value
    }
}

impl Problem {
    #[must_use]
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, message, errors: Vec::new(), extra: Vec::new(), headers: Vec::new(), cause: None }
    }

    /// 404: there is no such thing, or the caller may not know of it.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not Found")
    }

    /// 400
    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 401
    #[must_use]
    pub fn requires_login() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Requires authentication")
    }

    /// 403
    #[must_use]
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    /// 409
    #[must_use]
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, message)
    }

    /// 422 with what is wrong, field by field.
    #[must_use]
    pub fn validation(errors: Vec<FieldError>) -> Self {
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Validation Failed") }
    }

    /// 422 with one field.
    #[must_use]
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::validation(vec![FieldError::invalid(field, message)])
    }

    /// 422 in one sentence.
    #[must_use]
    pub fn unprocessable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    /// 500: the client learns that it was, the log what it was.
    #[must_use]
    pub fn internal(cause: impl Into<String>) -> Self {
        Self { cause: Some(cause.into()), ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Server Error") }
    }

    /// 503: the database is away; the client may try again.
    #[must_use]
    pub fn unavailable(cause: impl Into<String>) -> Self {
        let headers = vec![(header::RETRY_AFTER, HeaderValue::from_static("5"))];
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "The database cannot be reached; try again soon.");
        Self { cause: Some(cause.into()), headers, ..problem }
    }

    /// 507: nothing more can be taken in.
    #[must_use]
    pub fn full(cause: impl Into<String>) -> Self {
        let problem = Self::new(StatusCode::INSUFFICIENT_STORAGE, "The server's disk is full; nothing was stored.");
        Self { cause: Some(cause.into()), ..problem }
    }

    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// One more field of the body.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        self.extra.push((name, value));
        self
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        if matches!(error, store::Error::DiskFull) {
            Self::full(error.to_string())
        } else if error.is_passing() {
            Self::unavailable(error.to_string())
        } else if matches!(error, store::Error::Missing) {
            Self::not_found()
        } else {
            Self::internal(error.to_string())
        }
    }
}

impl From<identity::Denied> for Problem {
    fn from(denied: identity::Denied) -> Self {
        let status = StatusCode::from_u16(denied.status).unwrap_or(StatusCode::FORBIDDEN);
        let problem = Self::new(status, denied.message);
        // Whoever may not know of a thing is not told why not either.
        if status == StatusCode::FORBIDDEN { problem.with("reason", denied.reason.into()) } else { problem }
    }
}

impl From<identity::Error> for Problem {
    fn from(error: identity::Error) -> Self {
        use identity::Error as E;
        match error {
            E::Store(error) => error.into(),
            E::Denied(denied) => denied.into(),
            E::BadCredentials { .. } => Self::new(StatusCode::UNAUTHORIZED, "Bad credentials"),
            E::Throttled { seconds } => Self::new(StatusCode::TOO_MANY_REQUESTS, error.to_string())
                .header(header::RETRY_AFTER, &seconds.to_string()),
            E::Invalid { field, reason } => Self::invalid(field, reason),
            E::Exists { field, what } => {
                let custom = FieldError::custom("Request", field, format!("{what} already exists"));
                Self::validation(vec![FieldError { code: "already_exists", ..custom }])
            }
            E::NotFound(_) => Self::not_found(),
            other => Self::internal(other.to_string()),
        }
    }
}

impl From<control::Error> for Problem {
    fn from(error: control::Error) -> Self {
        use control::Error as E;
        match error {
            E::Store(error) => error.into(),
            E::Identity(error) => error.into(),
            E::Forge(error) => error.into(),
            E::NotFound(_) => Self::not_found(),
            E::Conflict(message) => Self::conflict(message),
            E::Invalid { field, message } => {
                let error = FieldError::invalid(field, message.clone());
                Self { errors: vec![error], ..Self::unprocessable(message) }
            }
            E::Forbidden(message) => Self::forbidden(message),
            other => Self::internal(other.to_string()),
        }
    }
}

impl From<depot::Error> for Problem {
    fn from(error: depot::Error) -> Self {
        match error {
            error if error.is_full() => Self::full(error.to_string()),
            depot::Error::Store(error) => error.into(),
            error if error.is_passing() => Self::unavailable(error.to_string()),
            other => Self::internal(other.to_string()),
        }
    }
}

impl From<forge::Error> for Problem {
    fn from(error: forge::Error) -> Self {
        use forge::Error as E;
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        match error {
            error if error.is_full() => Self::full(error.to_string()),
            E::Store(store::Error::Taken { .. }) => Self::conflict("Something by that name exists already"),
            E::Store(error) => error.into(),
            E::Identity(error) => error.into(),
            E::Invalid { resource, field, code, message } => {
                let invalid = FieldError::invalid(field, message).resource(resource);
                Self::validation(vec![FieldError { code, ..invalid }])
            }
            E::NotFound(_) => Self::not_found(),
            other if status.is_server_error() && status != StatusCode::BAD_GATEWAY => {
                Self { status, ..Self::internal(other.to_string()) }
            }
            other if status == StatusCode::NOT_FOUND => Self { cause: Some(other.to_string()), ..Self::not_found() },
            other => Self::new(status, other.to_string()),
        }
    }
}

/// What the log line of a failed request says beside its status.
#[derive(Clone, Debug)]
pub struct Cause(pub String);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({ "message": self.message });
        if let Some(object) = body.as_object_mut() {
            if !self.errors.is_empty() {
                object.insert("errors".to_owned(), self.errors.iter().map(FieldError::to_json).collect());
            }
            object.insert("documentation_url".to_owned(), "https://docs.github.com/rest".into());
            object.insert("status".to_owned(), self.status.as_u16().to_string().into());
            for (name, value) in self.extra {
                object.insert(name.to_owned(), value);
            }
        }
        let mut response = Response::new(axum::body::Body::from(body.to_string()));
        *response.status_mut() = self.status;
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        if let Some(cause) = self.cause {
            response.extensions_mut().insert(Cause(cause));
        }
        response
    }
}
