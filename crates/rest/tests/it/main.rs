//! The API over real HTTP, asked by clients that were written for GitHub, and by requests of every kind.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod access_list;
mod actions;
mod bounds;
mod edge;
mod fixture;
mod gh;
mod graphql;
mod hooks;
mod matrix;
mod octokit;
mod pages;
mod people;
mod reference;
mod schemathesis;
mod secrets;
