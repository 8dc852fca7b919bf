//! Words with their quotes, and what the shell or GitHub puts into them.

use std::ops::Range;

use super::super::word::{expression_end, is_name};
use super::super::{Part, Quote, Word};
use super::{MAX_DEPTH, Reader, read_range};

impl Reader<'_> {
    /// One word, and whether any of it is quoted.
    pub(super) fn word(&mut self) -> (Word, bool) {
        let start = self.at;
        let mut word = Word::default();
        let mut quoted = false;
        while self.at < self.end {
            match self.bytes[self.at] {
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b')' => break,
                // An array's values belong to its assignment.
                b'(' if word.text.ends_with('=') => {
                    let close = self.matching(self.at);
                    self.keep(close.saturating_add(1).min(self.end), &mut word);
                }
                b'(' => break,
                b'\\' => {
                    if self.peek(1) == Some(b'\n') {
                        self.at += 2;
                    } else {
                        self.at += 1;
                        self.character(&mut word);
                    }
                }
                b'\'' => {
                    quoted = true;
                    self.at += 1;
                    self.single(&mut word);
                }
                b'"' => {
                    quoted = true;
                    self.at += 1;
                    self.double(&mut word);
                }
                b'`' => self.backquotes(Quote::None, &mut word),
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

    fn single(&mut self, word: &mut Word) {
        while self.at < self.end {
            if self.text[self.at..self.end].starts_with("${{") {
                self.expression(Quote::Single, word);
            } else if self.bytes[self.at] == b'\'' {
                self.at += 1;
                return;
            } else {
                self.character(word);
            }
        }
    }

    fn double(&mut self, word: &mut Word) {
        while self.at < self.end {
            match self.bytes[self.at] {
                b'"' => {
                    self.at += 1;
                    return;
                }
                b'\\' if matches!(self.peek(1), Some(b'"' | b'\\' | b'$' | b'`' | b'\n')) => {
                    self.at += 1;
                    if self.bytes[self.at] == b'\n' { self.at += 1 } else { self.character(word) }
                }
                b'`' => self.backquotes(Quote::Double, word),
                b'$' => self.dollar(Quote::Double, word),
                _ => self.character(word),
            }
        }
    }

    fn backquotes(&mut self, quote: Quote, word: &mut Word) {
        let start = self.at;
        let close = self.text[start + 1..self.end].find('`').map_or(self.end, |offset| start + 1 + offset);
        self.substitution(start + 1..close);
        self.keep(close.saturating_add(1), word);
        word.parts.push(Part::Command { range: start..self.at, quote });
    }

    pub(super) fn dollar(&mut self, quote: Quote, word: &mut Word) {
        let start = self.at;
        let rest = &self.text[start..self.end];
        if rest.starts_with("${{") {
            self.expression(quote, word);
        } else if quote == Quote::Single {
            self.character(word);
        } else if rest.starts_with("$((") {
            let close = self.matching(start + 1);
            self.keep(close.saturating_add(1), word);
            word.parts.push(Part::Number { range: start..self.at, quote });
        } else if rest.starts_with("$(") {
            let close = self.matching(start + 1);
            self.substitution(start + 2..close);
            self.keep(close.saturating_add(1), word);
            word.parts.push(Part::Command { range: start..self.at, quote });
        } else if rest.starts_with("${") {
            let close = self.matching(start + 1);
            let inside = self.text.get(start + 2..close).unwrap_or_default();
            let name: String = inside
                .trim_start_matches(['#', '!'])
                .chars()
                .take_while(|character| character.is_ascii_alphanumeric() || *character == '_')
                .collect();
            self.keep(close.saturating_add(1), word);
            word.parts.push(Part::Variable { name, range: start..self.at, quote });
        } else if rest.starts_with("$'") && quote == Quote::None {
            self.at += 2;
            self.single(word);
        } else {
            let length = rest[1..].bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
            let name = &rest[1..=length];
            let special = length == 0 && rest[1..].starts_with(['@', '*', '#', '?', '!', '$', '-']);
            let end = start + 1 + if special { 1 } else { length };
            let name = if special { rest[1..2].to_owned() } else { name.to_owned() };
            self.keep(end, word);
            if special || is_name(&name) || !name.is_empty() {
                word.parts.push(Part::Variable { name, range: start..self.at, quote });
            }
        }
    }

    fn expression(&mut self, quote: Quote, word: &mut Word) {
        let start = self.at;
        self.keep(expression_end(self.text, start, self.end), word);
        word.parts.push(Part::Expression { range: start..self.at, quote });
    }

    /// Where the bracket that opens at `open` closes; the end where it does not.
    pub(super) fn matching(&self, open: usize) -> usize {
        let mut stack = Vec::new();
        let mut at = open;
        let mut quote = 0_u8;
        while at < self.end {
            let byte = self.bytes[at];
            match byte {
                b'\\' if quote != b'\'' => at += 1,
                b'\'' | b'"' if quote == 0 => quote = byte,
                byte if byte == quote => quote = 0,
                b'(' | b'{' if quote != b'\'' && (quote == 0 || self.bytes.get(at.wrapping_sub(1)) == Some(&b'$')) => {
                    stack.push(byte);
                }
                b')' | b'}' if quote == 0 || stack.len() > 1 => {
                    stack.pop();
                    if stack.is_empty() {
                        return at;
                    }
                }
                _ => {}
            }
            at += 1;
        }
        self.end
    }

    /// Reads the commands of a substitution, which stand before the command that they are a part of.
    pub(super) fn substitution(&mut self, range: Range<usize>) {
        if self.depth < MAX_DEPTH && range.start < range.end {
            read_range(self.text, range, self.depth + 1, self.script);
        }
    }
}
