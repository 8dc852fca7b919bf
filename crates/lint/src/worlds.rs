//! What a condition can be in any run: a workflow is evaluated for each event that it listens to, with what the event,
//! its filters and the matrix tell, and everything else unknown.
//!
//! Nothing is guessed. A condition that is false in every world is false in every run.

mod evaluate;
mod matrix;
mod payload;
mod triggers;

use std::collections::HashMap;

use expr::{Expr, Value};

pub(crate) use matrix::with_matrix;
pub(crate) use payload::{Payload, PayloadField};
pub(crate) use triggers::worlds;

/// What can be said of a value.
#[derive(Debug, Clone)]
pub(crate) enum Abstract {
    Unknown,
    Known(Value),
    /// A string that starts with this, and goes on.
    Starts(String),
    /// It counts as true; which value it is, is not known.
    Truthy,
    Falsy,
    /// One of these.
    OneOf(Vec<Abstract>),
}

/// One event, with what it makes certain. Paths are in lower case, with dots: `github.event_name`.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    pub(crate) event: String,
    facts: HashMap<String, Abstract>,
    /// What the event's payload holds; `None` when that is not known.
    payload: Option<Payload>,
}

impl World {
    /// A world of which nothing is known.
    pub(crate) fn unknown() -> World {
        World::default()
    }

    fn set(&mut self, path: &str, value: Abstract) {
        self.facts.insert(path.to_owned(), value);
    }

    /// Whether an expression counts as true in this world: `None` when it depends.
    pub(crate) fn truth(&self, expr: &Expr) -> Option<bool> {
        expr.view().map_or(Some(false), |part| evaluate::evaluate(part, self).truth())
    }

    /// What is certain of a path such as `["github", "ref"]`.
    fn fact(&self, path: &[String]) -> Abstract {
        let name = path.join(".").to_lowercase();
        if let Some(known) = self.facts.get(&name) {
            return known.clone();
        }
        match (&self.payload, path) {
            (Some(payload), [github, event, field, ..])
                if github.eq_ignore_ascii_case("github")
                    && event.eq_ignore_ascii_case("event")
                    && field != "*"
                    && payload.field(field) == PayloadField::Never =>
            {
                Abstract::Known(Value::Null)
            }
            _ => Abstract::Unknown,
        }
    }
}

impl Abstract {
    /// One of these strings.
    fn strings<'s>(all: impl IntoIterator<Item = &'s str>) -> Abstract {
        Abstract::OneOf(all.into_iter().map(|text| Abstract::Known(Value::string(text))).collect())
    }

    /// Whether it counts as true; `None` when it depends.
    pub(crate) fn truth(&self) -> Option<bool> {
        match self {
            Abstract::Unknown => None,
            Abstract::Known(value) => Some(value.truthy()),
            Abstract::Starts(_) | Abstract::Truthy => Some(true),
            Abstract::Falsy => Some(false),
            Abstract::OneOf(all) => agree(all.iter().map(Abstract::truth)),
        }
    }
}

/// What all say, if they say the same.
fn agree(mut all: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let first = all.next()??;
    all.all(|other| other == Some(first)).then_some(first)
}
