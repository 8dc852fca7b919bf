//! Jobs and steps, for an editor's outline.

use lsp_types::{DocumentSymbol, SymbolKind};
use span::Span;
use workflow::{JobKind, Runs, Step, StepKind};

use crate::position::{self, Encoding};
use crate::workspace::View;

pub(crate) fn outline(view: View<'_>, encoding: Encoding) -> Vec<DocumentSymbol> {
    let symbol =
        |name: String, detail: Option<String>, kind, whole: Span, head: Span, children: Vec<DocumentSymbol>| {
            let source = &view.document.source;
            // The protocol wants the head within the whole.
            let whole = whole.join(head);
            #[expect(deprecated, reason = "the field has to be given, and clients no longer read it")]
            DocumentSymbol {
                name,
                detail,
                kind,
                tags: None,
                deprecated: None,
                range: position::range(source, whole.range(), encoding),
                selection_range: position::range(source, head.range(), encoding),
                children: (!children.is_empty()).then_some(children),
            }
        };
    let of_steps = |steps: &[Step]| -> Vec<DocumentSymbol> {
        let of_step = |(index, step): (usize, &Step)| {
            let head = Span::new(step.span.file, step.span.start as usize, step.span.start as usize);
            symbol(name(step, index), None, SymbolKind::METHOD, step.span, head, Vec::new())
        };
        steps.iter().enumerate().map(of_step).collect()
    };
    let jobs = view.document.workflow.iter().flat_map(|workflow| &workflow.jobs).map(|job| {
        let children = match &job.kind {
            JobKind::Steps(steps) => of_steps(&steps.steps),
            JobKind::Call(_) => Vec::new(),
        };
        symbol(job.id.value.to_string(), None, SymbolKind::CLASS, job.span, job.id.span, children)
    });
    let mut found: Vec<DocumentSymbol> = jobs.collect();
    if let Some(Runs::Composite(runs)) = view.document.action.as_ref().map(|action| &action.runs) {
        found.extend(of_steps(&runs.steps));
    }
    found
}

/// As a run shows the step: its name, else what it does.
fn name(step: &Step, index: usize) -> String {
    let told = match (&step.name, &step.kind) {
        (Some(name), _) => name.source_text().map(Into::into),
        (None, StepKind::Uses { uses, .. }) => Some(uses.value.to_string()),
        (None, StepKind::Run { script, .. }) => {
            script.source_text().and_then(|text| text.lines().next().map(str::to_owned))
        }
        _ => None,
    };
    told.filter(|name| !name.is_empty()).unwrap_or_else(|| format!("step {}", index + 1))
}
