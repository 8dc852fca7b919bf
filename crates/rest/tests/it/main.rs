//! The API over real HTTP, asked by clients that were written for GitHub.

mod octokit;
