use std::time::Duration;

use super::Refusal;
use crate::Digest;
use crate::auth::AuthError;

/// What can go wrong between here and a registry. No message holds a credential, a token or a URL's query.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error(transparent)]
    Refused(#[from] Box<Refusal>),
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// Something of the store or of an image itself.
    #[error(transparent)]
    Image(Box<crate::Error>),
    #[error(
        "`{address}` is not the address of a registry (expected HOST[:PORT][/PREFIX], with http:// or https:// before it if wanted)"
    )]
    Address { address: String },
    #[error("connections cannot be made secure: {reason}")]
    Tls { reason: String },
    #[error("{registry}: cannot {what}: {reason}")]
    Connection { registry: String, what: String, reason: String },
    #[error("{registry}: cannot {what}: nothing came for {} s", after.as_secs())]
    Stalled { registry: String, what: String, after: Duration },
    #[error("{registry}: cannot {what}: {reason}: this is no registry, or a broken one")]
    Protocol { registry: String, what: String, reason: String },
    /// The content is not what was asked for. Nothing of it was kept.
    #[error("{registry}: {object} came with the wrong content: it has digest {found}, not {expected}")]
    WrongContent { registry: String, object: String, expected: Digest, found: Digest },
    #[error("{registry}: {object} came with the wrong size: {reason}")]
    WrongSize { registry: String, object: String, reason: String },
    #[error("the token server {server} of {registry} would get credentials without TLS; it was not asked")]
    TokenInClear { registry: String, server: String },
    /// An index whose images for other platforms are not here.
    #[error(
        "{digest} cannot be pushed whole: {missing} of its images are not in the store; pull all platforms first, or push one"
    )]
    Incomplete { digest: Digest, missing: usize },
}

impl From<crate::Error> for ClientError {
    fn from(error: crate::Error) -> Self {
        Self::Image(Box::new(error))
    }
}

impl From<blob::Error> for ClientError {
    fn from(error: blob::Error) -> Self {
        Self::Image(Box::new(error.into()))
    }
}

impl From<Refusal> for ClientError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl ClientError {
    /// The registry's refusal, if it is one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// What is told when the same is tried again, beside what was wanted.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Connection { registry, reason, .. } => format!("{registry}: {reason}"),
            Self::Stalled { registry, after, .. } => format!("{registry}: nothing came for {} s", after.as_secs()),
            other => other.to_string(),
        }
    }

    /// Whether there is no room left on this machine.
    pub(super) fn is_full(&self) -> bool {
        matches!(self, Self::Image(error) if matches!(&**error, crate::Error::Blob(error) if error.is_full()))
    }

    /// Whether the same may work a little later: the connection, not the content, was at fault.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self, Self::Connection { .. } | Self::Stalled { .. })
    }
}

/// An error of the HTTP library with its causes, without URLs: those may carry signatures.
pub(super) fn chain(error: &reqwest::Error) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut cause = std::error::Error::source(error);
    if cause.is_none() {
        words.push(if error.is_timeout() { "timed out".to_owned() } else { "the request failed".to_owned() });
    }
    while let Some(error) = cause {
        let text = error.to_string();
        // Wrappers repeat what they wrap.
        if !text.contains("://") && words.last().is_none_or(|last| !last.contains(&text)) {
            words.push(text);
        }
        cause = error.source();
    }
    words.join(": ")
}
