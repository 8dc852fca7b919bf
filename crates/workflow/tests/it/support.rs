//! Reading a text and showing its diagnostics as a terminal would.

use span::{Color, SourceMap, render_terminal};
use workflow::{Parsed, Workflow, parse_action, parse_workflow};

pub(crate) fn read(text: &str) -> (Parsed<Workflow>, String) {
    let mut sources = SourceMap::new();
    let file = sources.add(".github/workflows/ci.yml", text);
    let parsed = parse_workflow(file, ".github/workflows/ci.yml", text);
    let shown = render_terminal(&parsed.diagnostics, &sources, Color::Off);
    (parsed, shown)
}

/// The diagnostics of a workflow.
pub(crate) fn told(text: &str) -> String {
    read(text).1
}

/// The diagnostics of an action.
pub(crate) fn told_of_action(text: &str) -> String {
    let mut sources = SourceMap::new();
    let file = sources.add("action.yml", text);
    let parsed = parse_action(file, text);
    render_terminal(&parsed.diagnostics, &sources, Color::Off)
}

/// The workflow, which has to be without errors.
pub(crate) fn good(text: &str) -> Workflow {
    let (parsed, shown) = read(text);
    parsed.value.unwrap_or_else(|| panic!("not a workflow:\n{shown}"))
}
