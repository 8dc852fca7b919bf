use crate::Value;
use crate::text::utf16_len;

/// Bytes of .NET objects, roughly, as GitHub counts them.
const STRING_OVERHEAD: usize = 26;
const OBJECT_SIZE: usize = 24;
pub(crate) const POINTER_SIZE: usize = 8;

/// The most memory a whole evaluation may take, as GitHub allows templates and conditions.
pub(crate) const MAX_MEMORY: usize = 10 * 1024 * 1024;

pub(crate) fn string_size(text: &str) -> usize {
    STRING_OVERHEAD + 2 * utf16_len(text)
}

pub(crate) fn value_size(value: &Value) -> usize {
    match value {
        Value::String(text) => string_size(text),
        _ => OBJECT_SIZE,
    }
}

/// The result would be larger than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exceeded;

/// Counts what one result takes while it is built.
#[derive(Debug)]
pub(crate) struct Counter {
    bytes: usize,
    max: usize,
}

impl Counter {
    pub(crate) fn new(max: usize) -> Self {
        Self { bytes: 0, max }
    }

    pub(crate) fn add(&mut self, bytes: usize) -> Result<(), Exceeded> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > self.max {
            return Err(Exceeded);
        }
        Ok(())
    }

    pub(crate) fn add_text(&mut self, text: &str) -> Result<(), Exceeded> {
        self.add(string_size(text))
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// Counts the results alive at each level of the expression. What lies deeper is given back once a result that
/// holds on to nothing is known.
#[derive(Debug)]
pub(crate) struct Levels {
    bytes: Vec<usize>,
    total: usize,
    max: usize,
}

impl Levels {
    pub(crate) fn new(max: usize) -> Self {
        Self { bytes: Vec::new(), total: 0, max }
    }

    pub(crate) fn max(&self) -> usize {
        self.max
    }

    pub(crate) fn add(&mut self, level: usize, bytes: usize, trim: bool) -> Result<(), Exceeded> {
        if trim && self.bytes.len() > level + 1 {
            self.total -= self.bytes.drain(level + 1..).sum::<usize>();
        }
        if self.bytes.len() <= level {
            self.bytes.resize(level + 1, 0);
        }
        if let Some(slot) = self.bytes.get_mut(level) {
            *slot += bytes;
        }
        self.total += bytes;
        if self.total > self.max {
            return Err(Exceeded);
        }
        Ok(())
    }
}
