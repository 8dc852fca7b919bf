//! Values for the inputs that `workflow_dispatch` and `workflow_call` declare.

use std::sync::Arc;

use expr::{Context, Object, Value};
use span::did_you_mean;

use crate::{EvaluationFailure, Input, InputType};

/// Where values come from: the rules differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputSource {
    /// Text typed by a person or sent to an API: `true` is read as a boolean. A default fills in for a required input.
    Dispatch,
    /// `with:` of a calling job: values have their types, and a required input has to be given.
    Call,
}

/// Why a value cannot be had. The name is the declared one, for unknown inputs the given one.
#[derive(Clone, Debug, thiserror::Error)]
pub enum InputError {
    #[error("the input `{0}` is required")]
    Missing(Arc<str>),
    #[error("there is no input `{name}`{}", did_you_mean_suffix(.meant.as_ref()))]
    Unknown { name: String, meant: Option<String> },
    #[error("the input `{name}` is {expected}, `{found}` is not")]
    Type { name: Arc<str>, expected: &'static str, found: String },
    #[error("the input `{name}` is one of {}, not `{found}`", .options.join(", "))]
    NotAnOption { name: Arc<str>, found: String, options: Vec<String> },
    #[error("the default of the input `{name}`: {}", .failure.message)]
    Default { name: Arc<str>, failure: EvaluationFailure },
}

fn did_you_mean_suffix(meant: Option<&String>) -> String {
    meant.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"))
}

/// The `inputs` context: every declared input in its order, with the value given, else the default, else the type's zero.
///
/// `given` is looked up without regard to case. `context` is for defaults that are expressions (`github inputs vars`).
///
/// # Errors
/// Everything wrong with the values, at once.
pub fn coerce_inputs(
    declared: &[Input],
    given: &Object,
    source: InputSource,
    context: &dyn Context,
) -> Result<Value, Vec<InputError>> {
    let mut errors = Vec::new();
    let names = || declared.iter().map(|input| input.name.value.as_ref());
    for name in given.keys() {
        if !names().any(|declared| declared.to_lowercase() == name.to_lowercase()) {
            let meant = did_you_mean(name, names()).map(str::to_owned);
            errors.push(InputError::Unknown { name: name.to_owned(), meant });
        }
    }
    let mut values = Object::new();
    for input in declared {
        match value(input, given.get(&input.name.value), source, context) {
            Ok(value) => {
                values.insert(Arc::clone(&input.name.value), value);
            }
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(values.into()) } else { Err(errors) }
}

fn value(
    input: &Input,
    given: Option<&Value>,
    source: InputSource,
    context: &dyn Context,
) -> Result<Value, InputError> {
    if let Some(given) = given {
        let left_empty = source == InputSource::Dispatch && given.as_str() == Some("");
        if !left_empty || (input.default.is_none() && !input.required && input.kind != InputType::Choice) {
            return typed(input, given, source);
        }
    } else if input.required && source == InputSource::Call {
        return Err(InputError::Missing(Arc::clone(&input.name.value)));
    }
    if let Some(default) = &input.default {
        let default = default
            .evaluate(context)
            .map_err(|failure| InputError::Default { name: Arc::clone(&input.name.value), failure })?;
        return typed(input, &default, source);
    }
    if input.required {
        return Err(InputError::Missing(Arc::clone(&input.name.value)));
    }
    Ok(input.kind.zero())
}

fn typed(input: &Input, value: &Value, source: InputSource) -> Result<Value, InputError> {
    let name = || Arc::clone(&input.name.value);
    let wrong = |expected| InputError::Type { name: name(), expected, found: value.to_display_string().into_owned() };
    let lenient = source == InputSource::Dispatch;
    match input.kind {
        InputType::Boolean => match value {
            Value::Bool(_) => Ok(value.clone()),
            Value::String(text) if lenient && text.eq_ignore_ascii_case("true") => Ok(true.into()),
            Value::String(text) if lenient && text.eq_ignore_ascii_case("false") => Ok(false.into()),
            Value::String(text) if lenient && text.is_empty() => Ok(false.into()),
            _ => Err(wrong("`true` or `false`")),
        },
        InputType::Number => match value {
            Value::Number(_) => Ok(value.clone()),
            Value::String(text) if lenient => {
                let number = value.to_number();
                if number.is_nan() && !text.trim().eq_ignore_ascii_case("nan") {
                    return Err(wrong("a number"));
                }
                Ok(number.into())
            }
            _ => Err(wrong("a number")),
        },
        InputType::String | InputType::Environment | InputType::Choice => {
            if !value.is_primitive() {
                return Err(wrong("a string"));
            }
            let text = value.to_display_string();
            let offered = |option: &crate::Spanned<Arc<str>>| option.value.as_ref() == text.as_ref();
            if input.kind == InputType::Choice && !input.options.iter().any(offered) {
                return Err(InputError::NotAnOption {
                    name: name(),
                    found: text.into_owned(),
                    options: input.options.iter().map(|option| option.value.to_string()).collect(),
                });
            }
            Ok(text.as_ref().into())
        }
    }
}
