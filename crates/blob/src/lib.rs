//! Content-addressed objects in a directory: written once, checked while written, shared by everything.
//!
//! Owns: digests, one directory of blobs with its temporary files, resumable uploads, leases and collection. Must not: know
//! what a blob means, who refers to it, or any network protocol.
//!
//! The directory, which is laid out as the `blobs` directory of an OCI image layout:
//!
//! ```text
//! sha256/<hex>  sha512/<hex>   whole blobs; a name here means that the content was hashed, is complete and is on the disk
//! .tmp/<id>                    what is being written; locked by its writer, swept when nobody holds the lock
//! .uploads/<id>                resumable uploads; survive a restart
//! .leases/<id>                 digests that a living process needs; swept with it
//! .lock                        shared: adding and touching; exclusive: removing
//! ```
//!
//! Any number of processes may use one directory at the same time. All of this blocks: call it from a blocking thread.
//!
//! Beside it, [`objects`]: named objects of a server, in a directory or an S3 bucket.

mod collect;
mod digest;
mod durable;
mod error;
mod hasher;
mod lease;
pub mod objects;
mod store;
mod upload;
mod writer;

pub use collect::Collected;
pub use digest::{Algorithm, Digest, ParseDigestError};
pub use error::Error;
pub use hasher::Hasher;
pub use lease::Lease;
pub use store::{Store, Swept};
pub use upload::Upload;
pub use writer::Writer;
