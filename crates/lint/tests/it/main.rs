//! The rules on the examples of their pages, and everything around rules.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod external;
mod fixes;
mod framework;
mod navigate;
mod pages;
mod sample;
