//! From the bytes of one stream to the record.

use std::borrow::Cow;

use memchr::{memchr, memchr2, memchr2_iter, memrchr2};

use super::candidate::Candidates;
use super::overlong::Overlong;
use super::{StepLog, Stream};
use crate::command::parse;
use crate::matcher::{Matchers, Outcome, Remarks, StreamMatchers};

/// Bytes a line may have. Longer ones are shown in pieces and cannot be commands or problems.
pub const MAX_LINE: usize = 1024 * 1024;

/// Bytes taken at once. Only the first line of a chunk can be too long then.
pub(super) const READ_SIZE: usize = 256 * 1024;

/// Takes in one stream of a step. What comes out does not depend on how the stream is cut in chunks.
///
/// Lines end with `\n`, `\r\n` or `\r`, as for GitHub's runner; the record ends them all with `\n`. Nothing else is
/// taken out of them: colour codes stay.
pub struct StreamPump {
    step: StepLog,
    stream: Stream,
    matchers: StreamMatchers,
    candidates: Candidates,
    /// A line without an end yet, and behind it what was received.
    buffer: Vec<u8>,
    /// Bytes of `buffer` known to hold no line end.
    scanned: usize,
    /// The last byte seen was `\r`: a `\n` right after it belongs to the same line end.
    after_return: bool,
    overlong: Option<Overlong>,
    masked: Vec<u8>,
}

impl StreamPump {
    pub(super) fn new(step: StepLog, stream: Stream, matchers: Matchers) -> Self {
        Self {
            step,
            stream,
            matchers: StreamMatchers::new(matchers),
            candidates: Candidates::new(),
            buffer: Vec::new(),
            scanned: 0,
            after_return: false,
            overlong: None,
            masked: Vec::new(),
        }
    }

