//! What stands under the cursor: the type of a value, what a key is for, what an action takes.

use lint::{KnownAction, types};
use lsp_types::{Hover, HoverContents, MarkupContent, MarkupKind};

use crate::place::{self, At};
use crate::position::{self, Encoding};
use crate::workspace::View;

pub(crate) fn hover(view: View<'_>, offset: usize, encoding: Encoding) -> Option<Hover> {
    let (text, bytes) = value(view, offset).or_else(|| uses(view, offset)).or_else(|| key(view, offset))?;
    Some(Hover {
        contents: HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value: text }),
        range: Some(position::range(&view.document.source, bytes, encoding)),
    })
}

type Told = (String, std::ops::Range<usize>);

fn value(view: View<'_>, offset: usize) -> Option<Told> {
    let found = types::type_at(view.project(), view.document, offset)?;
    Some((format!("```\n{}: {}\n```", found.text, found.ty), found.span.range()))
}

/// Inputs and outputs of a known action, where `uses:` names it.
fn uses(view: View<'_>, offset: usize) -> Option<Told> {
    let text = view.document.text();
    let bytes = word(text, offset);
    let place = place::place(text, bytes.start);
    if place.path.last()? != "uses" || place.at != At::Value {
        return None;
    }
    let name = &text[bytes.clone()];
    let list = |words: Vec<String>| if words.is_empty() { "none".to_owned() } else { words.join(", ") };
    if let Some(action) = KnownAction::find(name, None) {
        let inputs = action.inputs().map(|input| {
            let required = if input.required { " (required)" } else { "" };
            format!("`{}`{required}", input.name)
        });
        let inputs = list(inputs.collect());
        let outputs = list(action.outputs().map(|name| format!("`{name}`")).collect());
        return Some((
            format!("**{}** ({})\n\nInputs: {inputs}\n\nOutputs: {outputs}", action.name, action.using),
            bytes,
        ));
    }
    let (target, action) = view.project().local_action(name)?;
    let inputs = list(action.inputs.iter().map(|input| format!("`{}`", input.name.value)).collect());
    Some((format!("**{}**\n\nInputs: {inputs}", target.path), bytes))
}

fn key(view: View<'_>, offset: usize) -> Option<Told> {
    let text = view.document.text();
    let bytes = word(text, offset);
    let word = text[bytes.clone()].trim_matches(['"', '\'']);
    let mut path = place::place(text, bytes.start);
    if path.at == At::Comment || !text[bytes.end..].starts_with(':') {
        return None;
    }
    path.path.push(word.to_owned());
    let kind = super::completion::file_kind(view.document.kind)?;
    let parts: Vec<&str> = path.path.iter().map(String::as_str).collect();
    let shape = workflow::shape_at(kind, &parts)?;
    let docs = lint::key_docs(kind, &parts).map(|docs| format!("{docs}\n\n")).unwrap_or_default();
    let mut told = format!("**{word}**: {}\n\n{docs}", shape.expected);
    if !shape.contexts.is_empty() {
        told.push_str(&format!("Contexts: {}", shape.contexts.join(", ")));
    }
    Some((told.trim_end().to_owned(), bytes))
}

/// The bytes of what stands around an offset, up to blanks, quotes and colons that end a key.
fn word(text: &str, offset: usize) -> std::ops::Range<usize> {
    let offset = text.floor_char_boundary(offset);
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '[' | ']' | '{' | '}');
    let start = text[..offset].rfind(ends).map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    let end = text[offset..].find(ends).map_or(text.len(), |at| offset + at);
    let end = if text[start..end].ends_with(':') { end - 1 } else { end };
    start..end.max(start)
}
