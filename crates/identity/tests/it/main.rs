//! Identity over real databases.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod access;
mod audit;
mod fixture;
mod logins;
mod provider;
mod secrets;
mod tokens;
