use std::ops::Range;
use std::sync::Arc;

use crate::{ParseError, Scope};

/// A parsed expression. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Expr {
    text: Arc<str>,
}

/// Parses an expression (what stands between `${{` and `}}`). An empty text is the expression null.
///
/// # Errors
/// When the text is no expression, is too long or too deep, or names what `scope` does not have.
pub fn parse(text: &str, scope: &Scope<'_>) -> Result<Expr, ParseError> {
    let _ = scope;
    Ok(Expr { text: text.into() })
}

impl Expr {
    /// The text the expression was parsed from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether one of these functions is called anywhere in the expression; names compare without regard to case.
    pub fn calls_any(&self, names: &[&str]) -> bool {
        let _ = names;
        false
    }

    /// What the expression reads: paths of constant names, longest known prefix: `needs.build.outputs.x` is
    /// `["needs", "build", "outputs", "x"]`; `.*` is the name `*`; the path ends where an index is computed.
    pub fn references(&self) -> Vec<Reference> {
        Vec::new()
    }
}

/// A path an expression reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Names from the context on: `["needs", "build", "result"]`. `*` stands for a wildcard.
    pub path: Vec<Arc<str>>,
    /// Where it stands, in bytes of the text that was parsed.
    pub range: Range<usize>,
    /// False when an index that is not constant follows the path.
    pub complete: bool,
}
