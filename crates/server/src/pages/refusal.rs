//! Pages that say no.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::html;

use super::layout;

/// Why a page is not shown.
#[derive(Debug)]
pub(crate) enum Refusal {
    Nothing,
    /// Log in first, then come back to this path.
    Login(String),
    /// A form without the page's token.
    Expired,
    /// A form of another site.
    Foreign,
    /// May not be done, and why.
    Forbidden(String),
    /// Too many wrong passwords; when to try again.
    Wait(String),
    /// The database is away, or we made a mistake.
    Broken(String),
    /// The disk is full.
    NoRoom,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, title, text) = match self {
            Self::Login(path) => {
                let place = format!("/login?next={}", encode(&path));
                return (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response();
            }
            Self::Nothing => {
                (StatusCode::NOT_FOUND, "Nothing here", "It does not exist, or you may not see it.".to_owned())
            }
            Self::Expired => (
                StatusCode::FORBIDDEN,
                "The form is out of date",
                "Go back, load the page again and repeat what you did.".to_owned(),
            ),
            Self::Foreign => (
                StatusCode::FORBIDDEN,
                "This form is not ours",
                "It was sent by a page of another site. If you meant to do that, do it from here.".to_owned(),
            ),
            Self::Forbidden(reason) => (StatusCode::FORBIDDEN, "This is not for you", reason),
            Self::NoRoom => (
                StatusCode::INSUFFICIENT_STORAGE,
                "No room",
                "The server's disk is full; nothing was stored. Whoever looks after it has to make room.".to_owned(),
            ),
            Self::Wait(reason) => (StatusCode::TOO_MANY_REQUESTS, "Not yet", reason),
            Self::Broken(reason) => (StatusCode::SERVICE_UNAVAILABLE, "Not now", reason),
        };
        let body = html! {
            div.narrow {
                h1 { (title) }
                p { (text) }
                p { a href="/" { "All repositories" } }
            }
        };
        (status, layout::bare(title, &body)).into_response()
    }
}

/// For a query.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

pub(super) async fn nothing_here() -> Refusal {
    Refusal::Nothing
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::DiskFull => Self::NoRoom,
            error => Self::Broken(format!("The database: {error}")),
        }
    }
}

impl From<depot::Error> for Refusal {
    fn from(error: depot::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

impl From<identity::Error> for Refusal {
    fn from(error: identity::Error) -> Self {
        match error {
            identity::Error::Denied(denied) if denied.status == 404 => Self::Nothing,
            identity::Error::Denied(denied) => Self::Forbidden(denied.message),
            identity::Error::Store(error) => error.into(),
            identity::Error::BadCredentials { .. } => {
                Self::Forbidden("The link is not valid, or not any more.".to_owned())
            }
            wait @ identity::Error::Throttled { .. } => Self::Wait(wait.to_string()),
            other => Self::Broken(other.to_string()),
        }
    }
}

impl From<forge::Error> for Refusal {
    fn from(error: forge::Error) -> Self {
        match error {
            forge::Error::NotFound(_) => Self::Nothing,
            forge::Error::Forbidden(reason) => Self::Forbidden(reason),
            forge::Error::Identity(error) => error.into(),
            other => Self::Broken(other.to_string()),
        }
    }
}

impl From<control::Error> for Refusal {
    fn from(error: control::Error) -> Self {
        match error {
            control::Error::NotFound(_) => Self::Nothing,
            control::Error::Forbidden(reason) | control::Error::Conflict(reason) => Self::Forbidden(reason),
            control::Error::Identity(error) => error.into(),
            control::Error::Store(error) => error.into(),
            other => Self::Broken(other.to_string()),
        }
    }
}
