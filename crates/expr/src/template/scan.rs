use std::ops::Range;

pub(crate) const OPEN: &str = "${{";
pub(crate) const CLOSE: &str = "}}";

/// A piece of a text, in bytes of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(Range<usize>),
    Expr {
        /// From `${{` to `}}`.
        whole: Range<usize>,
        /// What stands between, without the white space around it.
        inner: Range<usize>,
    },
    /// A `${{` without its `}}`; the last piece.
    Unclosed(Range<usize>),
}

/// Cuts a text at its expressions. A `}}` inside quotes does not close one.
pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut index = 0;
    while let Some(offset) = text[index..].find(OPEN) {
        let start = index + offset;
        if start > index {
            pieces.push(Piece::Text(index..start));
        }
        let Some(end) = find_close(text, start + OPEN.len()) else {
            pieces.push(Piece::Unclosed(start..text.len()));
            return pieces;
        };
        let inner = trim(text, start + OPEN.len()..end);
        index = end + CLOSE.len();
        pieces.push(Piece::Expr { whole: start..index, inner });
    }
    if index < text.len() {
        pieces.push(Piece::Text(index..text.len()));
    }
    pieces
}

/// The place of the first `}}` outside quotes. A doubled quote closes and opens, which is right as well.
fn find_close(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut quoted = false;
    for (index, byte) in bytes.iter().enumerate().skip(from) {
        match byte {
            b'\'' => quoted = !quoted,
            b'}' if !quoted && bytes.get(index + 1) == Some(&b'}') => return Some(index),
            _ => {}
        }
    }
    None
}

fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let inner = &text[range.clone()];
    let start = range.start + (inner.len() - inner.trim_start().len());
    let end = start + inner.trim().len();
    start..end
}
