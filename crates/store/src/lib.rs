//! All SQL of the server.
//!
//! Owns: the databases (SQLite, PostgreSQL), transactions, migrations, wake-ups and the clock that rows are stamped with;
//! in one module for each subject, every statement the server sends.
//! Must not: decide anything. Rules live in `identity`, `forge` and `control`; here is what they keep.
//!
//! One SQL text serves both databases. Placeholders are `$1`; ids are `BIGINT`, times are `BIGINT` microseconds since the Unix
//! epoch, JSON is `TEXT`.

mod arg;
pub mod artifacts;
pub mod audit;
pub mod caches;
mod clock;
mod conn;
pub mod deployments;
mod difference;
pub mod environments;
mod error;
pub mod events;
pub mod groups;
mod health;
pub mod jobs;
pub mod jump;
pub mod logs;
mod migrate;
mod query;
pub mod queue;
mod record;
pub mod roles;
pub mod runners;
pub mod runs;
pub mod schedules;
pub mod sealed;
pub mod secrets;
pub mod server_keys;
pub mod sessions;
mod store;
pub mod teams;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tokens;
mod tx;
pub mod uploads;
pub mod users;
pub mod variables;
pub mod verdicts;
mod wake;
pub mod workflows;

// The forge.
pub mod checks;
pub mod comments;
pub mod connections;
pub mod hooks;
pub mod issues;
pub mod lfs;
pub mod protection;
pub mod pulls;
pub mod pushes;
pub mod releases;
pub mod repositories;
pub mod reviews;
pub mod statuses;

pub use arg::{Arg, Kind};
pub use clock::{Clock, Jump};
pub use error::Error;
pub use health::Health;
pub use query::{Query, Reader, placeholders};
pub use record::{Column, Record, Row};
pub use store::{Backend, Store};
pub use tx::{Lock, Tx};
pub use wake::{Listener, Topic};

/// Microseconds since the Unix epoch, as every time in the database.
pub type Micros = i64;

pub type Result<T, E = Error> = std::result::Result<T, E>;
