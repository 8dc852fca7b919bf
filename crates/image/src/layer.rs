//! Layers: unpacked into directories, and made from directories.
//!
//! [`unpack`] is given bytes that came from anywhere; nothing it is given makes it touch a file outside its directory, or more
//! than its [`Limits`]. [`Builder`] and [`diff`] write layers that have the same digest wherever they are made.

mod builder;
mod check;
mod compress;
mod compression;
mod diff;
mod entry;
mod error;
mod limits;
mod note;
mod pipeline;
mod privilege;
mod remove;
mod tree;
mod unpack;

pub use builder::{Builder, Layer, Options};
pub use check::check;
pub use compress::Compressor;
pub use compression::{Compression, Decompressor};
pub use diff::{diff, owner_inside};
pub use entry::{Entry, Source};
pub use error::LayerError;
pub use limits::Limits;
pub use note::Note;
pub use privilege::Privilege;
pub use remove::remove_tree;
pub(crate) use tree::split;
pub use unpack::unpack;

/// What begins the name of a member that takes something of the layers below away.
pub(crate) const WHITEOUT: &[u8] = b".wh.";
/// A member that hides all that the layers below have in its directory.
pub(crate) const OPAQUE: &[u8] = b".wh..wh..opq";
/// What begins the names of members that only AUFS had a use for.
pub(crate) const AUFS: &[u8] = b".wh..wh.";
