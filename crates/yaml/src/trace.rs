//! The way from decoded scalars back to the file: reads the source of a scalar again beside its
//! decoded text. What does not fit together (it should not happen) becomes one piece without
//! inner places, never a wrong one.

mod block;
mod quoted;

pub(crate) use block::block;
pub(crate) use quoted::{double, plain, single};

use crate::scalar::Piece;

/// Where a scalar stands in the source, as byte offsets.
pub(crate) struct Traced {
    /// After the whole token.
    pub(crate) end: usize,
    pub(crate) content: (usize, usize),
    pub(crate) pieces: Vec<Piece>,
    /// Breaks at the end of the decoded text that should not be there.
    pub(crate) surplus: usize,
}

/// Walks source and decoded text together.
struct Tracer<'a> {
    source: &'a str,
    decoded: &'a str,
    at: usize,
    out: usize,
    pieces: Vec<Piece>,
}

/// Source and decoded text do not belong together.
struct Mismatch;

impl<'a> Tracer<'a> {
    fn new(source: &'a str, decoded: &'a str, at: usize) -> Tracer<'a> {
        Tracer { source, decoded, at, out: 0, pieces: Vec::new() }
    }

    /// The next `len` bytes stand in the text as they are.
    fn copy(&mut self, len: usize) -> Result<(), Mismatch> {
        let source = self.source.get(self.at..self.at + len).ok_or(Mismatch)?;
        if !self.decoded.get(self.out..).is_some_and(|rest| rest.starts_with(source)) {
            return Err(Mismatch);
        }
        self.push(len, len);
        Ok(())
    }

    /// The next `source_len` bytes stand for `text_len` bytes of the text.
    fn replace(&mut self, source_len: usize, text_len: usize) -> Result<(), Mismatch> {
        let fits =
            self.decoded.is_char_boundary(self.out + text_len) && self.source.is_char_boundary(self.at + source_len);
        if !fits {
            return Err(Mismatch);
        }
        self.push(source_len, text_len);
        Ok(())
    }

    /// The next `source_len` bytes, with a line break in them, stand for these breaks or spaces.
    fn fold(&mut self, source_len: usize, text_len: usize) -> Result<(), Mismatch> {
        let text = self.decoded.get(self.out..self.out + text_len).ok_or(Mismatch)?;
        if text.bytes().any(|byte| byte != b' ' && byte != b'\n') {
            return Err(Mismatch);
        }
        self.replace(source_len, text_len)
    }

    fn push(&mut self, source_len: usize, text_len: usize) {
        // Files are far below 4 GiB: the size limit is checked before anything is parsed.
        let piece = Piece {
            text: self.out as u32,
            text_len: text_len as u32,
            source: self.at as u32,
            source_len: source_len as u32,
        };
        self.at += source_len;
        self.out += text_len;
        if text_len == 0 {
            return;
        }
        if let Some(last) = self.pieces.last_mut() {
            let follows = last.source + last.source_len == piece.source;
            if follows && last.is_linear() && piece.is_linear() {
                last.text_len += piece.text_len;
                last.source_len += piece.source_len;
                return;
            }
        }
        self.pieces.push(piece);
    }

    /// Ends the walk at the content's end. After a mismatch the rest is one piece.
    fn finish(mut self, walked: Result<(), Mismatch>, end: usize) -> Vec<Piece> {
        if walked.is_err() || self.out != self.decoded.len() {
            let source_len = end.saturating_sub(self.at);
            let text_len = self.decoded.len().saturating_sub(self.out);
            self.push(source_len, text_len);
        }
        self.pieces
    }

    /// The bytes from here on.
    fn rest(&self, end: usize) -> &'a [u8] {
        self.source.as_bytes().get(self.at..end).unwrap_or_default()
    }
}

/// Length of the line break the bytes begin with: 2, 1 or 0.
fn break_len(bytes: &[u8]) -> usize {
    match bytes {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}

fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}
