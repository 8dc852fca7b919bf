use crate::Value;

/// An ordered list of values.
#[derive(Debug, Clone, Default)]
pub struct Array {
    items: Vec<Value>,
    /// Made by `.*` or `[*]`: an index on it applies to each item.
    filtered: bool,
}

impl Array {
    pub fn new(items: Vec<Value>) -> Self {
        Self { items, filtered: false }
    }

    pub(crate) fn filtered(items: Vec<Value>) -> Self {
        Self { items, filtered: true }
    }

    pub(crate) fn is_filtered(&self) -> bool {
        self.filtered
    }

    pub fn items(&self) -> &[Value] {
        &self.items
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub fn get(&self, index: usize) -> Option<&Value> {
        self.items.get(index)
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Value> {
        self.items.iter()
    }

    pub fn push(&mut self, value: Value) {
        self.items.push(value);
    }
}

impl FromIterator<Value> for Array {
    fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Self {
        Self::new(items.into_iter().collect())
    }
}

impl<'a> IntoIterator for &'a Array {
    type Item = &'a Value;
    type IntoIter = std::slice::Iter<'a, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}
