use crate::expr::node::{Node, NodeId, NodeKind};
use crate::trace::Outcomes;
use crate::{Context, EvalError, Expr, Trace, Value};

mod compare;
mod format;
mod functions;
mod index;
pub(crate) mod memory;

use memory::{Exceeded, Levels};

/// Evaluates an expression.
///
/// # Errors
/// When a function refuses its arguments or the results take more than 10 MiB as GitHub counts them.
pub fn evaluate(expr: &Expr, context: &dyn Context) -> Result<Value, EvalError> {
    evaluate_within(expr, context, memory::MAX_MEMORY)
}

/// Evaluates an expression whose results may take `max_memory` bytes as GitHub counts them.
///
/// # Errors
/// When a function refuses its arguments or the results take more than that.
pub fn evaluate_within(expr: &Expr, context: &dyn Context, max_memory: usize) -> Result<Value, EvalError> {
    let Some(root) = expr.root() else {
        return Ok(Value::Null);
    };
    Evaluator { expr, context, memory: Levels::new(max_memory), outcomes: None }.node(root, 0)
}

/// Evaluates an expression and keeps every sub-value with the part of the text it came from.
pub fn evaluate_traced(expr: &Expr, context: &dyn Context) -> (Result<Value, EvalError>, Trace) {
    let Some(root) = expr.root() else {
        return (Ok(Value::Null), Trace::of_empty(expr));
    };
    let mut evaluator = Evaluator {
        expr,
        context,
        memory: Levels::new(memory::MAX_MEMORY),
        outcomes: Some(Outcomes::new(expr.nodes().len())),
    };
    let result = evaluator.node(root, 0);
    let outcomes = evaluator.outcomes.take().unwrap_or_default();
    (result, outcomes.into_trace(expr, root))
}

struct Evaluator<'a> {
    expr: &'a Expr,
    context: &'a dyn Context,
    memory: Levels,
    outcomes: Option<Outcomes>,
}

/// A value and, where it is known, what it takes in memory.
struct Computed {
    value: Value,
    bytes: Option<usize>,
}

impl From<Value> for Computed {
    fn from(value: Value) -> Self {
        Self { value, bytes: None }
    }
}

impl From<bool> for Computed {
    fn from(value: bool) -> Self {
        Value::Bool(value).into()
    }
}

impl Evaluator<'_> {
    /// Evaluates one node; `level` is how far it is from the root. How deep an expression nests is limited when it
    /// is parsed.
    fn node(&mut self, id: NodeId, level: usize) -> Result<Value, EvalError> {
        let expr = self.expr;
        let Some(node) = expr.node(id) else {
            return Ok(Value::Null);
        };
        let result = self.compute(node, level).and_then(|computed| {
            let Computed { value, bytes } = computed;
            let bytes = bytes.unwrap_or_else(|| memory::value_size(&value));
            // What a collection holds on to is not known, so what lies deeper stays counted.
            let trim = value.is_primitive();
            match self.memory.add(level, bytes, trim) {
                Ok(()) => Ok(value),
                Err(Exceeded) => Err(self.exceeded(node)),
            }
        });
        if let Some(outcomes) = &mut self.outcomes {
            outcomes.record(id, &result);
        }
        result
    }

    fn compute(&mut self, node: &Node, level: usize) -> Result<Computed, EvalError> {
        Ok(match &node.kind {
            NodeKind::Literal(value) => value.clone().into(),
            NodeKind::Wildcard => Value::from("*").into(),
            NodeKind::Named(name) => self.context.named(name).unwrap_or_default().into(),
            NodeKind::Index(container, index) => self.index(node, *container, *index, level)?,
            NodeKind::Not(operand) => (!self.node(*operand, level + 1)?.truthy()).into(),
            NodeKind::Compare(operator, left, right) => {
                let left = self.node(*left, level + 1)?;
                let right = self.node(*right, level + 1)?;
                compare::compare(*operator, &left, &right).into()
            }
            NodeKind::And(operands) => self.first(operands, false, level)?.into(),
            NodeKind::Or(operands) => self.first(operands, true, level)?.into(),
            NodeKind::Call { function, name, arguments } => self.call(node, *function, name, arguments, level)?,
        })
    }

    /// The first operand that is truthy (or falsy), else the last one.
    fn first(&mut self, operands: &[NodeId], truthy: bool, level: usize) -> Result<Value, EvalError> {
        let mut value = Value::Null;
        for operand in operands {
            value = self.node(*operand, level + 1)?;
            if value.truthy() == truthy {
                break;
            }
        }
        Ok(value)
    }

    fn fail(node: &Node, message: impl Into<String>) -> EvalError {
        EvalError { message: message.into(), range: node.range.clone() }
    }

    fn exceeded(&self, node: &Node) -> EvalError {
        let text = self.expr.source().get(node.range.clone()).unwrap_or_default();
        Self::fail(
            node,
            format!("The maximum allowed memory size was exceeded while evaluating the following expression: {text}"),
        )
    }
}
