//! Whether an `include` or `exclude` entry matches a combination.

use std::sync::Arc;

use expr::Value;

/// Whether every scalar of the entry equals (as `==` does) what the combination has in the same place.
pub(super) fn matches<'a>(
    mut entry: impl Iterator<Item = (&'a str, &'a Value)>,
    combination: impl Iterator<Item = (&'a Arc<str>, &'a Value)> + Clone,
) -> bool {
    entry.all(|(key, wanted)| {
        let found = combination.clone().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value);
        value_matches(wanted, found.unwrap_or(&Value::Null))
    })
}

fn value_matches(wanted: &Value, found: &Value) -> bool {
    match wanted {
        Value::Object(entries) => entries.iter().all(|(key, wanted)| {
            let found = found.as_object().and_then(|object| object.get(key));
            value_matches(wanted, found.unwrap_or(&Value::Null))
        }),
        Value::Array(items) => items.iter().enumerate().all(|(index, wanted)| {
            let found = found.as_array().and_then(|array| array.get(index));
            value_matches(wanted, found.unwrap_or(&Value::Null))
        }),
        scalar => equal(scalar, found),
    }
}

/// `==` of the expression language, for a scalar on the left.
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::String(left), Value::String(right)) => {
            let upper = |text: &'_ str| text.chars().flat_map(char::to_uppercase).collect::<String>();
            left == right || upper(left) == upper(right)
        }
        (left, right) => left.to_number() == right.to_number(),
    }
}
