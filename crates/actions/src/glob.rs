//! The glob dialect of @actions/glob, without any file system: patterns, and which paths they match.

mod matching;
mod pattern;
mod segment;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

pub use pattern::Pattern;

/// A pattern that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("Invalid pattern '{pattern}': {reason}")]
pub struct GlobError {
    /// As written.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// Several patterns together; a later one overrules those before.
#[derive(Debug, Clone)]
pub struct Patterns(Vec<Pattern>);

/// What a path matches as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Matched {
    /// It matches if it is a directory.
    pub directory: bool,
    /// It matches if it is anything else.
    pub file: bool,
    /// Something below it may match.
    pub below: bool,
}

impl Patterns {
    /// Reads patterns, one a line; empty lines and `#` comments are passed over. With `implicit_descendants` a matched
    /// directory means all in it.
    ///
    /// # Errors
    /// The first pattern that cannot be used.
    pub fn parse(
        text: &str,
        workspace: &Path,
        home: Option<&Path>,
        implicit_descendants: bool,
    ) -> Result<Self, GlobError> {
        let mut patterns = Vec::new();
        for line in text.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let pattern = Pattern::parse(line, workspace, home)?;
            let below = if implicit_descendants { pattern.descendants() } else { None };
            patterns.push(pattern);
            patterns.extend(below);
        }
        Ok(Self(patterns))
    }

    /// Where to begin searching: each place once, and none that lies below another.
    pub fn search_paths(&self) -> Vec<PathBuf> {
        let starts = || self.0.iter().filter(|pattern| !pattern.negated).map(|pattern| Path::new(&pattern.search));
        let known: HashSet<&Path> = starts().collect();
        let mut taken = HashSet::new();
        starts()
            .filter(|start| !start.ancestors().skip(1).any(|above| known.contains(above)))
            .filter(|start| taken.insert(*start))
            .map(Path::to_owned)
            .collect()
    }

    /// What an absolute path matches as.
    pub fn matches(&self, path: &Path) -> Matched {
        let text = path.to_string_lossy();
        let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty()).collect();
        let (mut directory, mut file) = (false, false);
        for pattern in &self.0 {
            // Asked only when it could change something.
            if (directory != pattern.negated && (file != pattern.negated || pattern.directories_only))
                || !pattern.matches(&parts)
            {
                continue;
            }
            directory = !pattern.negated;
            if !pattern.directories_only {
                file = !pattern.negated;
            }
        }
        let below =
            directory || file || self.0.iter().any(|pattern| !pattern.negated && pattern.may_match_below(&parts));
        Matched { directory, file, below }
    }
}
