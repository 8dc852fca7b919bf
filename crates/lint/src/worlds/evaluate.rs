//! Evaluation with three answers: true, false, and it depends.

use expr::{Comparison, Part, Term, Value};

use super::{Abstract, World, agree};

pub(super) fn evaluate(part: Part<'_>, world: &World) -> Abstract {
    if let Some(path) = part.path() {
        return world.fact(&path);
    }
    match part.term() {
        Term::Literal(value) => Abstract::Known(value.clone()),
        Term::Not(operand) => of_truth(evaluate(operand, world).truth().map(|truth| !truth)),
        Term::And(operands) => first(&operands, false, world),
        Term::Or(operands) => first(&operands, true, world),
        Term::Compare(comparison, left, right) => {
            let (left, right) = (evaluate(left, world), evaluate(right, world));
            match comparison {
                Comparison::Equal => of_truth(equal(&left, &right)),
                Comparison::NotEqual => of_truth(equal(&left, &right).map(|equal| !equal)),
                _ => Abstract::Unknown,
            }
        }
        Term::Call(name, arguments) => call(name, &arguments, world),
        Term::Context(_) | Term::Index(..) | Term::Wildcard => Abstract::Unknown,
    }
}

fn of_truth(truth: Option<bool>) -> Abstract {
    truth.map_or(Abstract::Unknown, |truth| Abstract::Known(Value::Bool(truth)))
}

/// `&&` and `||`: the first operand that counts as `stop`, else the last.
fn first(operands: &[Part<'_>], stop: bool, world: &World) -> Abstract {
    let mut certain = true;
    let mut last = Abstract::Unknown;
    for operand in operands {
        last = evaluate(*operand, world);
        match last.truth() {
            Some(truth) if truth == stop => {
                return match (certain, stop) {
                    (true, _) => last,
                    (false, true) => Abstract::Truthy,
                    (false, false) => Abstract::Falsy,
                };
            }
            Some(_) => {}
            None => certain = false,
        }
    }
    if certain { last } else { Abstract::Unknown }
}

fn call(name: &str, arguments: &[Part<'_>], world: &World) -> Abstract {
    let values: Vec<Abstract> = arguments.iter().map(|argument| evaluate(*argument, world)).collect();
    match (name, &values[..]) {
        ("always", _) => Abstract::Known(Value::Bool(true)),
        ("startsWith", [text, start]) => of_truth(both(text, start, &starts_with)),
        ("endsWith", [text, end]) => of_truth(both(text, end, &|text, end| {
            let (Abstract::Known(text), Abstract::Known(end)) = (text, end) else { return None };
            Some(fold(text)?.ends_with(&fold(end)?))
        })),
        ("contains", [text, wanted]) => of_truth(both(text, wanted, &contains)),
        ("fromJSON", [Abstract::Known(Value::String(text))]) => {
            serde_json::from_str(text).map_or(Abstract::Unknown, |json| Abstract::Known(of_json(&json)))
        }
        _ => Abstract::Unknown,
    }
}

/// What holds for each of the values that two can be, if it is the same for all.
fn both(a: &Abstract, b: &Abstract, holds: &dyn Fn(&Abstract, &Abstract) -> Option<bool>) -> Option<bool> {
    match (a, b) {
        (Abstract::OneOf(all), b) => agree(all.iter().map(|a| both(a, b, holds))),
        (a, Abstract::OneOf(all)) => agree(all.iter().map(|b| both(a, b, holds))),
        (a, b) => holds(a, b),
    }
}

fn equal(a: &Abstract, b: &Abstract) -> Option<bool> {
    both(a, b, &|a, b| match (a, b) {
        (Abstract::Known(a), Abstract::Known(b)) => same(a, b),
        (Abstract::Starts(start), Abstract::Known(known)) | (Abstract::Known(known), Abstract::Starts(start)) => {
            // Text is never equal to a number that it does not spell.
            let known = fold(known)?;
            (!known.starts_with(&start.to_lowercase())).then_some(false)
        }
        (Abstract::Starts(a), Abstract::Starts(b)) => {
            let (a, b) = (a.to_lowercase(), b.to_lowercase());
            (!a.starts_with(&b) && !b.starts_with(&a)).then_some(false)
        }
        _ => None,
    })
}

fn same(a: &Value, b: &Value) -> Option<bool> {
    match (a, b) {
        (Value::String(a), Value::String(b)) => Some(a.to_lowercase() == b.to_lowercase()),
        (Value::Null, Value::Null) => Some(true),
        (Value::Bool(a), Value::Bool(b)) => Some(a == b),
        (Value::Array(_) | Value::Object(_), _) | (_, Value::Array(_) | Value::Object(_)) => None,
        _ => Some(a.to_number() == b.to_number()),
    }
}

/// A primitive as text is compared.
fn fold(value: &Value) -> Option<String> {
    value.is_primitive().then(|| value.to_display_string().to_lowercase())
}

fn starts_with(text: &Abstract, start: &Abstract) -> Option<bool> {
    let Abstract::Known(start) = start else { return None };
    let start = fold(start)?;
    match text {
        Abstract::Known(text) => Some(fold(text)?.starts_with(&start)),
        Abstract::Starts(known) => {
            let known = known.to_lowercase();
            if known.starts_with(&start) {
                Some(true)
            } else if start.starts_with(&known) {
                None
            } else {
                Some(false)
            }
        }
        _ => None,
    }
}

fn contains(text: &Abstract, wanted: &Abstract) -> Option<bool> {
    match (text, wanted) {
        (Abstract::Known(Value::Array(items)), wanted) => {
            let each: Vec<Option<bool>> =
                items.iter().map(|item| equal(&Abstract::Known(item.clone()), wanted)).collect();
            if each.contains(&Some(true)) {
                Some(true)
            } else if each.iter().all(|equal| *equal == Some(false)) {
                Some(false)
            } else {
                None
            }
        }
        (Abstract::Known(text), Abstract::Known(wanted)) => Some(fold(text)?.contains(&fold(wanted)?)),
        (Abstract::Starts(start), Abstract::Known(wanted)) => {
            start.to_lowercase().contains(&fold(wanted)?).then_some(true)
        }
        _ => None,
    }
}

fn of_json(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(number) => Value::Number(number.as_f64().unwrap_or(f64::NAN)),
        serde_json::Value::String(text) => Value::string(text.as_str()),
        serde_json::Value::Array(items) => Value::array(items.iter().map(of_json)),
        serde_json::Value::Object(entries) => {
            Value::object(entries.iter().map(|(name, value)| (name.as_str(), of_json(value))))
        }
    }
}
