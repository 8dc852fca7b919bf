//! Values that must stay secret: envelopes under a master key, sealed boxes for clients of the API.

pub(crate) mod envelope;
mod master_key;
pub(crate) mod sealed_box;

pub use envelope::Aad;
pub use master_key::{KeySource, MasterKeys};
