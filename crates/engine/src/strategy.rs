//! A job's `strategy` with its expressions worked out.

use expr::{Context, Value};
use span::Span;
use workflow::{Leg as MatrixLeg, Strategy, expand_matrix};

use crate::effect::Why;
use crate::value::{boolean, evaluated, failed, number};

/// What `strategy:` makes of a job.
pub(crate) struct Plan {
    pub(crate) fail_fast: bool,
    /// As given; none where nothing is given or the number is below 1, which is no bound.
    pub(crate) max_parallel: Option<f64>,
    /// Empty for a job without a matrix, and for one whose matrix excludes everything: it has one leg.
    ///
    /// That the latter runs once, without a matrix, is the rule of `EvaluateStrategy` in actions/runner.
    pub(crate) legs: Vec<MatrixLeg>,
}

impl Plan {
    pub(crate) fn of(strategy: Option<&Strategy>, context: &dyn Context) -> Result<Self, Why> {
        let Some(strategy) = strategy else {
            return Ok(Self { fail_fast: true, max_parallel: None, legs: Vec::new() });
        };
        let parts = Parts::of(strategy, context)?;
        let fail_fast = match parts.fail_fast {
            None => true,
            Some((value, span)) => boolean(&value, "fail-fast", span)?,
        };
        let max_parallel = match parts.max_parallel {
            None => None,
            Some((value, span)) => Some(number(&value, "max-parallel", span)?.trunc()).filter(|number| *number >= 1.0),
        };
        let legs = match parts.matrix {
            None => Vec::new(),
            Some((value, span)) => {
                expand_matrix(&value).map_err(|error| Why::new("matrix", error.to_string(), Some(span)))?
            }
        };
        Ok(Self { fail_fast, max_parallel, legs })
    }
}

/// The keys of a strategy, evaluated, with the places they come from.
#[derive(Default)]
struct Parts {
    fail_fast: Option<(Value, Span)>,
    max_parallel: Option<(Value, Span)>,
    matrix: Option<(Value, Span)>,
}

impl Parts {
    fn of(strategy: &Strategy, context: &dyn Context) -> Result<Self, Why> {
        let Some(whole) = &strategy.whole else {
            let part = |template: &Option<workflow::Template>| -> Result<_, Why> {
                let value = evaluated(template.as_ref(), context)?;
                Ok(value.zip(template.as_ref().map(|template| template.span)))
            };
            return Ok(Self {
                fail_fast: part(&strategy.fail_fast)?,
                max_parallel: part(&strategy.max_parallel)?,
                matrix: part(&strategy.matrix)?,
            });
        };
        let value = whole.evaluate(context).map_err(failed)?;
        let Value::Object(object) = &value else {
            let text = format!("`strategy` is a mapping, the expression gives `{}`", value.to_display_string());
            return Err(Why::new("strategy", text, Some(whole.span)));
        };
        let mut parts = Self::default();
        for (key, value) in object.iter() {
            let slot = match key {
                "fail-fast" => &mut parts.fail_fast,
                "max-parallel" => &mut parts.max_parallel,
                "matrix" => &mut parts.matrix,
                other => {
                    let text = format!("`strategy` has `fail-fast`, `max-parallel` and `matrix`, not `{other}`");
                    return Err(Why::new("strategy", text, Some(whole.span)));
                }
            };
            *slot = Some((value.clone(), whole.span));
        }
        Ok(parts)
    }
}
