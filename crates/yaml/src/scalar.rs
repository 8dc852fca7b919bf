use std::ops::Range;
use std::sync::Arc;

use span::Span;

/// How a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    Plain,
    Single,
    Double,
    /// A `|` block.
    Literal,
    /// A `>` block.
    Folded,
}

/// A scalar's decoded text and the way back to the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalar {
    /// Quotes, escapes, indentation and folds are resolved.
    pub text: Arc<str>,
    pub style: Style,
    /// The bytes between the quotes, or of a block's lines without its header.
    pub content: Span,
}

impl Scalar {
    /// The bytes of the file that a range of [`Scalar::text`] was written with. Where one
    /// character of the text comes from several of the file (an escape, a fold) all of them count.
    pub fn source_span(&self, range: Range<usize>) -> Span {
        self.content.at(range.start, range.len())
    }
}
