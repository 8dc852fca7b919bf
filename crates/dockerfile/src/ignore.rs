//! `.dockerignore`, and `--exclude`, which speaks the same language.

mod pattern;

use span::{Diagnostic, FileId, Span};

use crate::Word;
use pattern::Pattern;

/// Patterns of what is left out, in order: the last that fits decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ignore {
    patterns: Vec<Pattern>,
}

/// A directory on the way down a tree: which patterns fit it. Made by [`Ignore::root`] and [`Ignore::child`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Level {
    /// The path from the root; empty for the root itself.
    path: String,
    /// For each pattern whether it fits this directory or one above; empty for the root.
    fits: Vec<bool>,
}

/// What the patterns say about one entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whether it is left out.
    pub ignored: bool,
    /// It is left out, and so would be everything below it: no need to look.
    pub prune: bool,
    /// To go on with, if it is a directory.
    pub level: Level,
}

impl Ignore {
    /// Reads a `.dockerignore`: one pattern a line, `#` comments, `!` exceptions.
    pub fn parse(file: FileId, text: &str) -> Result<Ignore, Vec<Diagnostic>> {
        let mut words = Vec::new();
        let mut offset = 0;
        for line in text.split_inclusive('\n') {
            let start = offset;
            offset += line.len();
            let line = if start == 0 { line.trim_start_matches('\u{feff}') } else { line };
            if line.starts_with('#') || line.trim().is_empty() {
                continue;
            }
            let trimmed = line.trim();
            let at = offset - line.len() + (line.len() - line.trim_start().len());
            words.push(Word::new(trimmed, Span::new(file, at, at + trimmed.len())));
        }
        Ignore::from_words(&words)
    }

    /// Takes patterns as they stand in `--exclude`.
    pub fn from_words(words: &[Word]) -> Result<Ignore, Vec<Diagnostic>> {
        let mut patterns = Vec::new();
        let mut problems = Vec::new();
        for word in words {
            match Pattern::parse(&word.text) {
                Ok(pattern) => patterns.extend(pattern),
                Err(why) => problems.push(
                    Diagnostic::error("dockerfile/ignore-pattern", format!("`{}` is no pattern: {why}", word.text))
                        .at(word.span),
                ),
            }
        }
        if problems.is_empty() { Ok(Ignore { patterns }) } else { Err(problems) }
    }

    /// Whether there is nothing to leave out.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether there are exceptions (`!`).
    pub fn has_exceptions(&self) -> bool {
        self.patterns.iter().any(|pattern| pattern.exception)
    }

    /// Whether a path (relative, `/` between its parts, no `.` or `..`) is left out, itself or with a directory above it.
    pub fn ignores(&self, path: &str) -> bool {
        let mut ignored = false;
        for pattern in &self.patterns {
            // A pattern that could not change the verdict is not asked.
            if pattern.exception == ignored && pattern.fits_or_parent(path) {
                ignored = !pattern.exception;
            }
        }
        ignored
    }

    /// The top of a tree.
    pub fn root(&self) -> Level {
        Level::default()
    }

    /// The verdict about an entry of a directory. Only the entry itself is matched: what fits the directories above is
    /// known from `level`.
    pub fn child(&self, level: &Level, name: &str) -> Entry {
        let path = if level.path.is_empty() { name.to_owned() } else { format!("{}/{name}", level.path) };
        let mut ignored = false;
        let mut fits = Vec::with_capacity(self.patterns.len());
        for (index, pattern) in self.patterns.iter().enumerate() {
            let above = level.fits.get(index).copied().unwrap_or(false);
            let fit = above || pattern.fits(&path);
            if fit {
                ignored = !pattern.exception;
            }
            fits.push(fit);
        }
        let prune = ignored && !self.patterns.iter().any(|pattern| pattern.exception && pattern.may_fit_below(&path));
        Entry { ignored, prune, level: Level { path, fits } }
    }
}