    /// Takes the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(READ_SIZE) {
            self.buffer.extend_from_slice(chunk);
            self.received();
        }
    }

    /// Ends the stream: what is left is a line. Dropping it does the same.
    pub fn finish(self) {
        drop(self);
    }

    fn end(&mut self) {
        self.received();
        if let Some(overlong) = self.overlong.take() {
            let mut out = Vec::new();
            overlong.finish(&mut out);
            self.record(&out);
        } else if !self.buffer.is_empty() {
            self.buffer.push(b'\n');
            self.received();
        }
    }

    /// Where to put up to [`READ_SIZE`] bytes before [`StreamPump::received`].
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        self.buffer.reserve(READ_SIZE);
        &mut self.buffer
    }

    /// Works off what was put in the buffer.
    pub(super) fn received(&mut self) {
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut from = 0;
        if self.after_return && !buffer.is_empty() {
            self.after_return = false;
            from = usize::from(buffer[0] == b'\n');
        }
        from = self.long_line(&buffer, from);
        if let Some(last) = memrchr2(b'\n', b'\r', &buffer[from.max(self.scanned)..]) {
            let end = from.max(self.scanned) + last + 1;
            self.after_return = buffer[end - 1] == b'\r' && end == buffer.len();
            self.block(&normalized(&buffer[from..end]));
            from = end;
        }
        buffer.drain(..from);
        self.scanned = buffer.len();
        self.buffer = buffer;
        if self.overlong.is_none() && self.buffer.len() > MAX_LINE {
            let line = std::mem::take(&mut self.buffer);
            self.scanned = 0;
            self.begin_overlong(&line);
        }
        if self.overlong.is_some() {
            // Nothing of such a line is kept.
            let rest = std::mem::take(&mut self.buffer);
            self.scanned = 0;
            if !rest.is_empty() {
                self.continue_overlong(&rest);
            }
        }
    }

    /// Deals with a line that is or becomes too long at the start of the buffer. Returns where the rest begins.
    fn long_line(&mut self, buffer: &[u8], from: usize) -> usize {
        let end = memchr2(b'\n', b'\r', &buffer[from.max(self.scanned)..]).map(|end| end + from.max(self.scanned));
        let length = end.unwrap_or(buffer.len()) - from;
        if self.overlong.is_none() {
            let (Some(_), true) = (end, length > MAX_LINE) else {
                return from;
            };
            self.begin_overlong(&buffer[from..from + length]);
        } else {
            self.continue_overlong(&buffer[from..from + length]);
        }
        let Some(end) = end else { return buffer.len() };
        if let Some(overlong) = self.overlong.take() {
            let mut out = Vec::new();
            overlong.finish(&mut out);
            self.record(&out);
        }
        self.scanned = 0;
        if buffer[end] == b'\r' {
            match buffer.get(end + 1) {
                None => self.after_return = true,
                Some(b'\n') => return end + 2,
                Some(_) => {}
            }
        }
        end + 1
    }

    /// Begins with what is known of a line too long, at least its first [`MAX_LINE`] bytes and one more.
    fn begin_overlong(&mut self, line: &[u8]) {
        let mut own = Vec::new();
        {
            let mut shared = self.step.shared();
            let shared = &mut *shared;
            let start = String::from_utf8_lossy(&line[..MAX_LINE]);
            if !shared.processor.stopped() && parse(&start, None).is_some() {
                shared.processor.refuse_overlong(MAX_LINE, &mut shared.state, &mut own);
                self.overlong = Some(Overlong::command());
            } else {
                self.overlong = Some(Overlong::text(self.step.masker.clone()));
            }
        }
        self.step.write_own(&own);
        self.continue_overlong(line);
    }

    fn continue_overlong(&mut self, piece: &[u8]) {
        let mut out = Vec::new();
        if let Some(overlong) = &mut self.overlong {
            overlong.push(piece, &mut out);
        }
        self.record(&out);
    }

    /// Whole lines, each ended by `\n`.
    fn block(&mut self, block: &[u8]) {
        self.candidates.restart();
        let (mut plain, mut at) = (0, 0);
        while at < block.len() {
            let matching = !self.matchers.is_empty();
            let candidate = self.candidates.next(block, at);
            // Without matchers, lines up to the next candidate need not be looked at one by one.
            let start = match candidate {
                Some(candidate) if !matching => line_start(block, at, candidate),
                None if !matching => break,
                _ => at,
            };
            let end = memchr(b'\n', &block[start..]).map_or(block.len(), |end| start + end);
            at = end + 1;
            let line = String::from_utf8_lossy(&block[start..end]);
            let may_be_command = candidate.is_some_and(|candidate| candidate < end);
            let own = if may_be_command && self.is_command(&line) {
                // What came before the command must not feel its effect.
                self.masked_record(&block[plain..start]);
                plain = start;
                let mut own = Vec::new();
                let mut shared = self.step.shared();
                let shared = &mut *shared;
                match shared.processor.process(&line, &mut shared.state, &mut own) {
                    crate::command::Handled::Command => Some(own),
                    crate::command::Handled::Text => None,
                }
            } else {
                None
            };
            let own = match own {
                Some(own) => Some(own),
                None if matching => self.problem(&line),
                None => None,
            };
            if let Some(own) = own {
                self.masked_record(&block[plain..start]);
                plain = at;
                self.step.write_own(&own);
            }
        }
        self.masked_record(&block[plain.min(block.len())..]);
    }

    fn is_command(&self, line: &str) -> bool {
        let shared = self.step.shared();
        parse(line, shared.processor.stop_token()).is_some()
    }

    /// What to write instead of the line when it is a problem.
    fn problem(&mut self, line: &str) -> Option<Vec<String>> {
        let mut remarks = Remarks::default();
        let mut shared = self.step.shared();
        let shared = &mut *shared;
        let outcome = self.matchers.look(line, shared.processor.paths(), &mut remarks);
        let mut own = Vec::new();
        for note in &remarks.notes {
            shared.processor.debug(note, &mut own);
        }
        for warning in &remarks.warnings {
            shared.processor.warn(warning, &mut shared.state, &mut own);
        }
        match outcome {
            Outcome::Problem { annotation, line } => {
                own.push(format!("##[{}]{line}", annotation.level.as_str()));
                shared.state.annotate(annotation.masked(&self.step.masker));
                Some(own)
            }
            Outcome::Nothing => {
                // The line itself follows as plain text.
                self.step.write_own(&own);
                None
            }
        }
    }

    fn masked_record(&mut self, block: &[u8]) {
        if block.is_empty() {
            return;
        }
        match self.step.masker.line_patterns() {
            Some(patterns) if patterns.found_in(block) => {
                let mut masked = std::mem::take(&mut self.masked);
                masked.clear();
                patterns.mask_into(block, &mut masked);
                self.record(&masked);
                self.masked = masked;
            }
            _ => self.record(block),
        }
    }

    fn record(&self, lines: &[u8]) {
        if !lines.is_empty() {
            self.step.job.batch().lines(self.step.step, self.stream, lines);
        }
    }
}

impl Drop for StreamPump {
    /// A reader that is given up, because a process left the pipe open, loses nothing it has got.
    fn drop(&mut self) {
        self.end();
    }
}

/// Where the line that holds `at` begins, not before `from`.
fn line_start(block: &[u8], from: usize, at: usize) -> usize {
    memchr::memrchr(b'\n', &block[from..at]).map_or(from, |end| from + end + 1)
}

/// The block with every line ended by `\n` alone.
fn normalized(block: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'\r', block).is_none() {
        return Cow::Borrowed(block);
    }
    let mut out = Vec::with_capacity(block.len());
    let mut from = 0;
    for at in memchr2_iter(b'\n', b'\r', block) {
        if at < from {
            continue;
        }
        out.extend_from_slice(&block[from..at]);
        out.push(b'\n');
        from = if block[at] == b'\r' && block.get(at + 1) == Some(&b'\n') { at + 2 } else { at + 1 };
    }
    Cow::Owned(out)
}

#[cfg(test)]
#[path = "pump_tests.rs"]
mod tests;
