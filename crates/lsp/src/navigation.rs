//! Definitions, references and renames of ids.

use std::collections::{BTreeMap, HashMap};

use lint::SymbolKind;
use lsp_types::{GotoDefinitionResponse, Location, PrepareRenameResponse, TextEdit, Uri, WorkspaceEdit};
use span::Span;
use workflow::Runs;

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
    let file = view.document.file;
    let here = |span: &&Span| span.file == file && span.start as usize <= offset && offset <= span.end as usize;
    let span = symbol.definitions.iter().chain(&symbol.uses).find(here)?;
    let range = position::range(&view.document.source, span.range(), encoding);
    Some(PrepareRenameResponse::RangeWithPlaceholder { range, placeholder: symbol.name.to_string() })
}

/// Every place of an id with its new name, in other files of the project too.
///
/// # Errors
/// The name cannot be an id, is taken, or stands in code; the sentence says so.
pub(crate) fn rename(
    view: View<'_>,
    offset: usize,
    name: &str,
    encoding: Encoding,
) -> Result<Option<WorkspaceEdit>, String> {
    let Some(symbol) = lint::symbol_at(view.project(), view.document, offset) else { return Ok(None) };
    let first = name.chars().next();
    let fits = first.is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if !fits {
        return Err(format!(
            "`{name}` cannot be an id: it has to begin with a letter or `_`, and hold only letters, digits, `-` and `_`"
        ));
    }
    // Where it is defined, which may be another file than the one that is being edited.
    let home = symbol.definitions.first().and_then(|span| view.project().document(span.file)).unwrap_or(view.document);
    let in_code = home.action.as_ref().is_some_and(|action| !matches!(action.runs, Runs::Composite(_)));
    if in_code && matches!(symbol.kind, SymbolKind::Input | SymbolKind::Output) {
        return Err(format!("the code of the action {} names `{}` too", home.path, symbol.name));
    }
    let is_self = |other: &lint::Symbol| other.definitions.first() == symbol.definitions.first();
    let beside = |other: &lint::Symbol| other.kind == symbol.kind && other.job() == symbol.job() && !is_self(other);
    let symbols = lint::symbols(view.project(), home);
    if symbols.iter().any(|other| beside(other) && other.name.eq_ignore_ascii_case(name)) {
        return Err(format!("`{name}` is taken"));
    }
    let mut edits: BTreeMap<String, (Uri, Vec<TextEdit>)> = BTreeMap::new();
    for span in symbol.definitions.iter().chain(&symbol.uses) {
        let Some(Location { uri, range }) = location(view, *span, encoding) else { continue };
        let (_, of_file) = edits.entry(uri.as_str().to_owned()).or_insert_with(|| (uri, Vec::new()));
        of_file.push(TextEdit { range, new_text: name.to_owned() });
    }
    Ok(Some(WorkspaceEdit { changes: Some(edits.into_values().collect()), ..WorkspaceEdit::default() }))
}

pub(crate) fn edit_of(uri: Uri, edits: Vec<TextEdit>) -> WorkspaceEdit {
    WorkspaceEdit { changes: Some(HashMap::from([(uri, edits)])), ..WorkspaceEdit::default() }
}
