//! OCI images on this machine: references, platforms, manifests, layers, the store, archives and the client of registries.
//!
//! Owns everything between bytes that came from elsewhere and lower directories that a sandbox can mount. It knows nothing
//! of sandboxes and runs no process but credential helpers. The library never prints. Bytes from elsewhere are hostile:
//! nothing outside the store is touched, whatever a layer, a manifest or an archive says.

pub mod archive;
pub mod auth;
pub mod client;
mod config;
mod cut;
mod error;
mod image;
pub mod layer;
mod manifest;
pub mod media_type;
mod platform;
mod reference;
mod store;
pub mod tar;

pub use blob::Digest;
pub use config::{ContainerConfig, Healthcheck, History, ImageConfiguration, RootFs};
pub use error::{Error, Result};
pub use image::Image;
pub use manifest::{Descriptor, Document, Index, Manifest};
pub use platform::{Platform, PlatformError};
pub use reference::{Reference, ReferenceError};
pub use store::{Entry, Found, Prune, Pruned, Store, Unpacked, Writing};
