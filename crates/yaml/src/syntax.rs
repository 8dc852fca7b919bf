//! What is wrong with a file that is not YAML, in words for people who write workflows.

use saphyr_parser::ScanError;
use span::{Diagnostic, Span};

use crate::draft::Place;

pub(crate) fn is_unknown_anchor(error: &ScanError) -> bool {
    error.info().contains("unknown anchor")
}

/// The diagnostic of an error at byte `at`.
pub(crate) fn diagnose(error: &ScanError, text: &str, at: usize, place: Place) -> Diagnostic {
    if let Some(tab) = tab_before(text, at).filter(|_| !error.info().contains("quoted")) {
        return tabs(text, tab, place);
    }
    let at = seen_place(text, at);
    let (message, help) = explain(error.info(), &text[at..]);
    let diagnostic = Diagnostic::error("yaml/syntax", message).at(word(text, at, place));
    help.iter()
        .fold(diagnostic, |diagnostic, help| diagnostic.help(*help))
}

/// The parser's messages, which speak of its own states, and what each most often comes from.
fn explain(info: &str, rest: &str) -> (String, &'static [&'static str]) {
    let rows: &[(&str, &str, &'static [&'static str])] = &[
        (
            "mapping values are not allowed",
            "a `:` here would start a mapping inside of a value",
            &[
                "quote the value if the `:` belongs to it",
                "or put it on a line of its own, indented",
            ],
        ),
        (
            "simple key",
            "expected `:` after this key",
            &["every line of a mapping is `key: value`; a longer text needs quotes or a `|` block"],
        ),
        (
            "did not find expected key",
            "expected a key here",
            &["check that the line is indented like the keys above it"],
        ),
        (
            "expected ',' or '}'",
            "expected `,` or `}` here",
            &["an expression `${{ … }}` at the start of a `{ }` value needs quotes"],
        ),
        (
            "expected ',' or ']'",
            "expected `,` or `]` here",
            &["close the list with `]`"],
        ),
        (
            "found unexpected end of stream",
            "the quote that opens here is never closed",
            &["add the closing quote; in single quotes, write `''` for one quote"],
        ),
        (
            "invalid indentation in quoted scalar",
            "the lines of this quoted text are not indented enough",
            &["indent them more than the key, or close the quote that opens here"],
        ),
        (
            "unknown escape character",
            "unknown escape in double quotes",
            &["write `\\\\` for a backslash, or use single quotes, which know no escapes"],
        ),
        (
            "escape sequence",
            "invalid escape in double quotes",
            &["write `\\\\` for a backslash, or use single quotes, which know no escapes"],
        ),
        (
            "block sequence entries are not allowed",
            "a list cannot start here",
            &["put the first `-` on a line of its own below the key"],
        ),
        (
            "only valid inside a block",
            "`-` does not start an item inside of `[ ]` or `{ }`",
            &["separate the items with `,`"],
        ),
        (
            "wrongly indented line in block scalar",
            "this line of the block is indented less than its first line",
            &["indent every line of a `|` or `>` block at least as much as the first"],
        ),
        (
            "block scalar",
            "this block text cannot be read",
            &["after `|` or `>` may only stand `+`, `-` or a digit, and a comment"],
        ),
        (
            "misplaced bracket",
            "this bracket closes nothing",
            &["remove it, or quote the text"],
        ),
        (
            "invalid indentation",
            "this line's indentation fits nothing above it",
            &["indent it exactly like the line it belongs with"],
        ),
        (
            "comment intercepting",
            "a comment cannot stand inside of a text over several lines",
            &["move the comment, or quote the text if `#` belongs to it"],
        ),
        (
            "found unexpected document indicator",
            "`---` or `...` inside of a quoted text",
            &["close the quote before it"],
        ),
        (
            "expected <document start>",
            "expected the end of the file here",
            &["check that the line is indented like the keys above it"],
        ),
        (
            "expected node content",
            "expected a value here",
            &["quote text that starts with one of , [ ] { } # & * ! | > % @ `"],
        ),
        (
            "byte order mark",
            "a byte order mark (U+FEFF) in the middle of the file",
            &["remove the invisible character"],
        ),
        (
            "unprintable character",
            "a NUL character (U+0000)",
            &["remove the invisible character"],
        ),
        (
            "recursion limit",
            "brackets are nested too deep",
            &["use fewer levels"],
        ),
        (
            "anchor or alias",
            "expected a name after `&` or `*`",
            &["text that starts with `*` or `&`, such as a pattern, needs quotes"],
        ),
        (
            "directive",
            "this `%` directive cannot be read",
            &["workflows need no directives; text that starts with `%` needs quotes"],
        ),
        (
            "a tag",
            "this tag cannot be read",
            &["text that starts with `!`, such as a negated pattern, needs quotes"],
        ),
    ];
    if matches!(rest.as_bytes().first(), Some(b'@' | b'`' | b'%')) {
        let mark = rest.chars().next().unwrap_or('@');
        let help = &["quote the text"];
        return (format!("a value cannot start with `{mark}`"), help);
    }
    let row = rows.iter().find(|(part, _, _)| info.contains(part));
    row.map_or_else(
        || (format!("not valid YAML: {info}"), [].as_slice()),
        |(_, message, help)| ((*message).to_owned(), *help),
    )
}

/// The parser marks the end of the file, where nothing is to be seen: go back to the last text.
fn seen_place(text: &str, at: usize) -> usize {
    let at = text.floor_char_boundary(at.min(text.len()));
    if text[at..].trim().is_empty() {
        text[..at].trim_end().len()
    } else {
        at
    }
}

/// The word at a place, to underline more than a point.
fn word(text: &str, at: usize, place: Place) -> Span {
    let rest = &text[at..];
    let stop = |c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']' | '{' | '}' | ':');
    let len = match rest.find(stop) {
        Some(0) => rest
            .chars()
            .next()
            .filter(|c| !c.is_whitespace())
            .map_or(0, char::len_utf8),
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
    indent
        .enumerate()
        .find(|(_, byte)| *byte == b'\t')
        .map(|(at, _)| at)
}

/// Where one line is indented with tabs others are too: name some of them at once.
fn tabs(text: &str, first: usize, place: Place) -> Diagnostic {
    const MOST: usize = 5;
    let mut diagnostic = Diagnostic::error("yaml/tab", "a tab cannot indent YAML")
        .at(place.span(first, first + 1))
        .label("this is a tab")
        .help("indent with spaces; most editors can convert the whole file");
    let line_end = text[first..]
        .find('\n')
        .map_or(text.len(), |newline| first + newline + 1);
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
