//! `trunkline.toml` as one of the files that are linted.

use lint::Document;
use span::{Diagnostic, Span, did_you_mean};

use crate::config::Config;

/// Adds what is wrong with the file to what is known of it. `lint` is its section `[lint]`, where it could be read.
pub(super) fn check(document: &mut Document, lint: &lint::Config) {
    if let Some(((line, column), message)) = Config::problem(document.text()) {
        let span = place(document, line, column);
        document.diagnostics.push(Diagnostic::error("config/invalid", message).at(span));
        return;
    }
    for (option, message) in lint.wrong_options() {
        let at = key(document.text(), &option);
        let span = Span::new(document.file, at, at + option.len());
        document.diagnostics.push(Diagnostic::error("config/invalid", message).at(span));
    }
    for name in lint.unknown_rules() {
        let quoted = [format!("\"{name}\""), format!("'{name}'"), name.to_owned()];
        let found = quoted.iter().find_map(|text| Some((document.text().find(text)?, text.len())));
        let (at, len) = found.unwrap_or_default();
        let diagnostic = Diagnostic::warning("config/unknown-rule", format!("there is no rule `{name}`"))
            .at(Span::new(document.file, at, at + len));
        document.diagnostics.push(match did_you_mean(name, lint::RULES.iter().map(|rule| rule.id)) {
            Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
            None => diagnostic.help("`trunkline lint --list-rules` lists them"),
        });
    }
}

/// From a place to the end of its line.
fn place(document: &Document, line: usize, column: usize) -> Span {
    let text = document.text();
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text[start..].lines().next().unwrap_or_default();
    let inside: usize = rest.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum();
    Span::new(document.file, start + inside, start + rest.len())
}

/// Where a key below `[lint.rules]` stands, at the start of a line or in an inline table.
fn key(text: &str, name: &str) -> usize {
    let from = text.find("lint.rules").or_else(|| text.find("rules")).unwrap_or_default();
    let is_key = |at: &usize| {
        let before = text[..*at].chars().next_back();
        before.is_none_or(|c| c.is_whitespace() || matches!(c, '{' | ',' | '"' | '.'))
            && text[at + name.len()..].trim_start_matches('"').trim_start().starts_with('=')
    };
    text[from..].match_indices(name).map(|(at, _)| from + at).find(is_key).unwrap_or(from)
}
