use crate::{Context, EvalError, Expr, ParseError, Scope, Trace, Value};

/// Text with expressions in it: `v${{ matrix.version }}`.
#[derive(Debug, Clone)]
pub struct Template {}

/// One piece of a template.
#[derive(Debug, Clone)]
pub enum Segment {
    Text(std::sync::Arc<str>),
    Expr(Expr),
}

impl Template {
    /// Parses a text. Ranges in errors are bytes of `text`.
    ///
    /// # Errors
    /// Every expression of the text that is not one, and an unclosed `${{`.
    pub fn parse(text: &str, scope: &Scope<'_>) -> Result<Self, Vec<ParseError>> {
        let _ = (text, scope);
        Ok(Self {})
    }

    /// A template without expressions.
    pub fn literal(text: &str) -> Self {
        let _ = text;
        Self {}
    }

    /// The text the template was parsed from.
    pub fn text(&self) -> &str {
        ""
    }

    /// The whole text, when there is no expression in it.
    pub fn as_literal(&self) -> Option<&str> {
        None
    }

    /// The expressions of the template, in order. Their ranges are bytes of the template's text.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        std::iter::empty()
    }

    pub fn segments(&self) -> &[Segment] {
        &[]
    }

    /// The value: a lone expression keeps its type, everything else becomes a string.
    ///
    /// # Errors
    /// The first expression that fails.
    pub fn evaluate(&self, context: &dyn Context) -> Result<Value, EvalError> {
        let _ = context;
        Ok(Value::Null)
    }

    /// Like [`Template::evaluate`], with a trace for each expression.
    pub fn evaluate_traced(&self, context: &dyn Context) -> (Result<Value, EvalError>, Vec<Trace>) {
        let _ = context;
        (Ok(Value::Null), Vec::new())
    }
}
