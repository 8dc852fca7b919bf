//! Values of a job's keys, of the kind that the key takes.
//!
//! As in `TemplateEvaluator` of actions/runner an expression has to give the right kind: text is no boolean and no number
//! (`fromJSON` makes one), and nothing is neither. Any scalar is text.

use expr::{Context, Value};
use span::Span;
use workflow::{EvaluationFailure, Template};

use crate::effect::Why;

pub(crate) fn evaluated(
    template: Option<&Template>,
    context: &dyn Context,
) -> Result<Option<Value>, Why> {
    template
        .map(|template| template.evaluate(context).map_err(failed))
        .transpose()
}

pub(crate) fn evaluated_boolean(
    template: Option<&Template>,
    key: &'static str,
    context: &dyn Context,
) -> Result<Option<bool>, Why> {
    let Some(template) = template else {
        return Ok(None);
    };
    boolean(
        &template.evaluate(context).map_err(failed)?,
        key,
        template.span,
    )
    .map(Some)
}

pub(crate) fn boolean(value: &Value, key: &'static str, span: Span) -> Result<bool, Why> {
    value
        .as_bool()
        .ok_or_else(|| mismatch(value, key, "`true` or `false`", span))
}

pub(crate) fn number(value: &Value, key: &'static str, span: Span) -> Result<f64, Why> {
    value
        .as_number()
        .ok_or_else(|| mismatch(value, key, "a number", span))
}

pub(crate) fn text(value: &Value, key: &'static str, span: Span) -> Result<String, Why> {
    if value.is_primitive() {
        return Ok(value.to_display_string().into_owned());
    }
    Err(mismatch(value, key, "a string", span))
}

pub(crate) fn failed(failure: EvaluationFailure) -> Why {
    Why::new("expression", failure.message, Some(failure.span))
}

fn mismatch(value: &Value, key: &'static str, expected: &str, span: Span) -> Why {
    let text = match value {
        Value::Null => format!("`{key}` is {expected}, the expression gives nothing"),
        Value::String(_) if expected != "a string" => {
            let found = value.to_display_string();
            format!(
                "`{key}` is {expected}, the expression gives the string `{found}`; `fromJSON` makes one of it"
            )
        }
        _ => format!(
            "`{key}` is {expected}, the expression gives `{}`",
            value.to_display_string()
        ),
    };
    Why::new("value", text, Some(span))
}
