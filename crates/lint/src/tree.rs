//! The YAML tree behind parts of the model, for fixes that add a line or change a part of a text.

use std::ops::Range;

use span::Span;
use yaml::{Node, Style};

use crate::document::Document;
use crate::fix::Fix;

/// The mapping that was written with exactly this span, or that is the outermost one inside it. `None` where an alias
/// repeats it: what is added there is added elsewhere too.
pub(crate) fn mapping_at(document: &Document, span: Span) -> Option<&Node> {
    if document.is_shared(span) {
        return None;
    }
    find(document.yaml.as_ref()?, span)
}

fn find(node: &Node, span: Span) -> Option<&Node> {
    if span.contains(node.span) && node.as_map().is_some() {
        return Some(node);
    }
    if !node.span.contains(span) && !span.contains(node.span) && node.span.end <= span.start {
        return None;
    }
    let items = node.items().iter();
    let values = node.entries().iter().map(|(_, value)| value);
    items
        .chain(values)
        .filter(|child| child.alias.is_none() && overlap(child.span, span))
        .find_map(|child| find(child, span))
}

fn overlap(a: Span, b: Span) -> bool {
    a.start < b.end && b.start < a.end
}

/// The blanks that bring a new line to the column of `at`. `None` where the line has more in front of it than blanks and
/// dashes, as in a flow mapping.
pub(crate) fn indent(document: &Document, at: Span) -> Option<String> {
    let text = document.text();
    let start = at.start as usize;
    let line = text.get(..start)?.rfind('\n').map_or(0, |newline| newline + 1);
    let before = &text[line..start];
    before.bytes().all(|byte| matches!(byte, b' ' | b'-')).then(|| " ".repeat(before.len()))
}

/// The end of the line of an offset, before its line break.
fn line_end(text: &str, at: usize) -> usize {
    let end = text[at..].find('\n').map_or(text.len(), |offset| at + offset);
    if text[at..end].ends_with('\r') { end - 1 } else { end }
}

/// A fix that gives a mapping an entry: a new value for one that is there, else a line in front of its first key.
pub(crate) fn set(document: &Document, fix: Fix, mapping: &Node, key: &str, value: &str) -> Option<Fix> {
    if document.is_shared(mapping.span) {
        return None;
    }
    if let Some((_, old)) = mapping.entry(key) {
        return Some(fix.replace(old.span, value));
    }
    let (first, _) = mapping.entries().first()?;
    let indent = indent(document, first.span)?;
    Some(fix.insert(first.span.file, first.span.start as usize, format!("{key}: {value}\n{indent}")))
}

/// A fix that gives a mapping an entry below all others. `None` where the last line is one of a text that takes in what
/// comes after it.
pub(crate) fn append(document: &Document, fix: Fix, mapping: &Node, key: &str, value: &str) -> Option<Fix> {
    let (first, _) = mapping.entries().first()?;
    let (last_key, last) = mapping.entries().last()?;
    let indent = indent(document, first.span)?;
    let block = last.as_scalar().is_some_and(|scalar| matches!(scalar.style, Style::Literal | Style::Folded));
    if block || last.as_scalar().is_none() {
        return None;
    }
    let last = last.alias.unwrap_or(last.span);
    let end = line_end(document.text(), last.end.max(last_key.span.end) as usize);
    Some(fix.insert(first.span.file, end, format!("\n{indent}{key}: {value}")))
}

/// A fix that sets an input of a step's action, with a `with:` where there is none.
pub(crate) fn set_input(document: &Document, fix: Fix, step: Span, input: &str, value: &str) -> Option<Fix> {
    let step = mapping_at(document, step)?;
    match step.entry("with") {
        Some((_, with)) if with.as_map().is_some() => set(document, fix, with, input, value),
        Some(_) => None,
        None => {
            let (uses, value_node) = step.entry("uses")?;
            let indent = indent(document, uses.span)?;
            // After the line of `uses:`, whose comment belongs to it.
            let end = line_end(document.text(), value_node.alias.unwrap_or(value_node.span).end as usize);
            Some(fix.insert(uses.span.file, end, format!("\n{indent}with:\n{indent}  {input}: {value}")))
        }
    }
}

/// What to take away for an entry to be gone: its lines in a block mapping, itself with a comma in a flow mapping. `None`
/// where a dash or nothing would be left of the mapping.
pub(crate) fn entry_span(document: &Document, mapping: &Node, key: &str) -> Option<Span> {
    let text = document.text();
    let entries = mapping.entries();
    let index = entries.iter().position(|(name, _)| name.text() == Some(key)).filter(|_| entries.len() > 1)?;
    let (name, value) = &entries[index];
    let end = value.alias.unwrap_or(value.span).end.max(name.span.end) as usize;
    let is_flow = text[mapping.span.range()].starts_with('{');
    if is_flow {
        return Some(match (entries.get(index + 1), index.checked_sub(1)) {
            (Some((next, _)), _) => Span::new(name.span.file, name.span.start as usize, next.span.start as usize),
            (None, Some(before)) => {
                let (name, value) = &entries[before];
                Span::new(name.span.file, value.alias.unwrap_or(value.span).end.max(name.span.end) as usize, end)
            }
            (None, None) => return None,
        });
    }
    let start = text[..name.span.start as usize].rfind('\n').map_or(0, |newline| newline + 1);
    let alone = text[start..name.span.start as usize].bytes().all(|byte| byte == b' ');
    let end = text[end..].find('\n').map_or(text.len(), |offset| end + offset + 1);
    alone.then(|| Span::new(name.span.file, start, end))
}

/// A fix that puts other text in the place of a part of a scalar, written as the scalar's style wants it. `None` where
/// that style cannot hold it, or a part of it would be read as YAML.
pub(crate) fn rewrite(document: &Document, fix: Fix, at: Span, range: Range<usize>, text: &str) -> Option<Fix> {
    let scalar = document.scalar(at)?;
    let place = scalar.source_span(range.clone());
    if place.is_empty() || text.contains('\n') {
        return None;
    }
    let written = match scalar.style {
        Style::Literal | Style::Folded => text.to_owned(),
        Style::Single => text.replace('\'', "''"),
        Style::Double => text.replace('\\', "\\\\").replace('"', "\\\""),
        Style::Plain => {
            let indicators = "\"'[]{},&*!|>%@`#?:-";
            let leads = range.start == 0 && text.starts_with(|first| indicators.contains(first));
            let breaks = text.contains(": ") || text.contains(" #") || text.starts_with('#') || text.ends_with(':');
            if leads || breaks {
                return None;
            }
            text.to_owned()
        }
    };
    Some(fix.replace(place, written))
}
