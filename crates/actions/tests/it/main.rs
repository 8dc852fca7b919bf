#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;
mod lock;
mod native;
mod resolve;
