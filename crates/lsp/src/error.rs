use thiserror::Error;

/// Why the server ended before its client asked it to.
#[derive(Debug, Error)]
pub enum Error {
    #[error("the client does not follow the protocol: {0}")]
    Protocol(#[from] lsp_server::ProtocolError),
    #[error("a message of the client is malformed: {0}")]
    Malformed(String),
    #[error("the client closed the connection without saying so")]
    Closed,
    #[error("the client said `exit` without `shutdown` before it")]
    NoShutdown,
    #[error("a message could not be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("standard input or output failed: {0}")]
    Io(#[from] std::io::Error),
}
