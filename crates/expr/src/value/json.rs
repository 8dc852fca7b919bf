use std::convert::Infallible;

use crate::json::write;
use crate::{Object, Value};

impl Value {
    /// The value of a JSON text that was already read. Of keys that differ only in case the first one's spelling
    /// and the last one's value are kept.
    pub fn from_json(json: &serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(*value),
            serde_json::Value::Number(number) => Self::Number(number.as_f64().unwrap_or(f64::NAN)),
            serde_json::Value::String(text) => Self::from(text.as_str()),
            serde_json::Value::Array(items) => Self::array(items.iter().map(Self::from_json)),
            serde_json::Value::Object(entries) => {
                let object: Object =
                    entries.iter().map(|(key, value)| (key.as_str(), Self::from_json(value))).collect();
                Self::from(object)
            }
        }
    }

    /// The value as JSON. Whole numbers are integers; numbers JSON does not have become their display strings.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Number(number) => number_to_json(*number),
            Self::String(text) => (&**text).into(),
            Self::Array(array) => array.iter().map(Self::to_json).collect(),
            Self::Object(object) => {
                serde_json::Value::Object(object.iter().map(|(key, value)| (key.to_owned(), value.to_json())).collect())
            }
        }
    }

    /// The value as `toJSON` writes it: two spaces a level, keys in their order.
    pub fn to_json_string(&self) -> String {
        let Ok(text) = write(self, |_| Ok::<(), Infallible>(()));
        text
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked: a whole number below 2^53")]
fn number_to_json(number: f64) -> serde_json::Value {
    if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 {
        return (number as i64).into();
    }
    serde_json::Number::from_f64(number)
        .map_or_else(|| Value::Number(number).to_display_string().as_ref().into(), serde_json::Value::Number)
}
