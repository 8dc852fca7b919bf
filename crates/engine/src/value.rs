//! Values of a job's keys, of the kind that the key takes: [`workflow::value`] decides, here it becomes a reason.

use expr::{Context, Value};
use span::Span;
use workflow::{EvaluationFailure, Template};

use crate::effect::Why;

pub(crate) fn evaluated(template: Option<&Template>, context: &dyn Context) -> Result<Option<Value>, Why> {
    template.map(|template| template.evaluate(context).map_err(failed)).transpose()
}

pub(crate) fn evaluated_boolean(
    template: Option<&Template>,
    key: &'static str,
    context: &dyn Context,
) -> Result<Option<bool>, Why> {
    let Some(template) = template else {
        return Ok(None);
    };
    boolean(&template.evaluate(context).map_err(failed)?, key, template.span).map(Some)
}

pub(crate) fn boolean(value: &Value, key: &'static str, span: Span) -> Result<bool, Why> {
    workflow::value::boolean(value, key).map_err(|text| mismatch(text, span))
}

pub(crate) fn number(value: &Value, key: &'static str, span: Span) -> Result<f64, Why> {
    workflow::value::number(value, key).map_err(|text| mismatch(text, span))
}

pub(crate) fn text(value: &Value, key: &'static str, span: Span) -> Result<String, Why> {
    workflow::value::text(value, key).map_err(|text| mismatch(text, span))
}

pub(crate) fn failed(failure: EvaluationFailure) -> Why {
    Why::new("expression", failure.message, Some(failure.span))
}

fn mismatch(text: String, span: Span) -> Why {
    Why::new("value", text, Some(span))
}
