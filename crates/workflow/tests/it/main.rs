//! Files in, diagnostics and models out.

#![expect(clippy::unwrap_used, reason = "a test that has nothing to unwrap has failed")]

mod acceptance;
mod action_files;
mod calls;
mod documented;
mod every_key;
mod expressions;
mod hostile;
mod inputs;
mod jobs;
mod matrix;
mod permissions;
mod shape;
mod steps;
mod support;
mod templates;
mod triggers;
