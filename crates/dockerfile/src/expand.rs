//! Variables and quotes in words: what a shell would do, as far as a Dockerfile has it.

mod lexer;
mod pattern;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use span::{Diagnostic, Span};

use crate::Word;
pub(crate) use lexer::Lexer;

/// Where the values of variables come from.
pub trait Variables: Sync {
    /// The value, or `None` if the variable is not set; a set one may be empty.
    fn get(&self, name: &str) -> Option<&str>;
}

impl Variables for BTreeMap<String, String> {
    fn get(&self, name: &str) -> Option<&str> {
        BTreeMap::get(self, name).map(String::as_str)
    }
}

impl Variables for HashMap<String, String> {
    fn get(&self, name: &str) -> Option<&str> {
        HashMap::get(self, name).map(String::as_str)
    }
}

/// The last one of a name counts.
impl Variables for [(&str, &str)] {
    fn get(&self, name: &str) -> Option<&str> {
        self.iter().rev().find(|(own, _)| *own == name).map(|(_, value)| *value)
    }
}

impl<const N: usize> Variables for [(&str, &str); N] {
    fn get(&self, name: &str) -> Option<&str> {
        Variables::get(self.as_slice(), name)
    }
}

/// No variables at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoVariables;

impl Variables for NoVariables {
    fn get(&self, _name: &str) -> Option<&str> {
        None
    }
}

/// What became of a word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expansion {
    pub text: String,
    /// The text cut at blanks that stand neither in quotes nor behind the escape character.
    pub words: Vec<String>,
    /// Variables that were looked up and are set.
    pub used: BTreeSet<String>,
    /// Variables that were looked up and are not set, even where a default took their place.
    pub missing: BTreeSet<String>,
}

/// Why a word has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExpandError {
    pub message: String,
    /// Where in the word, in bytes.
    pub offset: usize,
    pub len: usize,
}

/// Puts variables into one word and takes quotes off. `escape` is the file's escape character.
pub fn expand(word: &str, escape: char, variables: &dyn Variables) -> Result<Expansion, ExpandError> {
    Lexer::new(escape).run(word, variables)
}

/// Puts variables into a here-document: quotes stay, and `\` escapes whatever the file's escape character is.
pub fn expand_document(text: &str, variables: &dyn Variables) -> Result<Expansion, ExpandError> {
    Lexer { literal_quotes: true, ..Lexer::new('\\') }.run(text, variables)
}

/// Puts variables in for showing: quotes stay, and variables that are not set are left as they are. Text that
/// cannot be read comes back unchanged.
pub fn expand_for_display(text: &str, escape: char, variables: &dyn Variables) -> String {
    let lexer = Lexer { raw_quotes: true, keep_unset: true, ..Lexer::new(escape) };
    lexer.run(text, variables).map_or_else(|_| text.to_owned(), |expansion| expansion.text)
}

impl Word {
    /// Puts variables in; what is wrong is told with its place.
    pub fn expand(&self, escape: char, variables: &dyn Variables) -> Result<Expansion, Diagnostic> {
        expand(&self.text, escape, variables).map_err(|error| error.at(self))
    }
}

impl ExpandError {
    /// The problem as a diagnostic in the word that was expanded.
    pub fn at(self, word: &Word) -> Diagnostic {
        let span = word.part(self.offset, self.len);
        self.diagnostic(span)
    }

    /// The problem as a diagnostic at a place.
    pub fn diagnostic(self, span: Span) -> Diagnostic {
        Diagnostic::error("dockerfile/substitution", self.message).at(span)
    }
}

/// A set of variables in front of another: the first that has a name wins.
pub struct Layered<'a> {
    pub first: &'a dyn Variables,
    pub then: &'a dyn Variables,
}

impl Variables for Layered<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.first.get(name).or_else(|| self.then.get(name))
    }
}
