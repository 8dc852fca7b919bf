use std::sync::Arc;

use super::Expr;
use super::node::{Callee, Node, NodeId, NodeKind};
use crate::{Segment, Template, Value};

impl Expr {
    /// Text with expressions in it as the one expression GitHub makes of it: `format('…{0}…', …)`.
    pub(crate) fn formatted(template: &Template) -> Self {
        let mut nodes: Vec<Node> = Vec::new();
        let mut format = String::new();
        let mut arguments = Vec::new();
        for segment in template.segments() {
            match segment {
                Segment::Text(text) => {
                    format.push_str(&text.replace('{', "{{").replace('}', "}}"));
                }
                Segment::Expr(expr) => {
                    format.push_str(&format!("{{{}}}", arguments.len()));
                    let base = next_id(&nodes);
                    nodes.extend(expr.nodes().iter().map(|node| node.moved(base)));
                    arguments.extend(expr.root().map(|root| root + base));
                }
            }
        }
        let span = 0..template.text().len();
        let mut push = |kind, range| {
            let depth = 1 + nodes.iter().map(|node| node.depth).max().unwrap_or(0);
            let id = next_id(&nodes);
            nodes.push(Node { kind, range, depth });
            id
        };
        let format = push(NodeKind::Literal(Value::from(format)), 0..0);
        let root = push(
            NodeKind::Call {
                function: Callee::Format,
                name: "format".into(),
                arguments: std::iter::once(format).chain(arguments).collect(),
            },
            span.clone(),
        );
        Self::new(Arc::clone(template.source()), span, nodes, Some(root))
    }

    pub(crate) fn depth(&self) -> u32 {
        self.root.and_then(|root| self.node(root)).map_or(0, |node| node.depth)
    }
}

fn next_id(nodes: &[Node]) -> NodeId {
    NodeId::try_from(nodes.len()).unwrap_or(NodeId::MAX)
}
