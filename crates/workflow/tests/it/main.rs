//! Files in, diagnostics and models out.

mod acceptance;
mod support;
