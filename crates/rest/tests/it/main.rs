//! The API over real HTTP, asked by clients that were written for GitHub.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod octokit;
