//! The protocol between a server and its runners: JSON over HTTP/1.1 under [`ROOT`].
//!
//! A runner dials out: it registers once with a one-time token, then asks for jobs by long poll. Everything that it
//! writes about a job names the job and the fence of its claim, and is refused with [`ErrorCode::Fenced`] as soon as
//! another claim holds the job.
//!
//! | request | body | answer |
//! |---|---|---|
//! | `POST register` (bearer: a registration token) | [`Registration`] | [`Registered`] |
//! | `POST hello` | [`Hello`] | [`Settings`] |
//! | `POST claim?wait=SECONDS` | [`Claim`] | [`JobSpec`], or 204 when there was nothing to do |
//! | `POST jobs/{id}/{fence}/heartbeat?wait=SECONDS` | [`Heartbeat`] | [`Orders`], at once when they differ from what the runner says it knows |
//! | `POST jobs/{id}/{fence}/events` | [`Events`] | [`EventsStored`] |
//! | `GET jobs/{id}/{fence}/progress` | – | [`Progress`] |
//! | `PUT jobs/{id}/{fence}/log?offset=BYTES` | a piece of the [log stream](log), plain or with `Content-Encoding: zstd` | [`LogStored`] |
//! | `POST jobs/{id}/{fence}/finish` | [`Finish`] | 204 |
//! | `POST drain` | – | 204: this runner gets no further job |
//! | `DELETE runner` | – | 204: the runner is forgotten |
//!
//! Except for `register` the bearer token is [`Registered::secret`]. Errors are [`Problem`]s.

mod events;
mod finish;
mod heartbeat;
mod log;
mod problem;
mod registration;
mod secret;
mod spec;
#[cfg(test)]
mod tests;

pub use events::{Events, EventsStored, Progress};
pub use finish::{Finish, Outcome, Report};
pub use heartbeat::{Heartbeat, Orders};
pub use log::{LogDamage, LogDecoder, LogEncoder, LogEntry, LogKind, LogStored};
pub use problem::{ErrorCode, PROBLEM_JSON, Problem};
pub use registration::{Claim, HeldJob, Hello, Registered, Registration, Settings};
pub use secret::Secret;
pub use spec::{
    ActionSources, Contexts, EnvironmentUrl, JobEnvironment, JobSpec, NativeActions, RepositorySpec, ServiceAccess,
    WorkflowSpec,
};

/// Where the routes lie on the server.
pub const ROOT: &str = "/_trunkline/runner/v1";

/// The longest that a server lets a claim or heartbeat wait, in seconds. Proxies give up after a minute.
pub const LONGEST_WAIT: u64 = 50;

/// The most bytes of a log that one request carries, before compression.
pub const LOG_PIECE: usize = 1 << 20;

/// The most events that one request carries.
pub const EVENTS_PIECE: usize = 500;

/// Bytes of JSON after which a request carries no further event. One alone may be larger: a summary is.
pub const EVENTS_BYTES: usize = 1 << 20;

/// The most bytes of a request with events or a report. Runners stay far below: a summary has a megabyte at most, and so have
/// the outputs of a job, which JSON may make six times as long.
pub const LARGEST_REPORT: usize = 64 << 20;
