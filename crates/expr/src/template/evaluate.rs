use super::{Segment, Template};
use crate::eval::memory::{Counter, MAX_MEMORY};
use crate::{Context, EvalError, Expr, Trace, Value, evaluate as evaluate_expr};

pub(super) fn evaluate(template: &Template, context: &dyn Context) -> Result<Value, EvalError> {
    value(template, |expr| evaluate_expr(expr, context))
}

pub(super) fn evaluate_traced(template: &Template, context: &dyn Context) -> (Result<Value, EvalError>, Vec<Trace>) {
    let mut traces = Vec::new();
    let result = value(template, |expr| {
        let (result, trace) = crate::evaluate_traced(expr, context);
        traces.push(trace);
        result
    });
    (result, traces)
}

fn value(template: &Template, mut evaluate: impl FnMut(&Expr) -> Result<Value, EvalError>) -> Result<Value, EvalError> {
    match template.segments() {
        [] => return Ok(Value::from("")),
        [Segment::Text(text)] => return Ok(Value::String(text.clone())),
        [Segment::Expr(expr)] => return evaluate(expr),
        _ => {}
    }
    let mut counter = Counter::new(MAX_MEMORY);
    let mut result = String::with_capacity(template.text().len());
    for segment in template.segments() {
        let value;
        let text = match segment {
            Segment::Text(text) => (&**text).into(),
            Segment::Expr(expr) => {
                value = evaluate(expr)?;
                value.to_display_string()
            }
        };
        if counter.add_text(&text).is_err() {
            return Err(EvalError {
                message: "The maximum allowed memory size was exceeded while evaluating the text".to_owned(),
                range: 0..template.text().len(),
            });
        }
        result.push_str(&text);
    }
    Ok(result.into())
}
