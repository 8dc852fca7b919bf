use std::fmt;

use serde::{Deserialize, Serialize};

/// The media type of [`Problem`].
pub const PROBLEM_JSON: &str = "application/problem+json";

/// An error as RFC 9457 has it, with a code for programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    pub title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    pub code: ErrorCode,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title)?;
        if self.detail.is_empty() { Ok(()) } else { write!(f, ": {}", self.detail) }
    }
}

/// What a runner does about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// 401: the token is unknown or was used; a kept runner registers again, or ends.
    Unauthorized,
    /// 403
    Forbidden,
    /// 404: there is no such job.
    NotFound,
    /// 409: another claim holds the job, or it has ended. The runner kills it at once and reports nothing.
    Fenced,
    /// 409: events or log bytes are missing; the runner asks for the progress and sends the rest.
    Incomplete,
    /// 409: a runner of this name is at work.
    NameTaken,
    /// 416: the offset lies beyond what is stored.
    Gap,
    /// 400, 413, 415, 422
    Invalid,
    /// 426: this version of runners is no longer, or not yet, spoken to.
    Version,
    /// 503: the database is away, the disk is full; try again.
    Unavailable,
    /// 507: no room for logs or artifacts.
    NoSpace,
    /// 500
    Internal,
    #[serde(other)]
    Unknown,
}
