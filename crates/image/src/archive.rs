//! Images in files: docker's archives, OCI layouts (as directories and as tar archives), and plain trees.
//!
//! Everything that is read is checked before an image gets a name: digests, sizes, and that nothing is missing.

mod contents;
mod docker;
mod export;
mod import;
mod layout;
mod load;
mod names;
mod save;

pub use export::export;
pub use import::{ImportOptions, import};
pub use load::{Loaded, load, load_dir};
pub use save::{Format, Saved, save, save_dir};
