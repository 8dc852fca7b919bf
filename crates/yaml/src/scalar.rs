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
    /// The bytes between the quotes, or of a block's lines without its header and last break.
    pub content: Span,
    /// `None`: the text stands in the file byte by byte, from the content's start.
    pub(crate) pieces: Option<Arc<[Piece]>>,
}

/// A stretch of decoded text and the bytes of the file it was made of. Equal lengths mean byte by
/// byte; otherwise the stretch has no inner places (an escape, a fold).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) text: u32,
    pub(crate) text_len: u32,
    pub(crate) source: u32,
    pub(crate) source_len: u32,
}

impl Piece {
    pub(crate) fn is_linear(self) -> bool {
        self.text_len == self.source_len
    }
}

impl Scalar {
    /// The bytes of the file that a range of [`Scalar::text`] was written with. Where one
    /// character of the text comes from several of the file (an escape, a fold) all of them
    /// count. A range over lines of a block has the indentation between them in it. Ranges past
    /// the end are cut there.
    pub fn source_span(&self, range: Range<usize>) -> Span {
        let end = range.end.min(self.text.len());
        let start = range.start.min(end);
        let Some(pieces) = &self.pieces else {
            return self.content.at(start, end - start);
        };
        let from = start_in(pieces, start);
        let to = if end > start { end_in(pieces, end) } else { from };
        let file = self.content.file;
        Span::new(file, from as usize, to as usize)
    }
}

/// Where in the file the decoded byte `at` begins.
fn start_in(pieces: &[Piece], at: usize) -> u32 {
    let index = pieces.partition_point(|piece| piece.text as usize <= at);
    let Some(piece) = pieces.get(index.saturating_sub(1)) else {
        return 0;
    };
    // Fits: the piece starts at or before `at`, which is inside a text of less than 4 GiB.
    let inside = at.saturating_sub(piece.text as usize) as u32;
    if inside >= piece.text_len {
        piece.source + piece.source_len
    } else if piece.is_linear() {
        piece.source + inside
    } else {
        piece.source
    }
}

/// Where in the file the decoded text before `at` ends; `at` is not 0.
fn end_in(pieces: &[Piece], at: usize) -> u32 {
    let index = pieces.partition_point(|piece| (piece.text as usize) < at);
    let Some(piece) = pieces.get(index.saturating_sub(1)) else {
        return 0;
    };
    let inside = at.saturating_sub(piece.text as usize) as u32;
    if piece.is_linear() && inside < piece.text_len { piece.source + inside } else { piece.source + piece.source_len }
}
