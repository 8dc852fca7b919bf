//! Who somebody is, what they may do, what is kept secret, and the log of what was done.
//!
//! Owns: users, organisations, teams, roles; sessions and tokens of every kind; decisions with their reasons; secrets in
//! envelopes under a master key; the audit log with its chain of hashes. The one decision is in [`access`].
//! Must not: know HTTP beyond the headers that say who asks and from where, git, runs, or what a route is.

pub mod access;
mod audit;
mod caller;
mod credentials;
mod error;
mod identity;
mod network;
pub mod oidc;
pub mod password;
mod proxies;
mod return_to;
mod secrets;
mod throttle;
mod token;

pub use access::{Denied, Grant, Level, Need, OrgRole, Permission, RepoRef, Role, Scopes, Visibility};
pub use audit::{Action, Actor, AuditAnchor};
pub use caller::{Caller, JobCaller, Reach, RunnerCaller, UserCaller, Via};
pub use credentials::{Credentials, Malformed, SESSION_COOKIE};
pub use error::Error;
pub use identity::{
    FineGrained, Identity, JobGrant, NewAccount, NewSession, Purpose, RunnerScope, SecretScope, SecretTrust, Settings,
    Throttling, check_login, network_of,
};
pub use network::{Network, NoNetwork};
pub use proxies::Proxies;
pub use return_to::local_path;
pub use secrets::sealed_box::seal_for;
pub use secrets::{Aad, KeySource, MasterKeys};
pub use token::{NewToken, TokenHash, TokenKind};

/// The account in whose name the tokens of jobs act.
pub const ACTIONS_BOT_ID: i64 = 1;
/// Its login, which workflows compare with.
pub const ACTIONS_BOT_LOGIN: &str = "github-actions[bot]";

pub type Result<T, E = Error> = std::result::Result<T, E>;
