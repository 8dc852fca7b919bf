/// Why something was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Identity(#[from] identity::Error),
    #[error(transparent)]
    Forge(#[from] forge::Error),
    #[error("{0} does not exist")]
    NotFound(String),
    /// It cannot be done in the state that things are in.
    #[error("{0}")]
    Conflict(String),
    /// A value that cannot be taken; `field` is its name in the API.
    #[error("{message}")]
    Invalid { field: &'static str, message: String },
    #[error("{0}")]
    Forbidden(String),
    /// What the database holds cannot be read.
    #[error("{what}: {message}")]
    Broken { what: &'static str, message: String },
}

impl Error {
    pub(crate) fn broken(what: &'static str, error: impl std::fmt::Display) -> Self {
        Self::Broken { what, message: error.to_string() }
    }

    pub(crate) fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid { field, message: message.into() }
    }

    /// Whether the same may succeed later: the database is away, or two transactions met.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Store(error) | Self::Forge(forge::Error::Store(error)) => error.is_passing(),
            Self::Identity(identity::Error::Store(error)) => error.is_passing(),
            _ => false,
        }
    }
}

impl From<forge::git::GitError> for Error {
    fn from(error: forge::git::GitError) -> Self {
        Self::Forge(error.into())
    }
}
