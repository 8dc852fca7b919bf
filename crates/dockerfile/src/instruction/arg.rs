use crate::Word;

/// One name of an `ARG`, with its default if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArgDefinition {
    pub name: Word,
    /// The default, quotes and variables still in. It is not looked at when the build gives a value.
    pub default: Option<Word>,
}
