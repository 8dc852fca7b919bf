use crate::{Context, EvalError, Expr, ParseError, Scope, Trace};

/// The condition of a job or a step: what `if:` says.
#[derive(Debug, Clone)]
pub struct Condition {
    expr: Expr,
    implicit: bool,
}

impl Condition {
    /// Parses an `if:`. With or without `${{ }}`; text around `${{ }}` makes it a format, which is always true.
    /// A condition that calls none of `success`, `failure`, `always`, `cancelled` holds only after `success()`.
    ///
    /// # Errors
    /// Every expression of the text that is not one, and an unclosed `${{`.
    pub fn parse(text: &str, scope: &Scope<'_>) -> Result<Self, Vec<ParseError>> {
        Ok(Self {
            expr: crate::parse(text, scope).map_err(|error| vec![error])?,
            implicit: false,
        })
    }

    /// What stands in the file, without the implicit `success()`.
    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    /// Whether `success() &&` is put in front.
    pub fn is_implicit_success(&self) -> bool {
        self.implicit
    }

    /// Whether the condition holds.
    ///
    /// # Errors
    /// When a function refuses its arguments.
    pub fn evaluate(&self, context: &dyn Context) -> Result<bool, EvalError> {
        crate::evaluate(&self.expr, context).map(|value| value.truthy())
    }

    /// Like [`Condition::evaluate`], with every sub-value. The implicit `success()` has an empty range.
    pub fn evaluate_traced(&self, context: &dyn Context) -> (Result<bool, EvalError>, Trace) {
        let (result, trace) = crate::evaluate_traced(&self.expr, context);
        (result.map(|value| value.truthy()), trace)
    }
}
