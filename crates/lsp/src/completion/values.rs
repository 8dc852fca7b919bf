//! Values: words of a fixed set, events, ids of jobs, files of the repository.

use lsp_types::CompletionItemKind;
use workflow::FileKind;

use super::{Proposal, job_of};
use crate::place::Place;
use crate::workspace::View;

pub(super) fn proposals(view: View<'_>, kind: FileKind, place: &Place) -> Vec<Proposal> {
    let path: Vec<&str> = place.path.iter().map(String::as_str).collect();
    let words = |words: &mut dyn Iterator<Item = String>, kind: CompletionItemKind| -> Vec<Proposal> {
        words.map(|word| Proposal::new(word, kind)).collect()
    };
    match path.as_slice() {
        ["on"] | ["on", "[]"] => {
            return words(&mut workflow::EVENTS.iter().map(|name| (*name).to_owned()), CompletionItemKind::EVENT);
        }
        ["on", event, "types"] | ["on", event, "types", "[]"] => {
            let types = workflow::activity_types(event).unwrap_or_default();
            return words(&mut types.iter().map(|name| (*name).to_owned()), CompletionItemKind::ENUM_MEMBER);
        }
        ["jobs", _, "needs"] | ["jobs", _, "needs", "[]"] => {
            return words(&mut jobs(view, place), CompletionItemKind::REFERENCE);
        }
        [.., "uses"] => return words(&mut local_uses(view, &path), CompletionItemKind::FILE),
        [.., "wait" | "cancel"] | [.., "wait", "[]"] => {
            return words(&mut steps(view, place), CompletionItemKind::REFERENCE);
        }
        _ => {}
    }
    let values = workflow::shape_at(kind, &path).map(|shape| shape.values).unwrap_or_default();
    words(&mut values.into_iter().map(str::to_owned), CompletionItemKind::ENUM_MEMBER)
}

/// Every job but the cursor's own.
fn jobs<'a>(view: View<'a>, place: &'a Place) -> impl Iterator<Item = String> + 'a {
    let all = view.document.workflow.iter().flat_map(|workflow| &workflow.jobs);
    all.map(|job| job.id.value.to_string()).filter(move |id| job_of(place) != Some(id.as_str()))
}

fn steps<'a>(view: View<'a>, place: &'a Place) -> impl Iterator<Item = String> + 'a {
    let all = lint::symbols(view.project(), view.document).into_iter();
    let own = move |symbol: &lint::Symbol| symbol.kind == lint::SymbolKind::Step && symbol.job() == job_of(place);
    all.filter(own).map(|symbol| symbol.name.to_string())
}

/// Actions of the repository for a step, reusable workflows for a job.
fn local_uses<'a>(view: View<'a>, path: &[&str]) -> impl Iterator<Item = String> + 'a {
    let of_job = path.len() == 3;
    view.opened.project.documents().iter().filter_map(move |document| {
        if of_job {
            let callable = document.workflow.as_ref().is_some_and(|workflow| workflow.on.call().is_some());
            return callable.then(|| format!("./{}", document.path));
        }
        document.action.as_ref().map(|_| format!("./{}", document.directory()))
    })
}
