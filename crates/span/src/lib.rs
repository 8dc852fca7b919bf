//! Where things stand in users' files, and what is wrong with them.
//!
//! Owns: source files and byte spans, diagnostics, and every way to show them (terminal, JSON,
//! SARIF, GitHub annotations). Must not: read files, print, or know what the files mean.

mod diagnostic;
mod render;
mod source;
mod spelling;
mod text_span;

pub use diagnostic::{Diagnostic, Severity};
pub use render::github::render_github;
pub use render::json::render_json;
pub use render::sarif::{SarifRule, SarifTool, render_sarif};
pub use render::terminal::{Color, render_terminal};
pub use source::{Position, SourceFile, SourceMap};
pub use spelling::did_you_mean;
pub use text_span::{FileId, Span};
