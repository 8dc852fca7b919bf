use std::ops::Range;
use std::sync::Arc;

mod formatted;
mod lexer;
pub(crate) mod node;
pub(crate) mod parser;
mod reference;
pub(crate) mod token;

pub use reference::Reference;

use crate::{ParseError, Scope};
use node::{Node, NodeId, NodeKind};

/// A parsed expression. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Expr {
    source: Arc<str>,
    span: Range<usize>,
    nodes: Arc<[Node]>,
    /// `None` for the empty expression, which is null.
    root: Option<NodeId>,
}

/// Parses an expression (what stands between `${{` and `}}`). An empty text is the expression null.
///
/// # Errors
/// When the text is no expression, is too long or too deep, or names what `scope` does not have.
pub fn parse(text: &str, scope: &Scope<'_>) -> Result<Expr, ParseError> {
    Expr::parse_within(&text.into(), 0..text.len(), scope)
}

impl Expr {
    /// Parses a part of `source`, keeping positions in the whole of it.
    pub(crate) fn parse_within(source: &Arc<str>, span: Range<usize>, scope: &Scope<'_>) -> Result<Self, ParseError> {
        let (nodes, root) = parser::parse_span(source, span.clone(), scope)?;
        Ok(Self::new(Arc::clone(source), span, nodes, root))
    }

    pub(crate) fn new(source: Arc<str>, span: Range<usize>, nodes: Vec<Node>, root: Option<NodeId>) -> Self {
        Self { source, span, nodes: nodes.into(), root }
    }

    /// The text of the expression itself.
    pub fn text(&self) -> &str {
        self.source.get(self.span.clone()).unwrap_or_default()
    }

    /// The whole text it was parsed from, which ranges count in: for an expression of a template, the template's.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Where the expression stands in [`Expr::source`].
    pub fn range(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// The text of a string constant, when the expression is nothing else.
    pub fn as_string_literal(&self) -> Option<&str> {
        match &self.node(self.root?)?.kind {
            NodeKind::Literal(value) => value.as_str(),
            _ => None,
        }
    }

    /// Whether one of these functions is called anywhere in the expression; names compare without regard to case.
    pub fn calls_any(&self, names: &[&str]) -> bool {
        self.calls().any(|called| names.iter().any(|name| name.eq_ignore_ascii_case(called)))
    }

    /// The functions called anywhere in the expression, spelt as the scope spells them.
    pub fn calls(&self) -> impl Iterator<Item = &str> {
        self.nodes.iter().filter_map(|node| match &node.kind {
            NodeKind::Call { name, .. } => Some(&**name),
            _ => None,
        })
    }

    /// What the expression reads, in the order of the text: `needs.build.outputs.x` is
    /// `["needs", "build", "outputs", "x"]`; `.*` is the name `*`; a path ends where an index is computed.
    pub fn references(&self) -> Vec<Reference> {
        reference::references(self)
    }

    pub(crate) fn root(&self) -> Option<NodeId> {
        self.root
    }

    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(crate) fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id as usize)
    }
}
