//! Git over HTTP, pull requests, webhooks.
//!
//! Owns: repositories on the disk and everything asked of git; the smart protocol; changing refs so that no push is lost; rules of
//! branches and tags; pull requests, reviews, issues, statuses, checks, releases; webhooks out, and repositories of other
//! forges that run here; the JSON of all these as GitHub writes it.
//! Must not: decide who somebody is (`identity`), when workflows run (`trigger`, `control`), or route the REST API (`rest`).

#![recursion_limit = "256"]

mod actor;
mod audit;
pub mod checks;
pub mod connections;
pub mod contents;
mod error;
mod events;
mod files;
mod forge;
pub mod git;
pub mod hooks;
mod http;
pub mod ids;
pub mod issues;
pub mod names;
pub mod outgoing;
mod people;
pub mod protection;
pub mod pulls;
mod push;
mod quota;
pub mod releases;
pub mod repositories;
pub mod reviews;
pub mod shape;
mod shares;
mod worker;

pub use actor::{Actor, ActorKind};
pub use error::{Error, Result};
pub use forge::{Forge, Limits, Settings, repo_ref};
pub use http::client_address;
pub use push::RefChange;
pub(crate) use shape::text_or_null as shape_text;
pub use shares::Shares;
pub use worker::watch_over;
