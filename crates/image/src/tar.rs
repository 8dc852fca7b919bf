//! Tar archives, read and written as streams.
//!
//! The reader takes what Go's, GNU's and BSD's tools write (ustar, GNU long names, PAX records) and nothing that could make it
//! hold more than a little in memory. The writer writes the same bytes for the same members anywhere.

mod header;
mod pax;
mod reader;
mod writer;

pub use header::{Kind, Member};
pub use reader::{Reader, TarError};
pub use writer::Writer;

/// Everything in an archive is in blocks of this many bytes.
pub(crate) const BLOCK: usize = 512;
