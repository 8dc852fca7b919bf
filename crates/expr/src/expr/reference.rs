use std::ops::Range;
use std::sync::Arc;

use super::Expr;
use super::node::{NodeId, NodeKind};

/// A path an expression reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Names from the context on: `["needs", "build", "result"]`. `*` stands for a wildcard.
    pub path: Vec<Arc<str>>,
    /// Where it stands, in bytes of [`Expr::source`].
    pub range: Range<usize>,
    /// False when an index that is not constant follows the path.
    pub complete: bool,
}

pub(super) fn references(expr: &Expr) -> Vec<Reference> {
    let mut found = Vec::new();
    if let Some(root) = expr.root() {
        collect(expr, root, &mut found);
    }
    found.sort_by_key(|reference| reference.range.start);
    found
}

/// Goes down from `id`: the depth of an expression is limited when it is parsed.
fn collect(expr: &Expr, id: NodeId, found: &mut Vec<Reference>) {
    if let Some(reference) = path_to(expr, id, found) {
        found.push(reference);
        return;
    }
    let Some(node) = expr.node(id) else { return };
    for child in node.children() {
        collect(expr, child, found);
    }
}

/// The path `id` stands for, if it is a context or an index into one. What computed indexes read goes to `found`.
fn path_to(expr: &Expr, id: NodeId, found: &mut Vec<Reference>) -> Option<Reference> {
    let node = expr.node(id)?;
    let (container, index) = match &node.kind {
        NodeKind::Named(name) => {
            return Some(Reference { path: vec![Arc::clone(name)], range: node.range.clone(), complete: true });
        }
        NodeKind::Index(container, index) => (*container, *index),
        _ => return None,
    };
    let mut reference = path_to(expr, container, found)?;
    let name: Option<Arc<str>> = match &expr.node(index)?.kind {
        NodeKind::Literal(value) => Some(value.to_display_string().into()),
        NodeKind::Wildcard => Some("*".into()),
        _ => {
            collect(expr, index, found);
            None
        }
    };
    match name {
        Some(name) if reference.complete => {
            reference.path.push(name);
            reference.range = node.range.clone();
        }
        _ => reference.complete = false,
    }
    Some(reference)
}
