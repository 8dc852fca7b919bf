//! One glob pattern, made absolute.

use std::path::Path;

use super::GlobError;
use super::matching::{MAX_SEGMENTS, matches_parts};
use super::segment::Segment;

/// A pattern. Its parts are those below the root.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// Begins with `!`: takes out what it matches.
    pub negated: bool,
    /// Ends with a slash: matches directories only.
    pub directories_only: bool,
    /// Made from another pattern by adding `**`.
    implicit: bool,
    segments: Vec<Segment>,
    /// Where the search for it begins: the parts before the first wildcard.
    pub search: String,
}

impl Pattern {
    /// Reads a pattern that is not empty, without blanks around.
    ///
    /// # Errors
    /// Patterns with `.` or `..` in them, without a home for `~`, or too long.
    pub fn parse(text: &str, workspace: &Path, home: Option<&Path>) -> Result<Self, GlobError> {
        let invalid = |reason| GlobError { pattern: text.to_owned(), reason };
        let mut rest = text;
        let mut negated = false;
        while let Some(after) = rest.strip_prefix('!') {
            negated = !negated;
            rest = after.trim();
        }
        if rest.is_empty() {
            return Err(invalid("it is empty"));
        }
        let mut parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
        let wrong = |(index, part): (usize, &&str)| {
            let literal = literal(part);
            literal.as_deref() == Some("..") || literal.as_deref() == Some(".") && (index > 0 || rest.starts_with('/'))
        };
        if parts.iter().enumerate().any(wrong) {
            return Err(invalid("relative pathing '.' and '..' is not allowed"));
        }
        let root = if rest.starts_with('/') {
            None
        } else if parts.first() == Some(&".") {
            parts.remove(0);
            Some(workspace)
        } else if parts.first() == Some(&"~") {
            parts.remove(0);
            Some(home.filter(|home| home.is_absolute()).ok_or_else(|| invalid("there is no home directory for '~'"))?)
        } else {
            Some(workspace)
        };
        let root = root.map(|root| root.to_string_lossy().into_owned()).unwrap_or_default();
        let mut segments: Vec<Segment> =
            root.split('/').filter(|part| !part.is_empty()).map(|part| Segment::Literal(part.to_owned())).collect();
        let rooted = segments.len();
        segments.extend(parts.iter().map(|part| Segment::parse(part)));
        // One more may come: `**` for all that lies below.
        if segments.len() >= MAX_SEGMENTS {
            return Err(invalid("it has too many parts"));
        }
        let mut search: String = segments[..rooted]
            .iter()
            .map(|segment| match segment {
                Segment::Literal(part) => format!("/{part}"),
                _ => String::new(),
            })
            .collect();
        for part in parts.iter().map_while(|part| literal(part)) {
            search.push('/');
            search.push_str(&part);
        }
        if search.is_empty() {
            search.push('/');
        }
        Ok(Self { negated, directories_only: rest.ends_with('/'), implicit: false, segments, search })
    }

    /// The pattern for all that lies in what this one matches; none when it says that itself.
    pub fn descendants(&self) -> Option<Self> {
        if !self.directories_only && self.segments.last() == Some(&Segment::Globstar) {
            return None;
        }
        let mut all = self.clone();
        all.segments.push(Segment::Globstar);
        (all.implicit, all.directories_only) = (true, false);
        Some(all)
    }

    /// Whether it matches a path, given as the parts below the root.
    pub fn matches(&self, parts: &[&str]) -> bool {
        // `/a/**` also means `/a` itself, as if a slash and nothing followed; not when it was made from `/a`, which
        // says that already.
        let itself = self.segments.last() == Some(&Segment::Globstar) && !self.implicit;
        matches_parts(&self.segments, parts.iter().copied().chain(itself.then_some("")), false)
    }

    /// Whether something below a path may match.
    pub fn may_match_below(&self, parts: &[&str]) -> bool {
        matches_parts(&self.segments, parts.iter().copied(), true)
    }
}

/// The text of a part without wildcards, escapes undone. As @actions/glob sees it: also a class of one character.
fn literal(part: &str) -> Option<String> {
    let chars: Vec<char> = part.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while at < chars.len() {
        match chars[at] {
            '\\' if at + 1 < chars.len() => {
                out.push(chars[at + 1]);
                at += 1;
            }
            '*' | '?' => return None,
            '[' if at + 1 < chars.len() => {
                let mut set = Vec::new();
                let mut closed = None;
                let mut inner = at + 1;
                while inner < chars.len() && closed.is_none() {
                    match chars[inner] {
                        '\\' if inner + 1 < chars.len() => {
                            set.push(chars[inner + 1]);
                            inner += 1;
                        }
                        ']' => closed = Some(inner),
                        c => set.push(c),
                    }
                    inner += 1;
                }
                match (closed, set.as_slice()) {
                    (Some(_), [_, _, ..]) => return None,
                    (Some(end), [c]) => {
                        out.push(*c);
                        at = end;
                    }
                    _ => out.push('['),
                }
            }
            c => out.push(c),
        }
        at += 1;
    }
    // An empty part never comes here; an empty text would mean wildcards.
    (!out.is_empty()).then_some(out)
}
