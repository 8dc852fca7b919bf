//! Inside `${{ }}` and conditions: contexts, their properties by type, and functions.

use lint::Owner;
use lint::types::{Surroundings, Type};
use lsp_types::CompletionItemKind;
use workflow::FileKind;

use super::{Proposal, job_of};
use crate::place::Place;
use crate::workspace::View;

pub(super) fn proposals(view: View<'_>, kind: FileKind, place: &Place, offset: usize) -> Vec<Proposal> {
    let text = &view.document.text()[..offset];
    let path = names_before(&text[..place.word.start]);
    match path.split_first() {
        None => start(kind, place),
        Some((context, rest)) => {
            let Some(owner) = owner(view, place) else { return Vec::new() };
            let surroundings = Surroundings { project: view.project(), document: view.document, owner };
            properties(&rest.iter().fold(surroundings.context(&context.to_lowercase()), |ty, name| below(&ty, name)))
        }
    }
}

/// The names before the word that is being written: `needs.build.` gives `needs` and `build`.
fn names_before(text: &str) -> Vec<&str> {
    let Some(text) = text.strip_suffix('.') else { return Vec::new() };
    let is_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '*');
    let start =
        text.rfind(|c: char| !is_path(c)).map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    text[start..].split('.').collect()
}

fn start(kind: FileKind, place: &Place) -> Vec<Proposal> {
    let path: Vec<&str> = place.path.iter().map(String::as_str).collect();
    let Some(shape) = workflow::shape_at(kind, &path) else { return Vec::new() };
    let contexts = shape.contexts.into_iter().map(|name| Proposal::new(name, CompletionItemKind::VARIABLE));
    let functions = shape.functions.iter().chain(EVERYWHERE).map(|name| Proposal {
        insert: Some(format!("{name}(")),
        ..Proposal::new(format!("{name}()"), CompletionItemKind::FUNCTION)
    });
    contexts.chain(functions).collect()
}

/// Functions that every expression may call.
const EVERYWHERE: &[&str] = &["contains", "startsWith", "endsWith", "format", "join", "toJSON", "fromJSON", "case"];

fn owner<'a>(view: View<'a>, place: &Place) -> Option<Owner<'a>> {
    if let Some(action) = &view.document.action {
        return Some(Owner::Action { action });
    }
    let workflow = view.document.workflow.as_ref()?;
    Some(match job_of(place).and_then(|id| workflow.job(id)) {
        Some(job) => Owner::Job { workflow, job },
        None => Owner::Workflow { workflow },
    })
}

fn below(ty: &Type, name: &str) -> Type {
    match ty {
        Type::Object(object) if name == "*" => object.rest.clone().unwrap_or_default(),
        Type::Object(object) => object.get(name).cloned().unwrap_or_default(),
        Type::Array { item, .. } => (**item).clone(),
        _ => Type::Any,
    }
}

fn properties(ty: &Type) -> Vec<Proposal> {
    match ty {
        Type::Object(object) => object
            .properties
            .iter()
            .map(|(name, ty)| Proposal {
                detail: Some(ty.to_string()),
                ..Proposal::new(&**name, CompletionItemKind::PROPERTY)
            })
            .collect(),
        _ => Vec::new(),
    }
}
