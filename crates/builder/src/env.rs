//! Variables of a stage, in the order in which they were set.

use dockerfile::Variables;

/// `NAME=value` pairs; a name stands there once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Env(Vec<(String, String)>);

impl Env {
    /// From `NAME=value` as images keep them.
    pub(crate) fn from_pairs(pairs: &[String]) -> Self {
        let mut env = Self::default();
        for pair in pairs {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            env.set(name, value);
        }
        env
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        match self.0.iter_mut().find(|(own, _)| own == name) {
            Some((_, own)) => value.clone_into(own),
            None => self.0.push((name.to_owned(), value.to_owned())),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn pairs(&self) -> Vec<String> {
        self.0.iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    pub(crate) fn into_inner(self) -> Vec<(String, String)> {
        self.0
    }
}

impl Variables for Env {
    fn get(&self, name: &str) -> Option<&str> {
        Self::get(self, name)
    }
}
