use std::collections::BTreeMap;

use indexmap::{IndexMap, IndexSet};
use span::Diagnostic;

use crate::{ArgDefinition, Expander, Variables};

/// The variables of a stage while its instructions are gone through: what `ARG` and `ENV` have set so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// In the order in which they were first set.
    values: IndexMap<String, String>,
    /// Arguments declared so far, of the stages below too, with or without a value.
    declared: IndexSet<String>,
}

impl Scope {
    /// Begins with the environment of the base image. A stage on a stage begins with a clone of that one's end.
    pub fn new(environment: impl IntoIterator<Item = (String, String)>) -> Scope {
        let mut scope = Scope::default();
        for (name, value) in environment {
            scope.set(&name, &value);
        }
        scope
    }

    /// `ENV`, or the value of an `ARG`: what came last counts.
    pub fn set(&mut self, name: &str, value: &str) {
        self.values.insert(name.to_owned(), value.to_owned());
    }

    /// `ARG` in a stage. Its value is what the build gives, else its default, else the global argument of that name;
    /// it may have none. The value is returned, as are variables that its default needs and that are not set.
    pub fn declare(
        &mut self,
        definition: &ArgDefinition,
        escape: char,
        globals: &BTreeMap<String, String>,
        build_args: &BTreeMap<String, String>,
    ) -> Result<Declared, Diagnostic> {
        let name = &definition.name.text;
        let mut missing = Vec::new();
        let value = match (build_args.get(name), &definition.default) {
            (Some(value), _) => Some(value.clone()),
            (None, Some(default)) => {
                let mut expander = Expander::new(escape, self);
                let word = expander.word(default)?;
                missing = expander.missing;
                Some(word.text)
            }
            (None, None) => globals.get(name).cloned(),
        };
        if let Some(value) = &value {
            self.set(name, value);
        }
        self.declared.insert(name.clone());
        Ok(Declared { value, missing })
    }

    /// All variables in the order in which they were first set: the environment of `RUN`.
    pub fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether an `ARG` declared that name, with a value or without.
    pub fn is_declared(&self, name: &str) -> bool {
        self.declared.contains(name)
    }
}

/// What an `ARG` gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    pub value: Option<String>,
    /// As in [`Expander::missing`].
    pub missing: Vec<(String, span::Span)>,
}

impl Variables for Scope {
    fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }
}
