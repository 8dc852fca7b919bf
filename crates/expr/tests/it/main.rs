//! The expression language as its users see it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod any_input;
mod conditions;
mod explain;
mod functions;
mod operators;
mod references;
mod syntax;
mod templates;
mod vectors;

use expr::{Context, EvalError, JsonContext, Value};

/// Contexts from JSON.
pub(crate) fn contexts(json: &str) -> JsonContext {
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    JsonContext::new(json.as_object().unwrap())
}

/// Evaluates an expression that parses.
pub(crate) fn evaluate(text: &str, context: &JsonContext) -> Result<Value, EvalError> {
    let expr = context.with_scope(|scope| expr::parse(text, scope)).unwrap_or_else(|error| panic!("{text}: {error}"));
    expr::evaluate(&expr, context)
}

/// What an expression without contexts is, as JSON, or its error.
pub(crate) fn show(text: &str) -> String {
    show_in(text, "{}")
}

/// What an expression is in these contexts, as JSON, or its error.
pub(crate) fn show_in(text: &str, json: &str) -> String {
    match evaluate(text, &contexts(json)) {
        Ok(value) => value.to_json().to_string(),
        Err(error) => format!("error: {error}"),
    }
}

/// The parse error of an expression without contexts: its message and the part at fault.
pub(crate) fn refusal(text: &str) -> (String, &str) {
    let error = contexts(r#"{"foo": null}"#).with_scope(|scope| expr::parse(text, scope)).expect_err(text);
    (error.message, &text[error.range])
}

/// Answers host functions with what it was given.
pub(crate) struct Host<'a>(pub(crate) &'a Answer<'a>);

type Answer<'a> = dyn Fn(&str, &[Value]) -> Option<Result<Value, String>> + 'a;

impl Context for Host<'_> {
    fn named(&self, _name: &str) -> Option<Value> {
        None
    }

    fn call(&self, name: &str, args: &[Value]) -> Option<Result<Value, String>> {
        (self.0)(name, args)
    }
}
