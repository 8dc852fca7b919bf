use std::ops::Range;

/// Which stage refused the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseErrorKind {
    /// The text has a part that is no token.
    Lexing,
    /// The tokens do not make an expression, or name something that is not available here.
    Parsing,
}

/// A text that is not an expression. The message is worded as GitHub words it, position included.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    pub kind: ParseErrorKind,
    pub message: String,
    /// The bytes at fault, in the text given to [`parse`](crate::parse), [`Template::parse`](crate::Template::parse)
    /// or [`Condition::parse`](crate::Condition::parse).
    pub range: Range<usize>,
}

/// An expression that could not be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvalError {
    pub message: String,
    /// The bytes of the part that failed, in the text that was parsed.
    pub range: Range<usize>,
}
