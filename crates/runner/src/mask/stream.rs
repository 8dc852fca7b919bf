//! Masking of a stream that comes in pieces.

use super::Masker;
use super::patterns::STARS;

/// Masks a stream so that the result does not depend on how it was cut in pieces.
///
/// Holds back as many bytes as the beginning of a secret could take.
pub struct MaskStream {
    masker: Masker,
    held: Vec<u8>,
    /// Bytes at the start of `held` that an already written `***` stands for; none when the last byte written
    /// was plain.
    covered: Option<usize>,
}

impl MaskStream {
    /// A stream that looks for all secrets known to `masker`, also those added later.
    #[must_use]
    pub fn new(masker: Masker) -> Self {
        Self { masker, held: Vec::new(), covered: None }
    }

    /// Takes the next piece and appends what can be written to `out`.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let Some(patterns) = self.masker.line_patterns() else {
            out.append(&mut self.held);
            out.extend_from_slice(piece);
            return;
        };
        self.held.extend_from_slice(piece);
        let settled = (self.held.len() + 1).saturating_sub(patterns.longest());
        let ranges = patterns.ranges(&self.held);
        self.write(settled, &ranges, out);
    }

    /// Ends the stream: appends what was held back.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        let ranges = self.masker.line_patterns().map(|patterns| patterns.ranges(&self.held)).unwrap_or_default();
        self.write(self.held.len(), &ranges, out);
        self.covered = None;
    }

    /// Writes `held[..settled]`. A range that starts there is complete, though it may end beyond.
    fn write(&mut self, settled: usize, ranges: &[std::ops::Range<usize>], out: &mut Vec<u8>) {
        let mut masked = self.covered.is_some();
        // May lie beyond `settled` while a mask that is already written reaches there.
        let mut at = self.covered.unwrap_or(0);
        for range in ranges.iter().take_while(|range| range.start < settled) {
            if masked && range.start <= at {
                at = at.max(range.end);
                continue;
            }
            out.extend_from_slice(&self.held[at..range.start]);
            out.extend_from_slice(STARS);
            at = range.end;
            masked = true;
        }
        if at < settled {
            out.extend_from_slice(&self.held[at..settled]);
            masked = false;
        }
        self.covered = masked.then(|| at.saturating_sub(settled));
        self.held.drain(..settled);
    }
}
