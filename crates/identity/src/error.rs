use crate::Denied;

/// What went wrong in identity.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The caller may not do this.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The credentials are wrong, expired, or of something that is gone. Says no more to the caller.
    #[error("Bad credentials")]
    BadCredentials {
        /// For the audit log only.
        reason: String,
    },
    /// Too many wrong passwords.
    #[error("too many wrong passwords; try again in {seconds} seconds")]
    Throttled { seconds: i64 },
    /// A value that cannot be taken, with the field and what is expected.
    #[error("{reason}")]
    Invalid { field: &'static str, reason: String },
    /// Something by that name is there already.
    #[error("{what} already exists")]
    Exists { field: &'static str, what: String },
    #[error("{0} does not exist")]
    NotFound(String),
    #[error("the master key cannot be had: {from} {reason}")]
    MasterKey { from: String, reason: String },
    #[error("a sealed value is under the master key {0}, which this server was not given")]
    UnknownKey(String),
    #[error("a sealed value cannot be opened: {0}")]
    Envelope(&'static str),
    #[error("the system gives no random numbers")]
    NoRandomness,
    #[error("cryptography failed: {0}")]
    Crypto(String),
    #[error("the server is shutting down")]
    ShuttingDown,
    /// The identity provider refused, or answered what cannot be trusted.
    #[error("login at the identity provider failed: {0}")]
    Provider(String),
    #[error("the audit log was changed: entry {0} does not follow from the one before it")]
    AuditChain(i64),
    /// The end of the log is not what it was.
    #[error(
        "the audit log was cut off or written anew: entry {0}, which its anchor in the data directory names, is not there as \
         it was written"
    )]
    AuditCut(i64),
    #[error("the audit log's anchor {}: {source}", path.display())]
    Anchor { path: std::path::PathBuf, source: std::io::Error },
}

impl Error {
    pub(crate) fn invalid(field: &'static str, reason: impl Into<String>) -> Self {
        Error::Invalid { field, reason: reason.into() }
    }

    pub(crate) fn bad_credentials(reason: impl Into<String>) -> Self {
        Error::BadCredentials { reason: reason.into() }
    }
}
