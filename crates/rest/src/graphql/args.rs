use serde_json::{Map, Value};

use super::fault::Fault;

/// The arguments of a field, with variables put in place.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Args(pub(crate) Map<String, Value>);

impl Args {
    /// A string or a name of an enumeration.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    pub(crate) fn required(&self, name: &'static str) -> Result<&str, Fault> {
        self.text(name).ok_or_else(|| missing(name))
    }

    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.0.get(name).and_then(Value::as_i64)
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.0.get(name).and_then(Value::as_bool)
    }

    /// A list of strings; one string counts as a list of one.
    pub(crate) fn texts(&self, name: &str) -> Option<Vec<&str>> {
        match self.0.get(name)? {
            Value::Array(items) => Some(items.iter().filter_map(Value::as_str).collect()),
            Value::String(text) => Some(vec![text]),
            _ => None,
        }
    }

    /// The object `input` of a mutation.
    pub(crate) fn input(&self) -> Result<Args, Fault> {
        self.0.get("input").and_then(Value::as_object).cloned().map(Args).ok_or_else(|| missing("input"))
    }
}

fn missing(name: &str) -> Fault {
    Fault::document("missingRequiredArguments", format!("The argument '{name}' is missing or of another type"))
}
