use span::Span;

/// A piece of an instruction as it was written: continuation lines joined, variables not yet put in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Word {
    pub text: String,
    /// From the first to the last byte in the file, line breaks in between included.
    pub span: Span,
}

impl Word {
    pub fn new(text: impl Into<String>, span: Span) -> Word {
        Word { text: text.into(), span }
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The place of a part of the text, exact where the word stands on one line without escapes in
    /// flags; else the place of the whole word.
    pub fn part(&self, offset: usize, len: usize) -> Span {
        if self.span.len() == self.text.len() { self.span.at(offset, len) } else { self.span }
    }
}
