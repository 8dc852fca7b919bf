//! The server as one process: every part opened, wired together, listening, and closed again.
//!
//! Owns: what is started in which order, which path goes to which part, listeners and TLS, local runners, health and figures,
//! the pages, backup and restore. Must not: decide anything about runs, access or git; print.

mod admin;
mod anchor;
mod chores;
mod config;
mod disk;
mod error;
mod front;
mod health;
mod images;
mod keys;
mod listen;
mod lock;
mod metrics;
mod notice;
mod pages;
mod runners;
mod start;

pub use admin::{Admin, BackedUp, UserLine};
pub use config::{LocalRunners, ServerConfig, TlsFiles};
pub use control::{NewPriorityRule, PriorityRule};
pub use error::ServerError;
pub use notice::{Notice, Notices};
pub use start::Server;
