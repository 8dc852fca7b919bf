use thiserror::Error;

/// Why something could not be stored or read.
#[derive(Debug, Error)]
pub enum Error {
    #[error("the database: {0}")]
    Store(#[from] store::Error),
    #[error(transparent)]
    Object(#[from] blob::objects::ObjectError),
    #[error("the log of job {job}: {reason}")]
    Log { job: i64, reason: String },
    #[error("{0}")]
    Io(#[from] std::io::Error),
}
