//! The pattern language of `branches:`, `tags:` and `paths:`.
//!
//! It is GitHub's own: `?` and `+` repeat the character before them, `*` stops at `/`, `**` does not. Neither gitignore nor
//! shell globs read the same text the same way. Source of the rules: GitHub's filter pattern cheat sheet.

mod edges;
mod list;
mod matching;
mod parse;

pub use list::{Decision, PatternList};
pub use parse::{GlobError, Pattern, Subject};
