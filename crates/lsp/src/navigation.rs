//! Definitions, references and renames of ids.

use std::collections::HashMap;

use lsp_types::{GotoDefinitionResponse, Location, PrepareRenameResponse, TextEdit, Uri, WorkspaceEdit};
use span::Span;

use crate::diagnostics::location;
use crate::position::{self, Encoding};
use crate::workspace::View;

pub(crate) fn definition(view: View<'_>, offset: usize, encoding: Encoding) -> Option<GotoDefinitionResponse> {
    let found = lint::definitions_at(view.project(), view.document, offset);
    let places: Vec<Location> = found.into_iter().filter_map(|span| location(view, span, encoding)).collect();
    (!places.is_empty()).then_some(GotoDefinitionResponse::Array(places))
}

pub(crate) fn references(view: View<'_>, offset: usize, definition: bool, encoding: Encoding) -> Option<Vec<Location>> {
    let symbol = lint::symbol_at(view.project(), view.document, offset)?;
    let definitions = symbol.definitions.iter().filter(|_| definition);
    Some(definitions.chain(&symbol.uses).filter_map(|span| location(view, *span, encoding)).collect())
}

pub(crate) fn prepare_rename(view: View<'_>, offset: usize, encoding: Encoding) -> Option<PrepareRenameResponse> {
    let symbol = lint::symbol_at(view.project(), view.document, offset)?;
    let here = |span: &&Span| span.start as usize <= offset && offset <= span.end as usize;
    let span = symbol.definitions.iter().chain(&symbol.uses).find(here)?;
    let range = position::range(view.document.text(), span.range(), encoding);
    Some(PrepareRenameResponse::RangeWithPlaceholder { range, placeholder: symbol.name.to_string() })
}

/// Every place of an id with its new name.
///
/// # Errors
/// The name cannot be an id, or is taken; the sentence says so.
pub(crate) fn rename(
    view: View<'_>,
    offset: usize,
    name: &str,
    encoding: Encoding,
) -> Result<Option<WorkspaceEdit>, String> {
    let symbols = lint::symbols(view.project(), view.document);
    let Some(symbol) = lint::symbol_at(view.project(), view.document, offset) else { return Ok(None) };
    let first = name.chars().next();
    let fits = first.is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if !fits {
        return Err(format!(
            "`{name}` cannot be an id: it has to begin with a letter or `_`, and hold only letters, digits, `-` and `_`"
        ));
    }
    let beside = |other: &lint::Symbol| other.kind == symbol.kind && other.job() == symbol.job() && *other != symbol;
    if symbols.iter().any(|other| beside(other) && other.name.eq_ignore_ascii_case(name)) {
        return Err(format!("`{name}` is taken"));
    }
    let text = view.document.text();
    let edit =
        |span: &Span| TextEdit { range: position::range(text, span.range(), encoding), new_text: name.to_owned() };
    let edits: Vec<TextEdit> = symbol.definitions.iter().chain(&symbol.uses).map(edit).collect();
    Ok(Some(edit_of(view.file.uri.clone(), edits)))
}

pub(crate) fn edit_of(uri: Uri, edits: Vec<TextEdit>) -> WorkspaceEdit {
    WorkspaceEdit { changes: Some(HashMap::from([(uri, edits)])), ..WorkspaceEdit::default() }
}
