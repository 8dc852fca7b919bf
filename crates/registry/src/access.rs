//! Who may do what: users with passwords, rules for repositories, tokens with scopes.

mod config;
mod decide;
mod endpoint;
mod grant;
mod secrets;
mod token;
mod users;

pub use config::{AccessConfig, Anonymous, Challenge, Rule};
pub use grant::{Action, Grant};
pub use users::{UsersFile, hash_password};

pub(crate) use decide::Access;
pub(crate) use endpoint::token_endpoint;
pub(crate) use grant::{Identity, Need};
