//! A registry that speaks the OCI distribution specification, over a directory.
//!
//! Owns: the protocol with its tokens and figures, what repositories, tags and manifests are on the disk, who may do what,
//! collection of what nobody needs, the cache of other registries. Must not: know image contents beyond what manifests refer
//! to, print, or read configuration files.

mod access;
mod cache;
mod collect;
mod config;
mod error;
mod http;
mod manifest;
mod metrics;
mod name;
mod outlet;
mod problem;
mod registry;
mod send;
mod serve;
mod sessions;
mod storage;
mod tls;

pub use access::{AccessConfig, Action, Anonymous, Challenge, Grant, Rule, UsersFile, hash_password};
pub use collect::Collected;
pub use config::{Collection, Config, Upstream};
pub use error::Error;
pub use name::{NameError, Repository, Tag};
pub use registry::{Registry, RequestLine};
pub use tls::Tls;
