//! Git over HTTP, pull requests, webhooks.

pub mod git;
