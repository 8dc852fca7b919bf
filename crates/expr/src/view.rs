//! A parsed expression to look at without evaluating it: for checks and editors.

use std::ops::Range;

use crate::expr::node::{NodeId, NodeKind};
use crate::expr::token::Operator;
use crate::{Expr, Value};

/// One part of an expression. Cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Part<'e> {
    expr: &'e Expr,
    id: NodeId,
}

/// What a part is.
#[derive(Debug, Clone)]
pub enum Term<'e> {
    /// A constant in the text.
    Literal(&'e Value),
    /// `*`, the index of a filter.
    Wildcard,
    /// A context: `github`.
    Context(&'e str),
    /// `container.index` or `container[index]`; a name after a dot is a literal.
    Index(Part<'e>, Part<'e>),
    Not(Part<'e>),
    Compare(Comparison, Part<'e>, Part<'e>),
    /// Two or more operands.
    And(Vec<Part<'e>>),
    Or(Vec<Part<'e>>),
    /// A function, spelt as the scope spells it.
    Call(&'e str, Vec<Part<'e>>),
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Expr {
    /// The whole expression as its outermost part; `None` for the empty expression.
    pub fn view(&self) -> Option<Part<'_>> {
        self.root().map(|id| Part { expr: self, id })
    }
}

impl<'e> Part<'e> {
    /// What this is, with the parts inside.
    pub fn term(self) -> Term<'e> {
        let part = |id: &NodeId| Part { expr: self.expr, id: *id };
        let parts = |ids: &'e [NodeId]| ids.iter().map(part).collect();
        let Some(node) = self.expr.node(self.id) else {
            return Term::Wildcard;
        };
        match &node.kind {
            NodeKind::Literal(value) => Term::Literal(value),
            NodeKind::Wildcard => Term::Wildcard,
            NodeKind::Named(name) => Term::Context(name),
            NodeKind::Index(container, index) => Term::Index(part(container), part(index)),
            NodeKind::Not(operand) => Term::Not(part(operand)),
            NodeKind::Compare(operator, left, right) => Term::Compare(comparison(*operator), part(left), part(right)),
            NodeKind::And(operands) => Term::And(parts(operands)),
            NodeKind::Or(operands) => Term::Or(parts(operands)),
            NodeKind::Call { name, arguments, .. } => Term::Call(name, parts(arguments)),
        }
    }

    /// The bytes of [`Expr::source`] it was written with, without the parentheses around it.
    pub fn range(self) -> Range<usize> {
        self.expr.node(self.id).map_or(0..0, |node| node.range.clone())
    }

    /// Its text.
    pub fn text(self) -> &'e str {
        self.expr.source().get(self.range()).unwrap_or_default()
    }

    /// The parts directly inside, in the order of the text.
    pub fn children(self) -> Vec<Part<'e>> {
        let ids = self.expr.node(self.id).map(crate::expr::node::Node::children).unwrap_or_default();
        ids.into_iter().map(|id| Part { expr: self.expr, id }).collect()
    }

    /// Calls `visit` for this part and every one inside it, outer ones first.
    pub fn each(self, visit: &mut dyn FnMut(Part<'e>)) {
        visit(self);
        self.children().into_iter().for_each(|child| child.each(visit));
    }

    /// The path it reads when it is a context or constant names below one: `["github", "event", "issue"]`. A filter is
    /// the name `*`.
    pub fn path(self) -> Option<Vec<String>> {
        match self.term() {
            Term::Context(name) => Some(vec![name.to_owned()]),
            Term::Index(container, index) => {
                let mut path = container.path()?;
                path.push(match index.term() {
                    Term::Literal(value) => value.to_display_string().into_owned(),
                    Term::Wildcard => "*".to_owned(),
                    _ => return None,
                });
                Some(path)
            }
            _ => None,
        }
    }

    /// The constant it is, if it is one.
    pub fn literal(self) -> Option<&'e Value> {
        match self.term() {
            Term::Literal(value) => Some(value),
            _ => None,
        }
    }
}

impl PartialEq for Part<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.expr, other.expr) && self.id == other.id
    }
}

fn comparison(operator: Operator) -> Comparison {
    match operator {
        Operator::NotEqual => Comparison::NotEqual,
        Operator::Less => Comparison::Less,
        Operator::LessOrEqual => Comparison::LessOrEqual,
        Operator::Greater => Comparison::Greater,
        Operator::GreaterOrEqual => Comparison::GreaterOrEqual,
        // The parser makes no comparison of `!`, `&&` and `||`.
        Operator::Equal | Operator::Not | Operator::And | Operator::Or => Comparison::Equal,
    }
}

#[cfg(test)]
mod tests {
    use crate::{Scope, parse};

    #[test]
    fn parts_and_their_places() {
        let scope = Scope { contexts: &["github"], any_context: false, functions: &[] };
        let expr = parse("github.event['a'].*.b == 'x' && !contains(github.ref, 'y')", &scope).unwrap();
        let mut seen = Vec::new();
        expr.view()
            .unwrap()
            .each(&mut |part| seen.push((part.text().to_owned(), part.path().map(|path| path.join("/")))));
        let seen: Vec<String> = seen.into_iter().map(|(text, path)| format!("{text} | {path:?}")).collect();
        assert_eq!(seen[0], "github.event['a'].*.b == 'x' && !contains(github.ref, 'y') | None");
        assert!(seen.contains(&"github.event['a'].*.b | Some(\"github/event/a/*/b\")".to_owned()), "{seen:#?}");
        assert!(seen.contains(&"contains(github.ref, 'y') | None".to_owned()), "{seen:#?}");
        assert!(seen.contains(&"github.ref | Some(\"github/ref\")".to_owned()), "{seen:#?}");
    }
}
