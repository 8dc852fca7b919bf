//! Identity over real databases.

mod access;
mod audit;
mod fixture;
mod logins;
mod provider;
mod secrets;
mod tokens;
