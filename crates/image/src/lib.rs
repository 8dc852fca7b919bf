//! OCI images: references, layers, the content store, archives, and the client of registries.

pub mod auth;
