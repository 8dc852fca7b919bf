//! Vendored actions.
