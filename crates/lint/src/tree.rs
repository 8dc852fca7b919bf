//! The YAML tree behind parts of the model, for fixes that add a line.

use span::Span;
use yaml::Node;

use crate::document::Document;
use crate::fix::Fix;

/// The mapping that was written with exactly this span, or that is the outermost one inside it.
pub(crate) fn mapping_at(document: &Document, span: Span) -> Option<&Node> {
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

/// A fix that gives a mapping an entry: a new value for one that is there, else a line in front of its first key.
pub(crate) fn set(document: &Document, fix: Fix, mapping: &Node, key: &str, value: &str) -> Option<Fix> {
    if let Some((_, old)) = mapping.entry(key) {
        return Some(fix.replace(old.span, value));
    }
    let (first, _) = mapping.entries().first()?;
    let indent = indent(document, first.span)?;
    Some(fix.insert(first.span.file, first.span.start as usize, format!("{key}: {value}\n{indent}")))
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
            let text = document.text();
            let end = value_node.span.end as usize;
            let line_end = text[end..].find('\n').map_or(text.len(), |offset| end + offset);
            Some(fix.insert(uses.span.file, line_end, format!("\n{indent}with:\n{indent}  {input}: {value}")))
        }
    }
}

/// The lines of an entry of a block mapping, to be taken away as a whole; the mapping's key with it where it is the only
/// entry.
pub(crate) fn lines_of(document: &Document, key: &Node, value: &Node) -> Span {
    let text = document.text();
    let start = text[..key.span.start as usize].rfind('\n').map_or(0, |newline| newline + 1);
    let end = value.span.end.max(key.span.end) as usize;
    let end = text[end..].find('\n').map_or(text.len(), |offset| end + offset + 1);
    Span::new(key.span.file, start, end)
}
