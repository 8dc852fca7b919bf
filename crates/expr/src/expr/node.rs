use std::ops::Range;
use std::sync::Arc;

use super::token::Operator;
use crate::Value;

/// The place of a node in its expression's list of nodes.
pub(crate) type NodeId = u32;

#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) kind: NodeKind,
    /// Bytes of the source, without the parentheses around it.
    pub(crate) range: Range<usize>,
    /// How many nodes stand on the longest way down from here, itself included.
    pub(crate) depth: u32,
}

#[derive(Debug, Clone)]
pub(crate) enum NodeKind {
    Literal(Value),
    /// `*`, as a value the text `*`.
    Wildcard,
    Named(Arc<str>),
    Index(NodeId, NodeId),
    Not(NodeId),
    Compare(Operator, NodeId, NodeId),
    And(Vec<NodeId>),
    Or(Vec<NodeId>),
    Call {
        function: Callee,
        name: Arc<str>,
        arguments: Vec<NodeId>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Callee {
    Case,
    Contains,
    EndsWith,
    Format,
    FromJson,
    Join,
    StartsWith,
    ToJson,
    /// A function the surroundings provide.
    Host,
}

/// The functions that exist everywhere, with the least and the most arguments they take.
pub(crate) const FUNCTIONS: [(&str, Callee, usize, usize); 8] = [
    ("case", Callee::Case, 3, 255),
    ("contains", Callee::Contains, 2, 2),
    ("endsWith", Callee::EndsWith, 2, 2),
    ("format", Callee::Format, 1, 255),
    ("fromJSON", Callee::FromJson, 1, 1),
    ("join", Callee::Join, 1, 2),
    ("startsWith", Callee::StartsWith, 2, 2),
    ("toJSON", Callee::ToJson, 1, 1),
];

impl Node {
    /// The node in a list where everything stands `base` places further on.
    pub(crate) fn moved(&self, base: NodeId) -> Self {
        let all = |ids: &[NodeId]| ids.iter().map(|id| id + base).collect();
        let kind = match &self.kind {
            NodeKind::Literal(_) | NodeKind::Wildcard | NodeKind::Named(_) => self.kind.clone(),
            NodeKind::Index(container, index) => NodeKind::Index(container + base, index + base),
            NodeKind::Not(operand) => NodeKind::Not(operand + base),
            NodeKind::Compare(operator, left, right) => NodeKind::Compare(*operator, left + base, right + base),
            NodeKind::And(operands) => NodeKind::And(all(operands)),
            NodeKind::Or(operands) => NodeKind::Or(all(operands)),
            NodeKind::Call { function, name, arguments } => {
                NodeKind::Call { function: *function, name: Arc::clone(name), arguments: all(arguments) }
            }
        };
        Self { kind, range: self.range.clone(), depth: self.depth }
    }

    /// The nodes inside, in the order of the text.
    pub(crate) fn children(&self) -> Vec<NodeId> {
        match &self.kind {
            NodeKind::Literal(_) | NodeKind::Wildcard | NodeKind::Named(_) => Vec::new(),
            NodeKind::Not(operand) => vec![*operand],
            NodeKind::Index(left, right) | NodeKind::Compare(_, left, right) => {
                vec![*left, *right]
            }
            NodeKind::And(operands) | NodeKind::Or(operands) | NodeKind::Call { arguments: operands, .. } => {
                operands.clone()
            }
        }
    }
}
