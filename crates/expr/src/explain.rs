//! Shows what became of an expression: a tree of lines with each part's value, the same as JSON, and carets under
//! the part of a text that is at fault.

use std::ops::Range;

use serde_json::{Value as Json, json};

use crate::{Outcome, PartKind, Trace, Value};

/// The most characters of a part's text or value on a line.
const MAX_WIDTH: usize = 100;

/// Hides secrets in a text. It gets whole values, as they were before they are quoted and cut: what is cut off or
/// quoted is not recognised any more.
pub type Mask<'a> = dyn Fn(&str) -> String + 'a;

/// The lines of a trace, the whole expression first. Constants are left out, and of a path only the first part that
/// is already null.
pub fn lines(trace: &Trace, mask: &Mask<'_>) -> Vec<String> {
    let mut lines = vec![describe(trace, mask)];
    children(trace, "", mask, &mut lines);
    lines
}

/// One part of an expression as it may be shown: masked, and cut to a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub text: String,
    /// As it would be written in an expression.
    pub value: Option<String>,
    /// Why it has no value; with neither, it was not evaluated.
    pub error: Option<String>,
}

/// Puts a trace into a tree of another kind: `make` gets a part and what became of the parts inside it. The parts are those
/// that [`lines`] shows.
pub fn fold<T>(trace: &Trace, mask: &Mask<'_>, make: &mut dyn FnMut(Shown, Vec<T>) -> T) -> T {
    let (value, error) = match &trace.outcome {
        Outcome::Value(result) => (Some(self::value(result, mask)), None),
        Outcome::Failed(error) => (None, Some(cut(&mask(&error.message)))),
        Outcome::NotEvaluated => (None, None),
    };
    let inside = if matches!(trace.outcome, Outcome::NotEvaluated) { Vec::new() } else { shown_parts(trace) };
    let parts = inside.into_iter().map(|part| fold(part, mask, make)).collect();
    make(Shown { text: written(trace, mask), value, error }, parts)
}

/// The most values [`one_line`] names.
const MAX_NAMED: usize = 4;

/// An expression and what it read, on one line: `github.ref == 'x', where github.ref is 'y'`.
pub fn one_line(trace: &Trace, mask: &Mask<'_>) -> String {
    let mut named = Vec::new();
    leaves(trace, mask, &mut named);
    let mut line = written(trace, mask);
    let more = named.len() > MAX_NAMED;
    named.truncate(MAX_NAMED);
    if !named.is_empty() {
        line.push_str(", where ");
        line.push_str(&named.join(", "));
    }
    if more {
        line.push_str(", …");
    }
    line
}

/// Paths, calls without parts and failures inside, each once, with what became of them. The whole expression is
/// none of its own leaves, unless nothing is inside.
fn leaves(trace: &Trace, mask: &Mask<'_>, named: &mut Vec<String>) {
    let is_leaf = match trace.kind {
        PartKind::Path => true,
        PartKind::Call => trace.parts.iter().all(|part| part.kind == PartKind::Constant),
        PartKind::Constant | PartKind::Operator => false,
    };
    if !is_leaf {
        trace.parts.iter().for_each(|part| leaves(part, mask, named));
        return;
    }
    let text = written(trace, mask);
    let description = match &trace.outcome {
        Outcome::Value(result) => format!("{text} is {}", value(result, mask)),
        Outcome::Failed(error) => format!("{text} failed: {}", cut(&mask(&error.message))),
        Outcome::NotEvaluated => return,
    };
    if !named.contains(&description) {
        named.push(description);
    }
}

/// A value as it would be written in an expression; collections as JSON. Long ones are cut.
pub fn value(value: &Value, mask: &Mask<'_>) -> String {
    let text = match value {
        Value::Null => "null".to_owned(),
        Value::String(text) => format!("'{}'", mask(text).replace('\'', "''")),
        Value::Array(_) | Value::Object(_) => {
            let mut shown = value.to_json();
            mask_texts(&mut shown, mask);
            // A secret may be JSON itself, so that only the whole text shows it.
            mask(&shown.to_string())
        }
        Value::Bool(_) | Value::Number(_) => mask(&value.to_display_string()),
    };
    cut(&text)
}

