//! For editors: ids of a file with everything that names them, and where what stands under the cursor is defined.

mod across;

use std::ops::Range;
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
    /// What a reusable workflow or an action gives to those that call it.
    Output,
}

/// An id that one file defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    pub kind: SymbolKind,
    pub name: Arc<str>,
    /// Where it is written down: an input of two events, or a key in several `include` entries, has several places.
    pub definitions: Vec<Span>,
    /// Where it is named; see [`symbol_at`] for other files.
    pub uses: Vec<Span>,
    /// The job it belongs to, for ids that are private to one.
    job: Option<Arc<str>>,
}

impl Symbol {
    fn is(&self, kind: SymbolKind, name: &str) -> bool {
        self.kind == kind && self.name.eq_ignore_ascii_case(name)
    }

    /// The id of the job that has it for itself.
    pub fn job(&self) -> Option<&str> {
        self.job.as_deref()
    }
}

/// Every id of a file, with what names it in the same file, in the order of the file.
pub fn symbols(project: &Project, document: &Document) -> Vec<Symbol> {
    let mut table = Table::default();
    table.define_all(document);
    walk::each_expression(project, document, &mut |site| {
        table.expression(site.expr, site.owner, &|range| document.place(site.scalar, range));
    });
    table.symbols
}

/// The id under a byte offset. Inputs and outputs of reusable workflows and actions have their uses in all files of the
/// project, and are found where these name them.
pub fn symbol_at(project: &Project, document: &Document, offset: usize) -> Option<Symbol> {
    let here = |span: &Span| is_at(*span, document, offset);
    let own = symbols(project, document);
    let own = own.into_iter().find(|symbol| symbol.definitions.iter().chain(&symbol.uses).any(here));
    let found = own.or_else(|| {
        let mut named = None;
        across::each_use(project, document, &mut |target, kind, name, span| {
            if named.is_none() && here(&span) {
                let of_target = symbols(project, target).into_iter();
                named = of_target.into_iter().find(|symbol| symbol.is(kind, name));
            }
        });
        named
    });
    let mut symbol = found?;
    if matches!(symbol.kind, SymbolKind::Input | SymbolKind::Output) {
        let home = symbol.definitions.first().map(|span| span.file);
        for user in project.documents() {
            across::each_use(project, user, &mut |target, kind, name, span| {
                if Some(target.file) == home && symbol.is(kind, name) {
                    symbol.uses.push(span);
                }
            });
        }
    }
    Some(symbol)
}

fn is_at(span: Span, document: &Document, offset: usize) -> bool {
    span.file == document.file && span.start as usize <= offset && offset <= span.end as usize
}

/// Where what stands at a byte offset is defined: an id's own place; the file of a local action or of a called workflow.
pub fn definitions_at(project: &Project, document: &Document, offset: usize) -> Vec<Span> {
    if let Some(symbol) = symbol_at(project, document, offset) {
        return symbol.definitions;
    }
    let mut found = Vec::new();
    across::each_reference(project, document, &mut |target, uses| {
        if is_at(uses, document, offset) {
            found.push(Span::point(target.file, 0));
        }
    });
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
                for output in event.call.iter().flat_map(|call| &call.outputs) {
                    self.define(SymbolKind::Output, None, &output.name.value, output.name.span);
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
            for output in &action.outputs {
                self.define(SymbolKind::Output, None, &output.name.value, output.name.span);
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

    fn expression(&mut self, expr: &Expr, owner: Owner<'_>, place: &dyn Fn(Range<usize>) -> Span) {
        each_name(expr, &mut |path, name, range| {
            let span = place(range);
            let job = owner.job().map(|job| &job.id.value);
            match path {
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

/// What is told of a name.
type Visit<'a> = dyn FnMut(&[&str], &str, Range<usize>) + 'a;

/// Each name that an expression reads out of something: the path of that in lower case, the name, and its bytes.
fn each_name(expr: &Expr, visit: &mut Visit<'_>) {
    let Some(root) = expr.view() else { return };
    root.each(&mut |part| {
        let Term::Index(container, index) = part.term() else { return };
        let (Some(path), Some(name)) = (container.path(), name_of(index)) else { return };
        let path: Vec<String> = path.iter().map(|name| name.to_lowercase()).collect();
        let words: Vec<&str> = path.iter().map(String::as_str).collect();
        visit(&words, name, inner_range(index));
    });
}

fn name_of(index: Part<'_>) -> Option<&str> {
    match index.literal() {
        Some(Value::String(name)) => Some(name),
        _ => None,
    }
}

/// Without the quotes of `['name']`.
fn inner_range(index: Part<'_>) -> Range<usize> {
    let range = index.range();
    if index.text().starts_with('\'') { range.start + 1..range.end.saturating_sub(1) } else { range }
}
