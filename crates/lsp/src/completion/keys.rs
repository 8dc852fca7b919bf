//! Keys: those of the schema, and inputs of the action or workflow that is used.

use lint::KnownAction;
use lsp_types::CompletionItemKind;
use workflow::{FileKind, Job, JobKind, Step, StepKind};

use super::{Proposal, job_of};
use crate::place::Place;
use crate::workspace::View;

pub(super) fn proposals(view: View<'_>, kind: FileKind, place: &Place) -> Vec<Proposal> {
    if place.path.last().is_some_and(|key| key == "with") {
        return inputs(view, place);
    }
    let path: Vec<&str> = place.path.iter().map(String::as_str).collect();
    let Some(shape) = workflow::shape_at(kind, &path) else { return Vec::new() };
    let of_key = |key: &workflow::ShapeKey| {
        let below: Vec<&str> = path.iter().copied().chain([key.name]).collect();
        let nested = workflow::shape_at(kind, &below).is_some_and(|shape| !shape.keys.is_empty() || shape.open);
        Proposal {
            insert: Some(format!("{}:{}", key.name, if nested { "" } else { " " })),
            detail: key.required.then(|| "required".to_owned()),
            docs: lint::key_docs(kind, &below).map(str::to_owned),
            ..Proposal::new(key.name, CompletionItemKind::PROPERTY)
        }
    };
    shape.keys.iter().map(of_key).collect()
}

fn inputs(view: View<'_>, place: &Place) -> Vec<Proposal> {
    let Some(uses) = uses_above(view, place) else { return Vec::new() };
    let proposal = |name: &str, detail: Option<String>, docs: Option<String>| Proposal {
        insert: Some(format!("{name}: ")),
        detail,
        docs,
        ..Proposal::new(name, CompletionItemKind::FIELD)
    };
    if let Some((_, action)) = view.project().local_action(&uses) {
        let inputs = action.inputs.iter();
        return inputs.map(|input| proposal(&input.name.value, None, None)).collect();
    }
    if let Some((_, callee)) = view.project().local_workflow(&uses) {
        let inputs = callee.on.call().map(|call| call.inputs.as_slice()).unwrap_or_default();
        return inputs.iter().map(|input| proposal(&input.name.value, None, None)).collect();
    }
    let Some(action) = KnownAction::find(&uses, None) else { return Vec::new() };
    let detail = |required: bool, deprecated: bool| match (required, deprecated) {
        (_, true) => Some("deprecated".to_owned()),
        (true, false) => Some("required".to_owned()),
        (false, false) => None,
    };
    action.inputs().map(|input| proposal(input.name, detail(input.required, input.deprecated), None)).collect()
}

/// The `uses:` of the step, or of the job, that the cursor's `with:` belongs to.
fn uses_above(view: View<'_>, place: &Place) -> Option<String> {
    let offset = place.word.start;
    let workflow = view.document.workflow.as_ref();
    let job = job_of(place).and_then(|id| workflow?.job(id));
    if let Some(Job { kind: JobKind::Call(call), .. }) = job {
        return Some(call.uses.value.to_string());
    }
    // The model says which step is nearest before the cursor; where the file is too broken for one, the text does.
    let text = view.document.text();
    let modelled = match job.map(|job| &job.kind) {
        Some(JobKind::Steps(steps)) => nearest(&steps.steps, offset),
        _ => None,
    };
    modelled.or_else(|| {
        let line = text[..offset].lines().rev().map(str::trim_start).find(|line| {
            let line = line.trim_start_matches(['-', ' ']);
            line.starts_with("uses:")
        })?;
        let value = line.split_once("uses:")?.1.split(" #").next()?.trim();
        Some(value.trim_matches(['"', '\'']).to_owned())
    })
}

fn nearest(steps: &[Step], offset: usize) -> Option<String> {
    let before = steps.iter().filter(|step| (step.span.start as usize) <= offset);
    match &before.max_by_key(|step| step.span.start)?.kind {
        StepKind::Uses { uses, .. } => Some(uses.value.to_string()),
        StepKind::Parallel { steps } => nearest(steps, offset),
        _ => None,
    }
}
