//! The exec form: `["program", "argument"]`.

use crate::Word;
use crate::lines::Line;

/// What the arguments are.
pub(crate) enum Form {
    /// An array of strings.
    Array(Vec<Word>),
    /// An array with something else in it: an error, at that range.
    NotStrings(std::ops::Range<usize>),
    /// No array: the shell form.
    Text,
}

/// Reads a range of a line. What begins with `[` and is not JSON is the shell form too, as in Docker.
pub(crate) fn read(line: &Line, range: std::ops::Range<usize>) -> Form {
    let text = &line.text[range.clone()];
    if !text.starts_with('[') {
        return Form::Text;
    }
    match strings(text) {
        Some(strings) => Form::Array(
            strings
                .into_iter()
                .map(|(value, part)| Word::new(value, line.span(range.start + part.start..range.start + part.end)))
                .collect(),
        ),
        None if serde_json::from_str::<Vec<serde_json::Value>>(text).is_ok() => Form::NotStrings(range),
        None => Form::Text,
    }
}

type Found = (String, std::ops::Range<usize>);

/// The strings with the places of what is between their quotes; nothing if it is no array of strings.
fn strings(text: &str) -> Option<Vec<Found>> {
    let mut found = Vec::new();
    let mut at = skip(text, 1);
    if text[at..].starts_with(']') {
        return (skip(text, at + 1) == text.len()).then_some(found);
    }
    loop {
        let (value, part) = string(text, at)?;
        at = skip(text, part.end + 1);
        found.push((value, part));
        match text[at..].chars().next()? {
            ',' => at = skip(text, at + 1),
            ']' => return (skip(text, at + 1) == text.len()).then_some(found),
            _ => return None,
        }
    }
}

fn skip(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    at + (rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len())
}

fn string(text: &str, at: usize) -> Option<Found> {
    let start = at + 1;
    let rest = text[at..].strip_prefix('"')?;
    let mut escaped = false;
    for (offset, c) in rest.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => {
                let end = start + offset;
                // The string itself is left to the JSON reader: escapes, surrogates, control characters.
                let value: String = serde_json::from_str(&text[at..=end]).ok()?;
                return Some((value, start..end));
            }
            _ => {}
        }
    }
    None
}
