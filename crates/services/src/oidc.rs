//! The issuer of identity tokens: a key kept with the data, claims from the job's identity.

pub(crate) mod claims;
mod key;

pub use key::IssuerKey;