fn mask_texts(value: &mut Json, mask: &Mask<'_>) {
    match value {
        Json::String(text) => *text = mask(text),
        Json::Array(items) => items.iter_mut().for_each(|item| mask_texts(item, mask)),
        Json::Object(members) => {
            *members = std::mem::take(members)
                .into_iter()
                .map(|(name, mut value)| {
                    mask_texts(&mut value, mask);
                    (mask(&name), value)
                })
                .collect();
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// A trace as JSON: `text`, `start`, `end`, `parts`, and one of `kind` with `value`, `error`, or `evaluated: false`.
pub fn json(trace: &Trace) -> Json {
    let mut shown = json!({
        "text": trace.text,
        "start": trace.range.start,
        "end": trace.range.end,
    });
    match &trace.outcome {
        Outcome::Value(value) => {
            shown["kind"] = value.kind().into();
            shown["value"] = value.to_json();
        }
        Outcome::NotEvaluated => shown["evaluated"] = false.into(),
        Outcome::Failed(error) => shown["error"] = error.message.as_str().into(),
    }
    shown["parts"] = trace.parts.iter().map(json).collect();
    shown
}

/// The line of `source` in which `range` begins, and a line of carets under the part of it that lies in `range`.
pub fn carets(source: &str, range: &Range<usize>) -> [String; 2] {
    let start = source.floor_char_boundary(range.start);
    let line_start = source[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = source[start..].find('\n').map_or(source.len(), |length| start + length);
    let end = source.floor_char_boundary(range.end).clamp(start, line_end);
    let indent: String =
        source[line_start..start].chars().map(|character| if character == '\t' { '\t' } else { ' ' }).collect();
    let width = source[start..end].chars().count().max(1);
    [source[line_start..line_end].trim_end().to_owned(), indent + &"^".repeat(width)]
}

fn children(trace: &Trace, indent: &str, mask: &Mask<'_>, lines: &mut Vec<String>) {
    let shown = shown_parts(trace);
    let last = shown.len().saturating_sub(1);
    for (position, part) in shown.into_iter().enumerate() {
        let (branch, stem) = if position == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        lines.push(format!("{indent}{branch}{}", describe(part, mask)));
        if !matches!(part.outcome, Outcome::NotEvaluated) {
            children(part, &format!("{indent}{stem}"), mask, lines);
        }
    }
}

/// The parts worth a line of their own.
fn shown_parts(trace: &Trace) -> Vec<&Trace> {
    if trace.kind == PartKind::Path {
        return first_null(trace).into_iter().collect();
    }
    trace.parts.iter().filter(|part| part.kind != PartKind::Constant).collect()
}

/// The shortest beginning of a path that is null, if the path is longer than that.
fn first_null(path: &Trace) -> Option<&Trace> {
    let container = path.parts.first()?;
    let is_null = matches!(&container.outcome, Outcome::Value(Value::Null));
    is_null.then(|| first_null(container).unwrap_or(container))
}

fn describe(trace: &Trace, mask: &Mask<'_>) -> String {
    let text = written(trace, mask);
    match &trace.outcome {
        Outcome::Value(result) => format!("{text} → {}", value(result, mask)),
        Outcome::NotEvaluated => format!("{text} (not evaluated)"),
        Outcome::Failed(error) => format!("{text} ✗ {}", cut(&mask(&error.message))),
    }
}

/// A part's own text: breaks between its words are blanks, those in strings stay.
fn written(trace: &Trace, mask: &Mask<'_>) -> String {
    let text = mask(&trace.text);
    if !text.contains('\n') {
        return cut(&text);
    }
    let mut line = String::with_capacity(text.len());
    let mut is_quoted = false;
    for character in text.chars() {
        is_quoted ^= character == '\'';
        if is_quoted || !character.is_whitespace() {
            if !is_quoted && matches!(character, ')' | ']') && line.ends_with(' ') {
                line.pop();
            }
            line.push(character);
        } else if !line.ends_with([' ', '(', '[']) {
            line.push(' ');
        }
    }
    cut(&line)
}

fn cut(text: &str) -> String {
    let mut line = String::new();
    for (position, character) in text.chars().enumerate() {
        if position == MAX_WIDTH {
            line.push('…');
            break;
        }
        match character {
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            _ if character.is_control() => line.push(char::REPLACEMENT_CHARACTER),
            _ => line.push(character),
        }
    }
    line
}
