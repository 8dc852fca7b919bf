//! For editors: ids of a file with everything that names them, and where what stands under the cursor is defined.

use std::sync::Arc;

use expr::{Expr, Part, Term, Value};
use span::Span;
use workflow::{Job, JobKind, Runs, Spanned, Step, StepKind, Template, TemplateKey, TemplateKind};

use crate::document::Document;
use crate::project::Project;
use crate::steps::flat;
use crate::subject::Owner;
use crate::walk;

/// What an id is the name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SymbolKind {
    Job,
    Step,
    Input,
    /// An axis of a matrix, or a key that an `include` adds.
    MatrixKey,
    JobOutput,
}

/// An id of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    pub kind: SymbolKind,
    pub name: Arc<str>,
    /// Where it is written down: an input of two events, or a key in several `include` entries, has several places.
    pub definitions: Vec<Span>,
    /// Where it is named.
    pub uses: Vec<Span>,
    /// The job it belongs to, for ids that are private to one.
    job: Option<Arc<str>>,
}

impl Symbol {
    /// The id of the job that has it for itself.
    pub fn job(&self) -> Option<&str> {
        self.job.as_deref()
    }
}

/// Every id of a file, with what names it, in the order of the file.
pub fn symbols(project: &Project, document: &Document) -> Vec<Symbol> {
    let mut table = Table::default();
    table.define_all(document);
    walk::each_expression(project, document, &mut |site| {
        table.expression(site.expr, site.owner, &|range| document.place(site.scalar, range));
    });
    table.symbols
}

/// The id under a byte offset.
pub fn symbol_at(project: &Project, document: &Document, offset: usize) -> Option<Symbol> {
    let here = |span: &Span| span.start as usize <= offset && offset <= span.end as usize;
    let all = symbols(project, document);
    all.into_iter().find(|symbol| symbol.definitions.iter().chain(&symbol.uses).any(here))
}

/// Where what stands at a byte offset is defined: an id's own place; the file of a local action or of a called workflow;
/// the input of one of these for a key below `with`.
pub fn definitions_at(project: &Project, document: &Document, offset: usize) -> Vec<Span> {
    let here = |span: Span| span.start as usize <= offset && offset <= span.end as usize;
    if let Some(symbol) = symbol_at(project, document, offset) {
        return symbol.definitions;
    }
    let mut found = Vec::new();
    let mut step = |step: &Step| {
        if let StepKind::Uses { uses, with } = &step.kind
            && let Some((target, action)) = project.local_action(&uses.value)
        {
            if here(uses.span) {
                found.push(Span::point(target.file, 0));
            }
            for entry in with.iter().flat_map(Template::entries).filter(|entry| here(entry.key_span)) {
                let TemplateKey::Literal(name) = &entry.key else { continue };
                let inputs = action.inputs.iter().filter(|input| input.name.value.eq_ignore_ascii_case(name));
                found.extend(inputs.map(|input| input.name.span));
            }
        }
    };
    for job in document.workflow.iter().flat_map(|workflow| &workflow.jobs) {
        match &job.kind {
            JobKind::Steps(steps) => flat(&steps.steps).into_iter().for_each(&mut step),
            JobKind::Call(_) => {}
        }
    }
    if let Some(Runs::Composite(runs)) = document.action.as_ref().map(|action| &action.runs) {
        flat(&runs.steps).into_iter().for_each(&mut step);
    }
    for job in document.workflow.iter().flat_map(|workflow| &workflow.jobs) {
        let JobKind::Call(call) = &job.kind else { continue };
        let Some((target, callee)) = project.local_workflow(&call.uses.value) else { continue };
        if here(call.uses.span) {
            found.push(Span::point(target.file, 0));
        }
        for (name, _) in call.with.iter().filter(|(name, _)| here(name.span)) {
            let inputs = callee.on.call().map(|call| call.inputs.as_slice()).unwrap_or_default();
            let named = inputs.iter().filter(|input| input.name.value.eq_ignore_ascii_case(&name.value));
            found.extend(named.map(|input| input.name.span));
        }
    }
    found
}

#[derive(Default)]
struct Table {
    symbols: Vec<Symbol>,
}

impl Table {
    fn define(&mut self, kind: SymbolKind, job: Option<&Job>, name: &Arc<str>, span: Span) {
        let job = job.map(|job| &job.id.value);
        match self.find(kind, job, name) {
            Some(symbol) => symbol.definitions.push(span),
            None => self.symbols.push(Symbol {
                kind,
                name: Arc::clone(name),
                definitions: vec![span],
                uses: Vec::new(),
                job: job.cloned(),
            }),
        }
    }

    fn find(&mut self, kind: SymbolKind, job: Option<&Arc<str>>, name: &str) -> Option<&mut Symbol> {
        self.symbols
            .iter_mut()
            .find(|symbol| symbol.kind == kind && symbol.job.as_ref() == job && symbol.name.eq_ignore_ascii_case(name))
    }

