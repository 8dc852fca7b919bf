use crate::git::GitError;

/// What went wrong in the forge.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Identity(#[from] identity::Error),
    #[error(transparent)]
    Git(#[from] GitError),
    /// There is no such thing, or not for this caller.
    #[error("{0} does not exist")]
    NotFound(String),
    /// A value that cannot be taken. `field` is its name in the API.
    #[error("{message}")]
    Invalid { resource: &'static str, field: &'static str, code: &'static str, message: String },
    /// Something else moved meanwhile, or is in the way.
    #[error("{0}")]
    Conflict(String),
    /// A rule of the repository forbids it.
    #[error("{0}")]
    Forbidden(String),
    /// A pull request that cannot be merged as it is.
    #[error("{0}")]
    NotMergeable(String),
    #[error("{0}")]
    TooLarge(String),
    #[error("{0}")]
    Busy(String),
    /// The disk is full: nothing was taken in.
    #[error("the server has no room: {0}")]
    NoSpace(String),
    /// Another server did not answer as it should.
    #[error("{0}")]
    Remote(String),
    /// Something that cannot be, or is nobody's fault who asks: told to the server's own log.
    #[error("{0}")]
    Internal(String),
    #[error("{what}: {source}")]
    Io { what: String, source: std::io::Error },
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub fn not_found(what: impl Into<String>) -> Error {
        Error::NotFound(what.into())
    }

    /// A value that breaks a rule of its own.
    pub fn invalid(resource: &'static str, field: &'static str, message: impl Into<String>) -> Error {
        Error::Invalid { resource, field, code: "invalid", message: message.into() }
    }

    /// Something by that name is there.
    pub fn exists(resource: &'static str, field: &'static str, message: impl Into<String>) -> Error {
        Error::Invalid { resource, field, code: "already_exists", message: message.into() }
    }

    /// A value that must be given.
    pub fn missing(resource: &'static str, field: &'static str) -> Error {
        Error::Invalid { resource, field, code: "missing_field", message: format!("`{field}` is missing") }
    }

    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Error {
        let what = what.into();
        move |source| Error::Io { what, source }
    }

    /// Whether a disk or a quota is full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self {
            Error::NoSpace(_) => true,
            Error::Io { source, .. } | Error::Git(GitError::Io { source, .. }) => is_full(source),
            Error::Store(error) | Error::Identity(identity::Error::Store(error)) => {
                matches!(error, store::Error::DiskFull)
            }
            _ => false,
        }
    }

    /// The status that tells it over HTTP.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            error if error.is_full() => 507,
            Error::Store(error) if error.is_passing() => 503,
            Error::Identity(error) => identity_status(error),
            Error::Git(GitError::NotFound(_)) | Error::NotFound(_) => 404,
            Error::Git(GitError::Refused(_) | GitError::TooMuch { .. }) | Error::Invalid { .. } => 422,
            Error::Store(store::Error::Taken { .. }) | Error::Conflict(_) => 409,
            Error::Forbidden(_) => 403,
            Error::NotMergeable(_) => 405,
            Error::TooLarge(_) => 413,
            Error::Busy(_) => 503,
            Error::Remote(_) => 502,
            Error::NoSpace(_) => 507,
            Error::Store(_) | Error::Git(_) | Error::Internal(_) | Error::Io { .. } => 500,
        }
    }
}

fn is_full(source: &std::io::Error) -> bool {
    matches!(source.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}

fn identity_status(error: &identity::Error) -> u16 {
    match error {
        identity::Error::Denied(denied) => denied.status,
        identity::Error::BadCredentials { .. } => 401,
        identity::Error::Throttled { .. } => 429,
        identity::Error::Invalid { .. } | identity::Error::Exists { .. } => 422,
        identity::Error::NotFound(_) => 404,
        identity::Error::Store(error) if error.is_passing() => 503,
        _ => 500,
    }
}
