//! What can go wrong with a database.

/// Never holds the values of a statement: they may be secrets.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "the database's address {address:?} is none: a path, sqlite://PATH or postgres://USER@HOST/NAME is expected"
    )]
    Address { address: String },
    #[error("the database cannot be reached: {message}")]
    Unavailable { message: String },
    #[error(
        "the database was made by a newer Trunkline (it has migration {found:04}, this one knows up to {known:04}): use that one, or restore a backup"
    )]
    Newer { found: i64, known: i64 },
    #[error("migration {number:04} ({name}): {message}")]
    Migration { number: i64, name: String, message: String },
    /// Something else has this unique value.
    #[error("it is taken already ({constraint})")]
    Taken { constraint: String },
    #[error("the row is not there")]
    Missing,
    #[error("column {name}: {message}")]
    Column { name: String, message: String },
    /// Two transactions waited for each other, or one was too old: the same again succeeds.
    #[error("the database gave up a transaction in favour of another: {message}")]
    Conflict { message: String },
    #[error("the disk of the database is full")]
    DiskFull,
    #[error("the database refused a statement: {message}")]
    Statement { message: String },
}

impl Error {
    pub(crate) fn column(name: &str, error: &sqlx::Error) -> Self {
        Self::Column { name: name.to_owned(), message: error.to_string() }
    }

    /// Whether the same transaction may succeed when it is tried again later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Conflict { .. } | Self::DiskFull)
    }

    /// Whether a unique key refused the row.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Taken { .. })
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as Cause;
        match &error {
            Cause::RowNotFound => Self::Missing,
            Cause::Io(_)
            | Cause::Tls(_)
            | Cause::PoolTimedOut
            | Cause::PoolClosed
            | Cause::WorkerCrashed
            | Cause::Protocol(_) => Self::Unavailable { message: error.to_string() },
            Cause::Database(refused) => {
                let message = refused.message().to_owned();
                let code = refused.code().map(std::borrow::Cow::into_owned).unwrap_or_default();
                if refused.is_unique_violation() {
                    let constraint = refused.constraint().map_or(message, str::to_owned);
                    return Self::Taken { constraint };
                }
                // PostgreSQL's classes, then SQLite's extended codes (the low byte is the code).
                match code.as_str() {
                    "40001" | "40P01" | "55P03" => Self::Conflict { message },
                    "53100" => Self::DiskFull,
                    code if ["08", "53", "57"].iter().any(|class| code.len() == 5 && code.starts_with(class)) => {
                        Self::Unavailable { message }
                    }
                    code => match code.parse::<u32>().map(|code| code & 0xff) {
                        Ok(5 | 6) if code.len() < 5 => Self::Conflict { message },
                        Ok(13) if code.len() < 5 => Self::DiskFull,
                        Ok(10 | 14) if code.len() < 5 => Self::Unavailable { message },
                        _ => Self::Statement { message },
                    },
                }
            }
            _ => Self::Statement { message: error.to_string() },
        }
    }
}
