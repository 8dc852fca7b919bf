use std::sync::Arc;

use crate::{Context, EvalError, Expr, Outcome, ParseError, PartKind, Scope, Template, Trace, Value};

/// The functions that take the result so far into account: a condition that calls none of them holds only while
/// nothing has failed.
pub const STATUS_FUNCTIONS: [&str; 4] = ["success", "failure", "always", "cancelled"];

const SUCCESS: &str = "success";

/// The condition of a job or a step: what `if:` says. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Condition {
    expr: Expr,
    implicit: bool,
}

impl Condition {
    /// Parses an `if:`. With or without `${{ }}`; text around `${{ }}` makes it a format, which is always true.
    /// A condition that calls none of [`STATUS_FUNCTIONS`] holds only after `success()`; an empty one is `success()`.
    ///
    /// # Errors
    /// Every expression of the text that is not one, and an unclosed `${{`.
    pub fn parse(text: &str, scope: &Scope<'_>) -> Result<Self, Vec<ParseError>> {
        let template = Template::parse(text, scope)?;
        let expr = match template.as_expr() {
            Some(expr) => match expr.as_string_literal() {
                // GitHub reads a lone string constant first, and what it says as the condition.
                Some(condition) if expr.text().starts_with('\'') => {
                    crate::parse(condition, scope).map_err(|error| vec![ParseError { range: expr.range(), ..error }])?
                }
                _ => expr.clone(),
            },
            None if template.expressions().next().is_some() => Expr::formatted(&template),
            None => crate::parse(text, scope).map_err(|error| vec![error])?,
        };
        Ok(Self::new(expr))
    }

    fn new(expr: Expr) -> Self {
        let implicit = !expr.calls_any(&STATUS_FUNCTIONS);
        Self { expr, implicit }
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
        if self.implicit {
            let success = call_success(context)?;
            if self.expr.is_empty() || !success.truthy() {
                return Ok(success.truthy());
            }
        }
        crate::evaluate(&self.expr, context).map(|value| value.truthy())
    }

    /// Like [`Condition::evaluate`], with every sub-value. The implicit `success()` has an empty range.
    pub fn evaluate_traced(&self, context: &dyn Context) -> (Result<bool, EvalError>, Trace) {
        if !self.implicit {
            let (result, trace) = crate::evaluate_traced(&self.expr, context);
            return (result.map(|value| value.truthy()), trace);
        }
        let success = call_success(context);
        let success_trace = Trace {
            text: format!("{SUCCESS}()"),
            range: 0..0,
            kind: PartKind::Call,
            outcome: outcome(&success),
            parts: Vec::new(),
        };
        if self.expr.is_empty() {
            return (success.map(|value| value.truthy()), success_trace);
        }
        let (result, rest) = match success {
            Ok(success) if success.truthy() => crate::evaluate_traced(&self.expr, context),
            stopped => (stopped, Trace::not_evaluated(&self.expr)),
        };
        let trace = Trace {
            text: format!("{SUCCESS}() && ({})", rest.text),
            range: self.expr.range(),
            kind: PartKind::Operator,
            outcome: outcome(&result),
            parts: vec![success_trace, rest],
        };
        (result.map(|value| value.truthy()), trace)
    }
}

/// `success()`: what a missing `if:` says.
impl Default for Condition {
    fn default() -> Self {
        Self::new(Expr::new(Arc::from(""), 0..0, Vec::new(), None))
    }
}

fn call_success(context: &dyn Context) -> Result<Value, EvalError> {
    let failed = |message: String| EvalError { message, range: 0..0 };
    match context.call(SUCCESS, &[]) {
        Some(result) => result.map_err(failed),
        None => Err(failed(format!("The function '{SUCCESS}' is not available here"))),
    }
}

fn outcome(result: &Result<Value, EvalError>) -> Outcome {
    match result {
        Ok(value) => Outcome::Value(value.clone()),
        Err(error) => Outcome::Failed(error.clone()),
    }
}
