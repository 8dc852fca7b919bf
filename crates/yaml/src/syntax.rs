//! What is wrong with a file that is not YAML, in words for people who write workflows.

mod explain;

use saphyr_parser::ScanError;
use span::{Diagnostic, Span};

use crate::draft::Place;

use explain::explain;

pub(crate) fn is_unknown_anchor(error: &ScanError) -> bool {
    error.info().contains("unknown anchor")
}

/// The diagnostic of an error at byte `at`.
pub(crate) fn diagnose(error: &ScanError, text: &str, at: usize, place: Place) -> Diagnostic {
    if let Some(tab) = tab_before(text, at).filter(|_| !error.info().contains("quoted")) {
        return tabs(text, tab, place);
    }
    let at = if error.info().contains("simple key") { line_before(text, at) } else { seen_place(text, at) };
    let (message, help) = explain(error.info(), &text[at..]);
    let diagnostic = Diagnostic::error("yaml/syntax", message).at(word(text, at, place));
    help.iter().fold(diagnostic, |diagnostic, help| diagnostic.help(*help))
}

/// The parser marks the end of the file, where nothing is to be seen: go back to the last text.
fn seen_place(text: &str, at: usize) -> usize {
    let at = text.floor_char_boundary(at.min(text.len()));
    if text[at..].trim().is_empty() { text[..at].trim_end().len() } else { at }
}

/// The start of the last line with text on it before the line of `at`.
fn line_before(text: &str, at: usize) -> usize {
    let at = text.floor_char_boundary(at.min(text.len()));
    let before = text[..at].rfind('\n').map_or("", |newline| &text[..newline]);
    let before = if before.trim().is_empty() { &text[..at] } else { before }.trim_end();
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    start + (before.len() - start - before[start..].trim_start().len())
}

/// The word at a place, to underline more than a point.
fn word(text: &str, at: usize, place: Place) -> Span {
    let rest = &text[at..];
    let stop = |c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']' | '{' | '}' | ':');
    let len = match rest.find(stop) {
        Some(0) => rest.chars().next().filter(|c| !c.is_whitespace()).map_or(0, char::len_utf8),
        Some(len) => len,
        None => rest.len(),
    };
    place.span(at, at + len)
}

/// A tab in the indentation of the line of `at`.
fn tab_before(text: &str, at: usize) -> Option<usize> {
    let at = text.floor_char_boundary(at.min(text.len()));
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let own = indent_tab(&text[start..]).map(|tab| start + tab);
    // Some errors are marked where the text before began, a line above the tab.
    own.or_else(|| {
        let next = start + text[start..].find('\n')? + 1;
        indent_tab(&text[next..]).map(|tab| next + tab)
    })
}

fn indent_tab(line: &str) -> Option<usize> {
    let indent = line.bytes().take_while(|byte| matches!(byte, b' ' | b'\t'));
    indent.enumerate().find(|(_, byte)| *byte == b'\t').map(|(at, _)| at)
}

/// Where one line is indented with tabs others are too: name some of them at once.
fn tabs(text: &str, first: usize, place: Place) -> Diagnostic {
    const MOST: usize = 5;
    let mut diagnostic = Diagnostic::error("yaml/tab", "a tab cannot indent YAML")
        .at(place.span(first, first + 1))
        .label("this is a tab")
        .help("indent with spaces; most editors can convert the whole file");
    let line_end = text[first..].find('\n').map_or(text.len(), |newline| first + newline + 1);
    let mut start = line_end;
    for line in text[line_end..].split_inclusive('\n') {
        if let Some(tab) = indent_tab(line).filter(|_| !line.trim().is_empty()) {
            let span = place.span(start + tab, start + tab + 1);
            diagnostic = diagnostic.related(span, "and here");
            if diagnostic.related.len() >= MOST {
                break;
            }
        }
        start += line.len();
    }
    diagnostic
}
