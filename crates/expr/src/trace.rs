use std::ops::Range;

use crate::{EvalError, Value};

/// What became of one part of an expression, and of the parts inside it, in the order of the text.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    /// The part's place, in bytes of the text that was parsed.
    pub range: Range<usize>,
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
