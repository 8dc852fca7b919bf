use std::hash::{Hash, Hasher};
use std::sync::Arc;

use indexmap::{Equivalent, IndexMap};

use crate::Value;
use crate::text::{equal_ignore_case, upper};

/// Keys and values in the order of insertion. Keys are looked up without regard to case, except in a
/// case-sensitive object (`env` on Linux and macOS).
#[derive(Debug, Clone, Default)]
pub struct Object {
    entries: IndexMap<Key, Value>,
    case_sensitive: bool,
}

/// Hashes without regard to case, so that one map serves both ways of looking up.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key(Arc<str>);

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_folded(&self.0, state);
    }
}

struct Lookup<'a> {
    text: &'a str,
    case_sensitive: bool,
}

impl Hash for Lookup<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_folded(self.text, state);
    }
}

impl Equivalent<Key> for Lookup<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.text == &*key.0 || (!self.case_sensitive && equal_ignore_case(self.text, &key.0))
    }
}

fn hash_folded<H: Hasher>(text: &str, state: &mut H) {
    if text.is_ascii() {
        // The hasher takes many bytes at once faster than one by one.
        for chunk in text.as_bytes().chunks(32) {
            let mut folded = [0; 32];
            let folded = &mut folded[..chunk.len()];
            folded.copy_from_slice(chunk);
            folded.make_ascii_uppercase();
            state.write(folded);
        }
        return;
    }
    for character in text.chars() {
        let character = upper(character);
        state.write(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

impl Object {
    /// An empty object whose keys are looked up without regard to case.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty object in which `A` and `a` are two keys.
    pub fn case_sensitive() -> Self {
        Self { entries: IndexMap::new(), case_sensitive: true }
    }

    pub fn is_case_sensitive(&self) -> bool {
        self.case_sensitive
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries.get(&self.lookup(key))
    }

    pub fn contains_key(&self, key: &str) -> bool {
        self.entries.contains_key(&self.lookup(key))
    }

    /// Sets a key. A key that is there already keeps its place and spelling.
    pub fn insert(&mut self, key: impl Into<Arc<str>>, value: impl Into<Value>) -> Option<Value> {
        let (key, value) = (key.into(), value.into());
        if let Some(slot) = self.entries.get_mut(&Lookup { text: &key, case_sensitive: self.case_sensitive }) {
            return Some(std::mem::replace(slot, value));
        }
        self.entries.insert(Key(key), value);
        None
    }

    /// Removes a key, keeping the order of the others.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let lookup = self.lookup(key);
        self.entries.shift_remove(&lookup)
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> + DoubleEndedIterator {
        self.entries.iter().map(|(key, value)| (&*key.0, value))
    }

    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.entries.keys().map(|key| &*key.0)
    }

    pub fn values(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.entries.values()
    }

    fn lookup<'a>(&self, text: &'a str) -> Lookup<'a> {
        Lookup { text, case_sensitive: self.case_sensitive }
    }
}

impl<K: Into<Arc<str>>, V: Into<Value>> FromIterator<(K, V)> for Object {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut object = Self::new();
        object.extend(entries);
        object
    }
}

impl<K: Into<Arc<str>>, V: Into<Value>> Extend<(K, V)> for Object {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_without_regard_to_case() {
        let mut object: Object = [("Abc", 1.0), ("ü", 2.0)].into_iter().collect();
        assert_eq!(object.get("aBC").and_then(Value::as_number), Some(1.0));
        assert_eq!(object.get("Ü").and_then(Value::as_number), Some(2.0));
        object.insert("ABC", 3.0);
        assert_eq!(object.keys().collect::<Vec<_>>(), ["Abc", "ü"]);
        assert_eq!(object.get("abc").and_then(Value::as_number), Some(3.0));
        assert!(object.remove("abc").is_some());
        assert_eq!(object.len(), 1);
    }

    #[test]
    fn a_case_sensitive_object_keeps_both() {
        let mut object = Object::case_sensitive();
        object.insert("A", 1.0);
        object.insert("a", 2.0);
        assert_eq!(object.keys().collect::<Vec<_>>(), ["A", "a"]);
        assert_eq!(object.get("a").and_then(Value::as_number), Some(2.0));
        assert!(!object.contains_key("Á"));
    }
}
