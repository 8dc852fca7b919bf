//! A line too long to be held as a whole.

use super::MAX_LINE;
use crate::Masker;
use crate::mask::MaskStream;

/// The rest of a line of which the beginning was taken already. The record shows it as several lines of
/// [`MAX_LINE`] bytes.
pub(super) struct Overlong {
    /// None for a command: nothing of it is shown, it may hold what should be masked.
    shown: Option<Shown>,
}

struct Shown {
    mask: MaskStream,
    pending: Vec<u8>,
}

impl Overlong {
    pub(super) fn text(masker: Masker) -> Self {
        Self { shown: Some(Shown { mask: MaskStream::new(masker), pending: Vec::new() }) }
    }

    pub(super) fn command() -> Self {
        Self { shown: None }
    }

    /// Takes more of the line; appends lines that are complete to `out`.
    pub(super) fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        if let Some(shown) = &mut self.shown {
            shown.mask.push(piece, &mut shown.pending);
            shown.cut(out);
        }
    }

    /// The line has ended.
    pub(super) fn finish(self, out: &mut Vec<u8>) {
        if let Some(mut shown) = self.shown {
            shown.mask.finish(&mut shown.pending);
            shown.cut(out);
            if !shown.pending.is_empty() {
                out.append(&mut shown.pending);
                out.push(b'\n');
            }
        }
    }
}

impl Shown {
    fn cut(&mut self, out: &mut Vec<u8>) {
        while self.pending.len() > MAX_LINE {
            out.extend(self.pending.drain(..MAX_LINE));
            out.push(b'\n');
        }
    }
}
