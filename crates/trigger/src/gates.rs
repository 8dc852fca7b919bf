//! The gates in their order. The first that fails decides.

mod approval;
mod before_filters;
mod listens;
mod paths;
mod refs;
mod skip;

use workflow::Workflow;

use crate::{Event, Gate, Runs, Settings, Verdict};

/// Whether the workflow runs for the event. Asks the gates in order; the first that fails decides.
#[must_use]
pub fn verdict(workflow: &Workflow, event: &Event, settings: &Settings) -> Verdict {
    if let Some(no) = before_filters::gate(&workflow.path, event, settings) {
        return no;
    }
    let trigger = match listens::gate(workflow, event) {
        Ok(trigger) => trigger,
        Err(no) => return no,
    };
    let by_ref = refs::gate(trigger, event);
    if by_ref.as_ref().is_some_and(|verdict| verdict.runs != Runs::Yes) {
        return by_ref.unwrap_or_else(|| listens::yes(trigger, event));
    }
    let by_paths = paths::gate(trigger, event, settings);
    if by_paths.as_ref().is_some_and(|verdict| verdict.runs == Runs::No) {
        return by_paths.unwrap_or_else(|| listens::yes(trigger, event));
    }
    let open = by_paths.or(by_ref).unwrap_or_else(|| listens::yes(trigger, event));
    approval::gate(event, settings).unwrap_or(open)
}

/// The verdict for a file that could not be read. On a push GitHub makes a failed run without jobs for it, whatever its
/// filters; for every other event it is as if the file were not there.
#[must_use]
pub fn verdict_for_broken_file(path: &str, event: &Event, settings: &Settings) -> Verdict {
    // Only the gates before validity count.
    match before_filters::gate(path, event, settings) {
        Some(no) if no.gate < Gate::Valid => no,
        _ if event.name == "push" => Verdict::no(
            Gate::Valid,
            "the workflow file is invalid; a push shows it as a failed run without jobs, whatever its filters say",
        ),
        _ => Verdict::no(Gate::Valid, "the workflow file is invalid"),
    }
}
