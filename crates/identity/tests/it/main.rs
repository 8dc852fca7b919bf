//! Identity over real databases.

mod access;
mod audit;
mod fixture;
mod logins;
mod secrets;
mod tokens;
