//! One module a form of output. All take the diagnostics in the order in which they are shown.

pub(crate) mod github;
pub(crate) mod json;
pub(crate) mod sarif;
pub(crate) mod terminal;
