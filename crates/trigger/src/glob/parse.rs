use std::fmt;

use super::edges::Edges;
use super::matching::{Item, Matcher};

/// What a pattern is matched against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A branch or tag without `refs/heads/` or `refs/tags/`.
    Ref,
    /// A file's path from the repository's root, with `/`.
    Path,
    /// Anything else that takes patterns, such as image names.
    Name,
}

/// What is wrong with a pattern, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobError {
    /// Bytes from the start of the pattern, the leading `!` included.
    pub offset: usize,
    /// Length in bytes of the offending part; 0 at the end of the pattern.
    pub len: usize,
    pub message: String,
}

impl fmt::Display for GlobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for GlobError {}

/// One compiled pattern. Matching takes time proportional to the subject's length, whatever the pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    pub(super) items: Vec<Item>,
    pub(super) edges: Edges,
    negated: bool,
}

impl Pattern {
    /// Compiles a pattern, or says everything that is wrong with it.
    pub fn parse(text: &str, subject: Subject) -> Result<Pattern, Vec<GlobError>> {
        let mut parser = Parser { text, at: 0, subject, items: Vec::new(), errors: Vec::new() };
        let negated = parser.parse();
        if !parser.errors.is_empty() {
            return Err(parser.errors);
        }
        let edges = Edges::of(&parser.items);
        Ok(Pattern { items: parser.items, edges, negated })
    }

    /// Whether it starts with `!` and so takes away what earlier patterns gave.
    #[must_use]
    pub fn negated(&self) -> bool {
        self.negated
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    subject: Subject,
    items: Vec<Item>,
    errors: Vec<GlobError>,
}

/// What stood before, for `?` and `+`.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    Nothing,
    Character,
    Special(char),
}

impl Parser<'_> {
    /// Returns whether the pattern is negated.
    fn parse(&mut self) -> bool {
        if self.text.is_empty() {
            self.error(0, 0, "the pattern is empty");
            return false;
        }
        let negated = self.text.starts_with('!');
        if negated {
            self.at = 1;
            if self.text.len() == 1 {
                self.error(0, 1, "`!` needs a pattern after it; write `\\!` for the character itself");
                return true;
            }
        }
        let mut before = Before::Nothing;
        while let Some(c) = self.peek() {
            before = self.element(c, before);
        }
        negated
    }

    fn element(&mut self, c: char, before: Before) -> Before {
        let start = self.at;
        self.at += c.len_utf8();
        match c {
            '*' => self.star(start),
            '?' | '+' => self.repeat(c, start, before),
            '[' => self.class(start),
            '\\' => self.escape(start),
            '\n' | '\r' => {
                self.error(start, 1, "a pattern cannot contain a line break");
                Before::Character
            }
            c => {
                self.items.push(Item::One(Matcher::Literal(c)));
                Before::Character
            }
        }
    }

    fn star(&mut self, start: usize) -> Before {
        if self.peek() != Some('*') {
            self.items.push(Item::StarSegment);
            return Before::Special('*');
        }
        self.at += 1;
        // `**/` at the start of a segment also stands for no directory at all: `docs/**/*.md` has `docs/README.md`.
        let at_segment_start =
            start == 0 || self.text[..start].ends_with('/') || (start == 1 && self.text.starts_with('!'));
        if at_segment_start && self.peek() == Some('/') {
            self.at += 1;
            self.items.push(Item::DirectoriesStart);
            self.items.push(Item::DirectoriesInside);
            return Before::Character;
        }
        self.items.push(Item::StarAll);
        Before::Special('*')
    }

    fn repeat(&mut self, c: char, start: usize, before: Before) -> Before {
        match before {
            Before::Nothing => {
                self.error(start, 1, format!("`{c}` repeats the character before it, and there is none; write `\\{c}` for the character itself"));
            }
            Before::Special(other) => {
                self.error(start, 1, format!("`{c}` repeats the character before it and cannot follow `{other}`"));
            }
            Before::Character => match self.items.pop() {
                Some(Item::One(matcher)) if c == '?' => self.items.push(Item::Optional(matcher)),
                Some(Item::One(matcher)) => {
                    self.items.push(Item::One(matcher.clone()));
                    self.items.push(Item::Many(matcher));
                }
                // `**/` followed by `?` or `+`: the slash is part of the directories and cannot be repeated alone.
                Some(other) => {
                    self.items.push(other);
                    self.error(start, 1, format!("`{c}` cannot follow `**/`"));
                }
                None => {}
            },
        }
        Before::Special(c)
    }

    fn class(&mut self, start: usize) -> Before {
        let mut ranges: Vec<(char, char)> = Vec::new();
        loop {
            let at = self.at;
            let Some(c) = self.next() else {
                self.error(start, self.text.len() - start, "`[` is not closed: `]` is missing");
                return Before::Character;
            };
            match c {
                ']' if ranges.is_empty() => {
                    self.error(start, self.at - start, "`[]` holds no characters");
                    return Before::Character;
                }
                ']' => break,
                '\n' | '\r' => self.error(at, 1, "a pattern cannot contain a line break"),
                c => self.class_member(c, at, &mut ranges),
            }
        }
        self.items.push(Item::One(Matcher::Class(ranges)));
        Before::Character
    }

    fn class_member(&mut self, low: char, at: usize, ranges: &mut Vec<(char, char)>) {
        if self.peek() != Some('-') {
            ranges.push((low, low));
            return;
        }
        self.at += 1;
        match self.peek() {
            // `[a-]`: the dash stands for itself.
            None | Some(']') => {
                ranges.push((low, low));
                ranges.push(('-', '-'));
            }
            Some(high) => {
                self.at += high.len_utf8();
                let len = self.at - at;
                if low > high {
                    self.error(at, len, format!("the range `{low}-{high}` is the wrong way round"));
                } else if !low.is_ascii_alphanumeric() || !high.is_ascii_alphanumeric() {
                    self.error(at, len, format!("the range `{low}-{high}` may only join letters or digits"));
                }
                ranges.push((low, high));
            }
        }
    }

    fn escape(&mut self, start: usize) -> Before {
        match self.peek() {
            Some(c @ ('[' | ']' | '?' | '*' | '+' | '\\' | '!')) => {
                self.at += 1;
                self.items.push(Item::One(Matcher::Literal(c)));
            }
            _ if self.subject == Subject::Ref => {
                self.error(start, 1, "`\\` can only come before one of `[ ? * + \\ !`");
            }
            // Paths may hold a backslash of their own.
            _ => self.items.push(Item::One(Matcher::Literal('\\'))),
        }
        Before::Character
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn error(&mut self, offset: usize, len: usize, message: impl Into<String>) {
        self.errors.push(GlobError { offset, len, message: message.into() });
    }
}
