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
