#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod checkout;
mod facts;
mod fixture;
mod gitdir;
mod snapshots;
mod sources;
