use serde_json::{Map, Value};

use crate::{FieldError, Problem};

/// A field of a JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: &'static str,
    pub kind: Kind,
    pub required: bool,
    /// `null` is taken too.
    pub nullable: bool,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Any,
    String,
    /// A string that is one of these.
    Choice(&'static [&'static str]),
    Integer,
    Number,
    Boolean,
    Array(&'static Kind),
    /// Fields that are not named are taken and passed over, as GitHub does.
    Object(&'static [Field]),
    /// A string or a whole number: names and ids.
    StringOrInteger,
    /// A string or an object with these fields.
    StringOrObject(&'static [Field]),
    /// A string or an array of strings.
    StringOrStrings,
}

/// A parameter of the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param {
    pub name: &'static str,
    pub kind: Kind,
    pub summary: &'static str,
}

impl Param {
    #[must_use]
    pub const fn new(name: &'static str, kind: Kind, summary: &'static str) -> Self {
        Self { name, kind, summary }
    }

    #[must_use]
    pub const fn text(name: &'static str, summary: &'static str) -> Self {
        Self::new(name, Kind::String, summary)
    }
}

impl Field {
    #[must_use]
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, required: false, nullable: false }
    }

    #[must_use]
    pub const fn required(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, required: true, nullable: false }
    }

    /// Optional, and `null` is taken.
    #[must_use]
    pub const fn nullable(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, required: false, nullable: true }
    }
}

/// Checks a body; every field that is wrong is named.
pub(crate) fn validate(fields: &[Field], body: &Map<String, Value>) -> Result<(), Problem> {
    let mut errors = Vec::new();
    check_object(fields, body, "", &mut errors);
    if errors.is_empty() { Ok(()) } else { Err(Problem::validation(errors)) }
}

fn check_object(fields: &[Field], body: &Map<String, Value>, at: &str, errors: &mut Vec<FieldError>) {
    for field in fields {
        let name = if at.is_empty() { field.name.to_owned() } else { format!("{at}.{}", field.name) };
        match body.get(field.name) {
            None if field.required => errors.push(FieldError::missing(&name)),
            None => {}
            Some(Value::Null) if field.nullable => {}
            Some(Value::Null) if field.required => errors.push(FieldError::missing(&name)),
            // Clients write null for what they leave out.
            Some(Value::Null) => {}
            Some(value) => check(field.kind, value, &name, errors),
        }
    }
}

fn check(kind: Kind, value: &Value, at: &str, errors: &mut Vec<FieldError>) {
    let expected = match (kind, value) {
        (Kind::Any, _)
        | (Kind::String | Kind::StringOrInteger | Kind::StringOrObject(_) | Kind::StringOrStrings, Value::String(_))
        | (Kind::Boolean, Value::Bool(_))
        | (Kind::Number, Value::Number(_)) => return,
        (Kind::Integer | Kind::StringOrInteger, Value::Number(number)) if number.is_i64() => return,
        (Kind::Choice(choices), Value::String(text)) if choices.contains(&text.as_str()) => return,
        (Kind::Array(kind), Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                check(*kind, item, &format!("{at}[{index}]"), errors);
            }
            return;
        }
        (Kind::StringOrStrings, Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                check(Kind::String, item, &format!("{at}[{index}]"), errors);
            }
            return;
        }
        (Kind::Object(fields) | Kind::StringOrObject(fields), Value::Object(object)) => {
            check_object(fields, object, at, errors);
            return;
        }
        (Kind::Choice(choices), _) => format!("one of `{}`", choices.join("`, `")),
        (Kind::String, _) => "a string".to_owned(),
        (Kind::Integer, _) => "a whole number".to_owned(),
        (Kind::Number, _) => "a number".to_owned(),
        (Kind::Boolean, _) => "true or false".to_owned(),
        (Kind::Array(_), _) => "an array".to_owned(),
        (Kind::Object(_), _) => "an object".to_owned(),
        (Kind::StringOrInteger, _) => "a string or a whole number".to_owned(),
        (Kind::StringOrObject(_), _) => "a string or an object".to_owned(),
        (Kind::StringOrStrings, _) => "a string or an array of strings".to_owned(),
    };
    errors.push(FieldError::invalid(at, format!("`{at}` is not {expected}")));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies() {
        const INNER: &[Field] = &[Field::required("id", Kind::Integer)];
        const FIELDS: &[Field] = &[
            Field::required("name", Kind::String),
            Field::new("state", Kind::Choice(&["open", "closed"])),
            Field::new("labels", Kind::Array(&Kind::String)),
            Field::nullable("owner", Kind::Object(INNER)),
            Field::new("draft", Kind::Boolean),
        ];
        let table = [
            (r#"{"name":"x","other":1,"owner":null}"#, vec![]),
            (r#"{"name":"x","state":"open","labels":["a"],"owner":{"id":1},"draft":false}"#, vec![]),
            (r#"{"name":null}"#, vec!["name"]),
            (r#"{"name":1,"state":"x","draft":"yes"}"#, vec!["name", "state", "draft"]),
            (r#"{"name":"x","labels":["a",2],"owner":{"id":1.5}}"#, vec!["labels[1]", "owner.id"]),
        ];
        for (body, expected) in table {
            let body: Map<String, Value> = serde_json::from_str(body).unwrap();
            let errors = match validate(FIELDS, &body) {
                Ok(()) => Vec::new(),
                Err(problem) => problem.errors,
            };
            let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
            assert_eq!(fields, expected, "{body:?}");
        }
    }
}
