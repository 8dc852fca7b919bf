//! Git over HTTP, pull requests, webhooks.
