//! Findings in the forms that programs read. Terminal and GitHub annotations are those of diagnostics.

mod json;
mod junit;
mod sarif;

pub use json::render_json;
pub use junit::render_junit;
pub use sarif::render_sarif;
