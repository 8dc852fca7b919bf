use std::ops::Range;

use crate::expr::node::{NodeId, NodeKind};
use crate::{EvalError, Expr, Value};

/// What became of one part of an expression, and of the parts inside it, in the order of the text.
///
/// Values are as they were, secrets included: mask before showing them.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    /// The part's own text.
    pub text: String,
    /// The part's place, in bytes of the text that was parsed. Empty for a part that is not in the text: the
    /// implicit `success()`.
    pub range: Range<usize>,
    pub kind: PartKind,
    pub outcome: Outcome,
    pub parts: Vec<Trace>,
}

/// What became of one part of an expression.
#[derive(Debug, Clone, Default)]
pub enum Outcome {
    /// Its value.
    Value(Value),
    /// It was not needed: a short-circuited operand, a `case` branch not taken, an unused `format` argument.
    #[default]
    NotEvaluated,
    /// It, or a part of it, failed.
    Failed(EvalError),
}

/// What a part of an expression is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PartKind {
    /// Nothing, or a value that stands in the text.
    #[default]
    Constant,
    /// A context, or a value in one reached by constant names.
    Path,
    Operator,
    Call,
}

impl Trace {
    pub(crate) fn of_empty(expr: &Expr) -> Self {
        Self { range: expr.range(), outcome: Outcome::Value(Value::Null), ..Self::default() }
    }

    /// The trace of an expression that was not looked at.
    pub(crate) fn not_evaluated(expr: &Expr) -> Self {
        match expr.root() {
            Some(root) => Outcomes::default().into_trace(expr, root),
            None => Self::default(),
        }
    }

    /// The value, when there is one.
    pub fn value(&self) -> Option<&Value> {
        match &self.outcome {
            Outcome::Value(value) => Some(value),
            _ => None,
        }
    }
}

/// What became of each node, by its id.
#[derive(Debug, Default)]
pub(crate) struct Outcomes(Vec<Outcome>);

impl Outcomes {
    pub(crate) fn new(nodes: usize) -> Self {
        Self(vec![Outcome::NotEvaluated; nodes])
    }

    pub(crate) fn record(&mut self, id: NodeId, result: &Result<Value, EvalError>) {
        if let Some(slot) = self.0.get_mut(id as usize) {
            *slot = match result {
                Ok(value) => Outcome::Value(value.clone()),
                Err(error) => Outcome::Failed(error.clone()),
            };
        }
    }

    pub(crate) fn into_trace(mut self, expr: &Expr, root: NodeId) -> Trace {
        self.trace(expr, root)
    }

    fn trace(&mut self, expr: &Expr, id: NodeId) -> Trace {
        let Some(node) = expr.node(id) else {
            return Trace::default();
        };
        let outcome = self.0.get_mut(id as usize).map(std::mem::take);
        let mut parts: Vec<Trace> = Vec::new();
        for child in node.children() {
            parts.push(self.trace(expr, child));
        }
        let kind = match &node.kind {
            NodeKind::Literal(_) | NodeKind::Wildcard => PartKind::Constant,
            NodeKind::Named(_) => PartKind::Path,
            NodeKind::Index(..) => match parts.as_slice() {
                [container, index] if container.kind == PartKind::Path && index.kind == PartKind::Constant => {
                    PartKind::Path
                }
                _ => PartKind::Operator,
            },
            NodeKind::Call { .. } => PartKind::Call,
            NodeKind::Not(_) | NodeKind::Compare(..) | NodeKind::And(_) | NodeKind::Or(_) => PartKind::Operator,
        };
        Trace {
            text: expr.source().get(node.range.clone()).unwrap_or_default().to_owned(),
            range: node.range.clone(),
            kind,
            outcome: outcome.unwrap_or_default(),
            parts,
        }
    }
}
