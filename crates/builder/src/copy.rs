//! `COPY` and `ADD`: which files, and where they end up.

mod archive;
mod links;
mod place;
mod select;

pub(crate) use archive::{is_archive, spool};
pub(crate) use place::{Destination, Placer};
pub(crate) use select::{Match, Selection, select};