    fn name(&mut self, kind: SymbolKind, job: Option<&Arc<str>>, name: &str, span: Span) {
        if let Some(symbol) = self.find(kind, job, name) {
            symbol.uses.push(span);
        }
    }

    fn define_all(&mut self, document: &Document) {
        if let Some(workflow) = &document.workflow {
            for event in &workflow.on.events {
                for input in event.inputs.iter().chain(event.call.iter().flat_map(|call| &call.inputs)) {
                    self.define(SymbolKind::Input, None, &input.name.value, input.name.span);
                }
            }
            for job in &workflow.jobs {
                self.define(SymbolKind::Job, None, &job.id.value, job.id.span);
                self.define_matrix(job);
                if let JobKind::Steps(steps) = &job.kind {
                    self.define_steps(Some(job), &steps.steps);
                    for (name, _) in &steps.outputs {
                        self.define(SymbolKind::JobOutput, Some(job), &name.value, name.span);
                    }
                }
            }
            for job in &workflow.jobs {
                for need in &job.needs {
                    self.name(SymbolKind::Job, None, &need.value, need.span);
                }
                if let JobKind::Steps(steps) = &job.kind {
                    self.targets(Some(&job.id.value), &steps.steps);
                }
            }
        }
        if let Some(action) = &document.action {
            for input in &action.inputs {
                self.define(SymbolKind::Input, None, &input.name.value, input.name.span);
            }
            if let Runs::Composite(runs) = &action.runs {
                self.define_steps(None, &runs.steps);
                self.targets(None, &runs.steps);
            }
        }
    }

    fn define_steps(&mut self, job: Option<&Job>, steps: &[Step]) {
        for id in flat(steps).into_iter().filter_map(|step| step.explicit_id.as_ref()) {
            self.define(SymbolKind::Step, job, &id.value, id.span);
        }
    }

    fn define_matrix(&mut self, job: &Job) {
        let matrix = job.strategy.as_ref().and_then(|strategy| strategy.matrix.as_ref());
        for entry in matrix.map(Template::entries).unwrap_or_default() {
            let TemplateKey::Literal(name) = &entry.key else { continue };
            if !matches!(&**name, "include" | "exclude") {
                self.define(SymbolKind::MatrixKey, Some(job), name, entry.key_span);
                continue;
            }
            let TemplateKind::Sequence(items) = &entry.value.kind else { continue };
            for key in items.iter().flat_map(Template::entries) {
                if let TemplateKey::Literal(name) = &key.key {
                    self.define(SymbolKind::MatrixKey, Some(job), name, key.key_span);
                }
            }
        }
    }

    /// `wait:` and `cancel:`.
    fn targets(&mut self, job: Option<&Arc<str>>, steps: &[Step]) {
        for step in flat(steps) {
            let targets: &[Spanned<Arc<str>>] = match &step.kind {
                StepKind::Wait { targets } => targets,
                StepKind::Cancel { target } => std::slice::from_ref(target),
                _ => &[],
            };
            for target in targets {
                self.name(SymbolKind::Step, job, &target.value, target.span);
            }
        }
    }

    fn expression(&mut self, expr: &Expr, owner: Owner<'_>, place: &dyn Fn(std::ops::Range<usize>) -> Span) {
        let Some(root) = expr.view() else { return };
        root.each(&mut |part| {
            let Term::Index(container, index) = part.term() else { return };
            let (Some(path), Some(name)) = (container.path(), name_of(index)) else { return };
            let path: Vec<String> = path.iter().map(|name| name.to_lowercase()).collect();
            let words: Vec<&str> = path.iter().map(String::as_str).collect();
            let span = place(inner_range(index));
            let job = owner.job().map(|job| &job.id.value);
            match words[..] {
                ["needs"] | ["jobs"] => self.name(SymbolKind::Job, None, name, span),
                ["steps"] => self.name(SymbolKind::Step, job, name, span),
                ["inputs"] | ["github", "event", "inputs"] => self.name(SymbolKind::Input, None, name, span),
                ["matrix"] => self.name(SymbolKind::MatrixKey, job, name, span),
                ["needs" | "jobs", id, "outputs"] => {
                    let id = owner.workflow().and_then(|workflow| workflow.job(id)).map(|job| &job.id.value);
                    self.name(SymbolKind::JobOutput, id, name, span);
                }
                _ => {}
            }
        });
    }
}

fn name_of(index: Part<'_>) -> Option<&str> {
    match index.literal() {
        Some(Value::String(name)) => Some(name),
        _ => None,
    }
}

/// Without the quotes of `['name']`.
fn inner_range(index: Part<'_>) -> std::ops::Range<usize> {
    let range = index.range();
    if index.text().starts_with('\'') { range.start + 1..range.end.saturating_sub(1) } else { range }
}
