//! The registry from outside: over HTTP, on real sockets, with real clients, and killed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod access;
mod blobs;
mod cache;
mod clients;
mod collection;
mod crash;
mod errors;
mod http;
mod images;
mod listings;
mod manifests;
mod server;
mod uploads;
