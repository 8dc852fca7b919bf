//! YAML text to a tree in which every key and value knows its bytes.
//!
//! Owns: GitHub's reading of YAML (which scalars are numbers, no merge keys, no duplicate keys),
//! aliases with both sites, and limits on size, depth and expansion. Must not: know what a
//! workflow is, read files, or stop at the first problem where it can go on.

mod brackets;
mod build;
mod cursor;
mod draft;
mod limits;
mod node;
mod offsets;
mod parse;
mod problem;
mod scalar;
mod schema;
mod syntax;
mod trace;

pub use limits::Limits;
pub use node::{Kind, Node};
pub use parse::{Anchor, Parsed, parse, parse_bytes, read, read_bytes};
pub use scalar::{Scalar, Style};
