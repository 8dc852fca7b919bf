//! `<<NAME` on an instruction's line.

use crate::expand::{Lexer, NoVariables};

/// `<<NAME`, `<<-NAME`, `<<"NAME"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marker {
    pub(crate) name: String,
    pub(crate) expand: bool,
    pub(crate) strip_tabs: bool,
}

impl Marker {
    /// What a whole word asks for, if it is a here-document at all.
    pub(crate) fn of_word(word: &str) -> Option<Marker> {
        // A file descriptor in front belongs to the shell.
        let rest = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
        let (strip_tabs, rest) = match rest.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let rest = rest.trim_start();
        if rest.is_empty() || rest.contains('<') {
            return None;
        }
        let lexer = Lexer { keep_unset: true, ..Lexer::new('\\') };
        let plain = lexer.run(rest, &NoVariables).ok()?.words;
        let [name] = plain.as_slice() else { return None };
        let raw = Lexer { raw_quotes: true, ..lexer }.run(rest, &NoVariables).ok()?.words;
        // Any quote around a part of the name turns expansion off.
        let quotes = |text: &str| text.matches(['\'', '"']).count();
        let expand = raw.first().is_some_and(|raw| quotes(raw) == quotes(name));
        Some(Marker { name: name.clone(), expand, strip_tabs })
    }
}
