use span::{Diagnostic, Span};

use crate::expand::{expand, expand_document};
use crate::{Heredoc, Variables, Word};

/// Puts the same variables into many words, and remembers which were missing.
pub struct Expander<'a> {
    /// The file's escape character.
    pub escape: char,
    pub variables: &'a dyn Variables,
    /// Variables that were looked up and are not set, with the place of the word.
    pub missing: Vec<(String, Span)>,
}

impl<'a> Expander<'a> {
    pub fn new(escape: char, variables: &'a dyn Variables) -> Expander<'a> {
        Expander { escape, variables, missing: Vec::new() }
    }

    /// The word with variables in and quotes off, at the same place.
    pub fn word(&mut self, word: &Word) -> Result<Word, Diagnostic> {
        let expansion = expand(&word.text, self.escape, self.variables).map_err(|error| error.at(word))?;
        self.note(expansion.missing, word.span);
        Ok(Word::new(expansion.text, word.span))
    }

    /// The here-document with variables in, unless its name is quoted.
    pub fn heredoc(&mut self, heredoc: &Heredoc) -> Result<Heredoc, Diagnostic> {
        let text = heredoc.text();
        let mut done = Heredoc { strip_tabs: false, expand: false, ..heredoc.clone() };
        if !heredoc.expand {
            done.content = text;
            return Ok(done);
        }
        let expansion = expand_document(&text, self.variables).map_err(|error| {
            let exact = text.len() == heredoc.span.len();
            let span = if exact { heredoc.span.at(error.offset, error.len) } else { heredoc.span };
            let help = format!("`<<\"{}\"` leaves `$` alone", heredoc.name);
            error.diagnostic(span).help(help)
        })?;
        self.note(expansion.missing, heredoc.place);
        done.content = expansion.text;
        Ok(done)
    }

    fn note(&mut self, missing: impl IntoIterator<Item = String>, span: Span) {
        for name in missing {
            if !self.missing.iter().any(|known| known.0 == name && known.1 == span) {
                self.missing.push((name, span));
            }
        }
    }
}

/// Every variable is set: to find what is malformed whatever the values are.
pub(crate) struct AllSet;

impl Variables for AllSet {
    fn get(&self, _name: &str) -> Option<&str> {
        Some("x")
    }
}
