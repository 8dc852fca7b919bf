//! Lines of the file: continuation lines joined, comments left out, every byte's place kept.

use std::ops::Range;

use span::{FileId, Span};

use crate::Word;

/// One instruction's text in one piece.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) text: String,
    file: FileId,
    /// Where runs of the text come from: (offset in the text, offset in the file), ascending.
    origins: Vec<(usize, usize)>,
    /// Comments right above, without `#`.
    pub(crate) comments: Vec<Word>,
    /// Empty lines where it should have gone on.
    pub(crate) empty_continuations: Vec<Span>,
}

impl Line {
    /// The place in the file of a part of the text.
    pub(crate) fn span(&self, range: Range<usize>) -> Span {
        let start = self.origin(range.start);
        let end = if range.end > range.start { self.origin(range.end - 1) + 1 } else { start };
        Span::new(self.file, start, end)
    }

    /// A part of the text with its place.
    pub(crate) fn word(&self, range: Range<usize>) -> Word {
        Word::new(&self.text[range.clone()], self.span(range))
    }

    fn origin(&self, offset: usize) -> usize {
        let index = self.origins.partition_point(|(own, _)| *own <= offset).saturating_sub(1);
        self.origins.get(index).map_or(0, |(own, file)| file + (offset - own))
    }

    fn push(&mut self, text: &str, at: usize) {
        self.origins.push((self.text.len(), at));
        self.text.push_str(text);
    }
}

/// What a here-document's search found.
pub(crate) struct Document {
    pub(crate) content: String,
    pub(crate) span: Span,
    /// Whether its end line was there.
    pub(crate) ended: bool,
}

/// Walks through a file.
pub(crate) struct Lines<'a> {
    file: FileId,
    text: &'a str,
    at: usize,
    pub(crate) escape: char,
    comments: Vec<Word>,
}

impl<'a> Lines<'a> {
    /// Begins at an offset: behind the directives.
    pub(crate) fn new(file: FileId, text: &'a str, at: usize, escape: char) -> Lines<'a> {
        Lines { file, text, at, escape, comments: Vec::new() }
    }

    /// The next line as it stands in the file, its end included, and where it begins.
    fn physical(&mut self) -> Option<(&'a str, usize)> {
        let rest = &self.text[self.at..];
        let line = rest.split_inclusive('\n').next()?;
        let start = self.at;
        self.at += line.len();
        Some((line, start))
    }

    /// The next instruction's text.
    pub(crate) fn next(&mut self) -> Option<Line> {
        loop {
            let (raw, start) = self.physical()?;
            let trimmed = raw.trim_end_matches(['\r', '\n']);
            let text = trimmed.trim_start();
            let at = start + (trimmed.len() - text.len());
            if let Some(comment) = text.strip_prefix('#') {
                self.comment(comment, at + 1);
                continue;
            }
            if text.is_empty() {
                self.comments.clear();
                continue;
            }
            let mut line = Line {
                text: String::new(),
                file: self.file,
                origins: Vec::new(),
                comments: std::mem::take(&mut self.comments),
                empty_continuations: Vec::new(),
            };
            let (part, mut goes_on) = self.continued(text);
            line.push(part, at);
            while goes_on {
                let Some((raw, start)) = self.physical() else { break };
                let part = raw.trim_end_matches(['\r', '\n']);
                if part.trim_start().starts_with('#') {
                    continue;
                }
                if part.trim().is_empty() {
                    line.empty_continuations.push(Span::new(self.file, start, start + part.len()));
                    continue;
                }
                let (part, more) = self.continued(part);
                line.push(part, start);
                goes_on = more;
            }
            // A lone escape character makes an instruction of nothing.
            if !line.text.trim().is_empty() {
                return Some(line);
            }
        }
    }

    fn comment(&mut self, text: &str, at: usize) {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            self.comments.clear();
            return;
        }
        let at = at + (text.len() - text.trim_start().len());
        self.comments.push(Word::new(trimmed, Span::new(self.file, at, at + trimmed.len())));
    }

    /// The line without the escape character at its end, and whether there was one. Two of them are an escaped one.
    fn continued<'t>(&self, text: &'t str) -> (&'t str, bool) {
        match text.trim_end_matches([' ', '\t']).strip_suffix(self.escape) {
            Some(before) if !before.ends_with(self.escape) => (before, true),
            _ => (text, false),
        }
    }

    /// Takes the lines up to the one that is `name`.
    pub(crate) fn document(&mut self, name: &str, strip_tabs: bool) -> Document {
        let start = self.at;
        loop {
            let before = self.at;
            let Some((raw, _)) = self.physical() else {
                let span = Span::new(self.file, start, self.text.len());
                return Document { content: self.text[start..].to_owned(), span, ended: false };
            };
            let mut line = raw.trim_end_matches(['\r', '\n']);
            if strip_tabs {
                line = line.trim_start_matches('\t');
            }
            if line == name {
                let span = Span::new(self.file, start, before);
                return Document { content: self.text[start..before].to_owned(), span, ended: true };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        let mut lines = Lines::new(FileId(0), text, 0, '\\');
        std::iter::from_fn(|| lines.next()).map(|line| line.text).collect()
    }

    #[test]
    fn lines_are_joined_as_buildkit_joins_them() {
        for (text, expected) in [
            ("RUN a", vec!["RUN a"]),
            ("RUN a \\\n  b", vec!["RUN a   b"]),
            ("RUN a\\\nb\\\nc\nCMD d", vec!["RUN abc", "CMD d"]),
            ("RUN a \\  \t\nb", vec!["RUN a b"]),
            ("RUN a \\\\\nCMD b", vec!["RUN a \\\\", "CMD b"]),
            ("RUN a \\\n# told\n   # again\nb", vec!["RUN a b"]),
            ("RUN a \\\n\n\t\nb", vec!["RUN a b"]),
            ("  RUN a\r\n\r\nCMD b\r\n", vec!["RUN a", "CMD b"]),
            ("RUN a \\", vec!["RUN a "]),
            ("\\\nRUN a", vec!["RUN a"]),
            ("\\", vec![]),
            ("# only\n\n#comments", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(lines(text), expected, "{text:?}");
        }
    }

    #[test]
    fn places_go_through_joins() {
        let text = "RUN one \\\n  # told\n  two\n";
        let line = Lines::new(FileId(0), text, 0, '\\').next().expect("a line");
        let at = line.text.find("two").expect("the word");
        assert_eq!(&text[line.span(at..at + 3).range()], "two");
        assert_eq!(&text[line.span(4..at + 3).range()], "one \\\n  # told\n  two");
        assert_eq!(line.span(0..0).range(), 0..0);
    }

    #[test]
    fn comments_belong_to_what_follows_at_once() {
        let text = "# far\n\n# near\n# and nearer\nRUN a\nCMD b\n";
        let mut lines = Lines::new(FileId(0), text, 0, '\\');
        let comments = |line: Option<Line>| -> Vec<String> {
            line.expect("a line").comments.into_iter().map(|comment| comment.text).collect()
        };
        assert_eq!(comments(lines.next()), ["near", "and nearer"]);
        assert!(comments(lines.next()).is_empty());
    }
}
