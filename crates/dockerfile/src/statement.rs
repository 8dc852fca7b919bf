//! An instruction cut into keyword, flags and the rest.

use std::ops::Range;

use span::{Diagnostic, Span};

use crate::flags::Flag;
use crate::lines::Line;
use crate::{Heredoc, Word};

/// What the parser of one instruction works on. Problems are collected; nothing stops at the first.
pub(crate) struct Statement<'a> {
    pub(crate) line: &'a Line,
    pub(crate) keyword: Word,
    pub(crate) flags: Vec<Flag>,
    /// The part of the line behind keyword and flags, blanks around it cut.
    pub(crate) rest: Range<usize>,
    pub(crate) escape: char,
    pub(crate) heredocs: Vec<Heredoc>,
    pub(crate) problems: &'a mut Vec<Diagnostic>,
}

/// Blanks between arguments; a line break cannot occur here.
pub(crate) fn is_blank(c: char) -> bool {
    matches!(c, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ')
}

/// The range without blanks around it.
pub(crate) fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let part = &text[range.clone()];
    let start = range.start + (part.len() - part.trim_start().len());
    let end = start + part.trim().len();
    start..end
}

impl<'a> Statement<'a> {
    /// Cuts a part of a line: all of it, or what follows `ONBUILD`.
    pub(crate) fn new(
        line: &'a Line,
        range: Range<usize>,
        escape: char,
        problems: &'a mut Vec<Diagnostic>,
    ) -> Statement<'a> {
        let range = trim(&line.text, range);
        let text = &line.text[range.clone()];
        let keyword = text.find(is_blank).unwrap_or(text.len());
        let after = range.start + keyword..range.end;
        let (flags, rest) = crate::flags::split(line, after, escape);
        let keyword = line.word(range.start..range.start + keyword);
        let rest = trim(&line.text, rest);
        Statement { line, keyword, flags, rest, escape, heredocs: Vec::new(), problems }
    }

    /// The keyword in upper case.
    pub(crate) fn name(&self) -> String {
        self.keyword.text.to_ascii_uppercase()
    }

    pub(crate) fn text(&self) -> &'a str {
        &self.line.text[self.rest.clone()]
    }

    /// The arguments as one word.
    pub(crate) fn whole(&self) -> Word {
        self.line.word(self.rest.clone())
    }

    /// The place of the arguments, or of the keyword if there are none.
    pub(crate) fn place(&self) -> Span {
        if self.rest.is_empty() { self.keyword.span } else { self.line.span(self.rest.clone()) }
    }

    pub(crate) fn problem(&mut self, diagnostic: Diagnostic) {
        self.problems.push(diagnostic);
    }

    /// An error about the number or form of arguments.
    pub(crate) fn wrong<T>(&mut self, span: Span, message: impl Into<String>, help: &str) -> Option<T> {
        let diagnostic = Diagnostic::error("dockerfile/arguments", message).at(span);
        self.problem(if help.is_empty() { diagnostic } else { diagnostic.help(help) });
        None
    }

    /// The arguments cut at blanks, whatever quotes there are.
    pub(crate) fn fields(&self) -> Vec<Word> {
        let mut words = Vec::new();
        let mut start = None;
        for (at, c) in self.text().char_indices() {
            match (is_blank(c), start) {
                (false, None) => start = Some(at),
                (true, Some(from)) => {
                    words.push(self.line.word(self.rest.start + from..self.rest.start + at));
                    start = None;
                }
                _ => {}
            }
        }
        if let Some(from) = start {
            words.push(self.line.word(self.rest.start + from..self.rest.end));
        }
        words
    }

    /// The arguments cut at blanks outside of quotes; quotes and escapes stay in.
    pub(crate) fn quoted_words(&self) -> Vec<Range<usize>> {
        let mut words = Vec::new();
        let mut chars = self.text().char_indices().peekable();
        let mut start = None;
        let mut quote = None;
        let end = loop {
            let Some((at, c)) = chars.next() else { break self.text().len() };
            if start.is_none() {
                if c.is_whitespace() {
                    continue;
                }
                start = Some(at);
            }
            match quote {
                None if c.is_whitespace() => {
                    if let Some(from) = start.take() {
                        words.push(self.rest.start + from..self.rest.start + at);
                    }
                    continue;
                }
                None if c == '\'' || c == '"' => quote = Some(c),
                Some(open) if c == open => quote = None,
                _ => {}
            }
            // Nothing is escaped in single quotes; an escape character at the very end is dropped.
            if c == self.escape && quote != Some('\'') && chars.next().is_none() {
                break at;
            }
        };
        if let Some(from) = start.filter(|from| *from < end) {
            words.push(self.rest.start + from..self.rest.start + end);
        }
        words
    }

    /// Exactly one argument: all there is, blanks in it included.
    pub(crate) fn single(&mut self, what: &str) -> Option<Word> {
        if self.rest.is_empty() {
            let name = self.name();
            return self.wrong(self.keyword.span, format!("{name} needs {what}"), "");
        }
        Some(self.whole())
    }
}
