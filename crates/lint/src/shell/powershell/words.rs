//! Words with their quotes, and what PowerShell or GitHub puts into them.

use std::ops::Range;

use super::super::word::{expression_end, is_name};
use super::super::{Part, Quote, Word};
use super::{MAX_DEPTH, Reader, read_range};

impl Reader<'_> {
    /// One word, and whether it begins with a quote.
    pub(super) fn word(&mut self) -> (Word, bool) {
        let start = self.at;
        let mut word = Word::default();
        let quoted = matches!(self.peek(0), Some(b'"' | b'\''));
        while self.at < self.end {
            let byte = self.bytes[self.at];
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b')' | b'}' => break,
                // `(` and `{` begin a word of their own.
                b'(' | b'{' if self.at > start => break,
                b'(' | b'{' => self.block(0, &mut word),
                b'@' if self.at == start && self.here_string(&mut word) => {}
                // An array's values may be commands; the keys and values of a table are not looked at.
                b'@' if self.at == start && self.peek(1) == Some(b'(') => self.block(1, &mut word),
                b'@' if self.at == start && self.peek(1) == Some(b'{') => {
                    let close = self.matching(self.at + 1);
                    self.keep(close.saturating_add(1), &mut word);
                    word.parts.push(Part::Command { range: start..self.at, quote: Quote::None });
                }
                b'`' if self.continuation().is_some() => break,
                b'`' => {
                    self.at += 1;
                    self.character(&mut word);
                }
                b'\'' => {
                    self.at += 1;
                    self.quoted(b'\'', &mut word);
                }
                b'"' => {
                    self.at += 1;
                    self.quoted(b'"', &mut word);
                }
                b'$' => self.dollar(Quote::None, &mut word),
                _ => self.character(&mut word),
            }
        }
        word.range = start..self.at;
        (word, quoted)
    }

    fn character(&mut self, word: &mut Word) {
        self.at = word.take_character(self.text, self.at..self.end);
    }

    /// Takes the text up to `end` into the word as it is.
    fn keep(&mut self, end: usize, word: &mut Word) {
        self.at = word.take(self.text, self.at..end.min(self.end));
    }

    /// Commands in brackets, of which the first opens after so many bytes.
    fn block(&mut self, before: usize, word: &mut Word) {
        let start = self.at;
        let close = self.matching(start + before);
        self.bracketed(start + before..close, Quote::None, word);
    }

    /// Commands between two brackets, or no more than a variable of the environment: `(…)`, `$(…)`.
    fn bracketed(&mut self, inside: Range<usize>, quote: Quote, word: &mut Word) {
        let start = self.at;
        let inside = inside.start + 1..inside.end;
        // Braces are a block to be run, not its value.
        let is_value = self.bytes[inside.start - 1] == b'(';
        let variable = self.text.get(inside.clone()).filter(|_| is_value).and_then(lone_variable);
        if variable.is_none() {
            self.substitution(inside.clone());
        }
        self.keep(inside.end.saturating_add(1), word);
        let range = start..self.at;
        word.parts.push(match variable {
            Some(name) => Part::Variable { name: name.to_owned(), range, quote },
            None => Part::Command { range, quote },
        });
    }

    /// The rest of a string in quotes; two of them are one in it.
    fn quoted(&mut self, mark: u8, word: &mut Word) {
        let quote = if mark == b'"' { Quote::Double } else { Quote::Single };
        while self.at < self.end {
            match self.bytes[self.at] {
                byte if byte == mark && self.peek(1) == Some(mark) => {
                    self.at += 1;
                    self.character(word);
                }
                byte if byte == mark => {
                    self.at += 1;
                    return;
                }
                b'`' if quote == Quote::Double => {
                    self.at += 1;
                    self.character(word);
                }
                b'$' => self.dollar(quote, word),
                _ => self.character(word),
            }
        }
    }

    /// `@"`, lines, `"@` at the start of a line: quotes inside are text.
    fn here_string(&mut self, word: &mut Word) -> bool {
        let rest = &self.text[self.at..self.end];
        let (quote, close) = match rest.as_bytes().get(1) {
            Some(b'"') => (Quote::Double, "\n\"@"),
            Some(b'\'') => (Quote::Single, "\n'@"),
            _ => return false,
        };
        let Some((head, _)) = rest.split_once('\n').filter(|(head, _)| head[2..].trim().is_empty()) else {
            return false;
        };
        // The line break in front of the end is no part of the text.
        let body = head.len() + 1;
        let length = rest[body - 1..].find(close).map_or(rest.len(), |at| at + body - 1);
        let stop = self.at + length;
        self.at += body.min(length);
        let end = std::mem::replace(&mut self.end, stop);
        while self.at < self.end {
            match self.bytes[self.at] {
                b'`' if quote == Quote::Double => {
                    self.at += 1;
                    self.character(word);
                }
                b'$' => self.dollar(quote, word),
                _ => self.character(word),
            }
        }
        self.end = end;
        self.at = (stop + close.len()).min(end);
        true
    }

    fn dollar(&mut self, quote: Quote, word: &mut Word) {
        let start = self.at;
        let rest = &self.text[start..self.end];
        if rest.starts_with("${{") {
            self.keep(expression_end(self.text, start, self.end), word);
            word.parts.push(Part::Expression { range: start..self.at, quote });
        } else if quote == Quote::Single {
            self.character(word);
        } else if rest.starts_with("$(") {
            let close = self.matching(start + 1);
            self.bracketed(start + 1..close, quote, word);
        } else if let Some(inside) = rest.strip_prefix("${") {
            let length = inside.find('}').unwrap_or(inside.len());
            self.keep(start + 2 + length + 1, word);
            word.parts.push(Part::Variable { name: name(&inside[..length]), range: start..self.at, quote });
        } else {
            let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            let run = |text: &str| text.bytes().take_while(|byte| is_name(*byte)).count();
            let mut length = run(&rest[1..]);
            // `$env:NAME`, but not the colon after a name.
            if rest[1 + length..].starts_with(':') && run(&rest[2 + length..]) > 0 {
                length += 1 + run(&rest[2 + length..]);
            }
            let special = length == 0 && rest[1..].starts_with(['?', '$', '^']);
            let length = if special { 1 } else { length };
            self.keep(start + 1 + length, word);
            if length > 0 {
                word.parts.push(Part::Variable { name: name(&rest[1..=length]), range: start..self.at, quote });
            }
        }
    }

    /// Where the bracket that opens at `open` closes; the end where it does not.
    pub(super) fn matching(&self, open: usize) -> usize {
        let mut depth = 0_usize;
        let mut at = open;
        while at < self.end {
            let rest = &self.text.as_bytes()[at..self.end];
            match rest[0] {
                b'`' => at += 1,
                b'$' if rest.starts_with(b"${{") => at = expression_end(self.text, at, self.end).max(at + 1) - 1,
                b'#' if self.bytes[at - 1].is_ascii_whitespace() => {
                    at += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
                }
                b'@' if rest.starts_with(b"@\"\n") || rest.starts_with(b"@'\n") => {
                    let close: &[u8] = if rest[1] == b'"' { b"\n\"@" } else { b"\n'@" };
                    at += rest.windows(3).position(|three| three == close).map_or(rest.len(), |found| found + 2);
                }
                mark @ (b'"' | b'\'') => at = self.closing(at + 1, mark),
                b'(' | b'{' => depth += 1,
                b')' | b'}' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return at;
                    }
                }
                _ => {}
            }
            at += 1;
        }
        self.end
    }

    /// Where a string ends. What is put in between its quotes may have quotes of its own.
    fn closing(&self, mut at: usize, mark: u8) -> usize {
        let mut inside = 0_usize;
        while at < self.end {
            match self.bytes[at] {
                b'`' if mark == b'"' => at += 1,
                b'(' if mark == b'"' && (inside > 0 || self.bytes[at - 1] == b'$') => inside += 1,
                b')' => inside = inside.saturating_sub(1),
                byte if byte == mark && inside == 0 => return at,
                _ => {}
            }
            at += 1;
        }
        self.end
    }

    /// Reads the commands in brackets, which stand before the command that they are a part of.
    pub(super) fn substitution(&mut self, range: Range<usize>) {
        if self.depth < MAX_DEPTH && range.start < range.end {
            read_range(self.text, range, self.depth + 1, self.script);
        }
    }
}

/// A variable of the environment by its name alone; one of PowerShell's own keeps its `$`, as it is none.
fn name(written: &str) -> String {
    match written.split_once(':') {
        Some((scope, name)) if scope.eq_ignore_ascii_case("env") => name.to_owned(),
        _ => format!("${written}"),
    }
}

/// The name of a variable of the environment that is all there is.
fn lone_variable(text: &str) -> Option<&str> {
    let written = text.trim().strip_prefix('$')?;
    let written = written.strip_prefix('{').and_then(|inside| inside.strip_suffix('}')).unwrap_or(written);
    let (scope, name) = written.split_once(':')?;
    (scope.eq_ignore_ascii_case("env") && is_name(name)).then_some(name)
}
