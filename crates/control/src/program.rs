//! A run's workflow, linked with everything that it calls, from the texts that were kept with the run.

use std::collections::HashMap;
use std::sync::Arc;

use span::{Diagnostic, SourceMap, Span};
use workflow::{Program, Workflow};

use crate::told::Source;

/// The texts of workflow files by the names they are called with.
#[derive(Default)]
pub(crate) struct Linker {
    pub(crate) sources: SourceMap,
    callees: HashMap<String, Result<Arc<Workflow>, Diagnostic>>,
    /// Names that a link asked for and did not find.
    pub(crate) missing: Vec<String>,
}

impl Linker {
    /// Reads a file: the workflow where it has no error, and all that is wrong.
    pub(crate) fn read(&mut self, name: &str, text: &str) -> (Option<Workflow>, Vec<Diagnostic>) {
        let id = self.sources.add(name, text);
        let parsed = workflow::parse_workflow(id, name, text);
        (parsed.value, parsed.diagnostics)
    }

    /// Makes a file known that others call.
    pub(crate) fn add_callee(&mut self, name: &str, text: &str) {
        let shown = name.strip_prefix("./").unwrap_or(name).to_owned();
        let (workflow, found) = self.read(&shown, text);
        let entry = match workflow {
            Some(workflow) => Ok(Arc::new(workflow)),
            None => {
                let first = found.iter().find(|one| one.is_error());
                let text = first.map(|one| one.message.clone()).unwrap_or_default();
                let mut refused =
                    Diagnostic::error("call/not-found", format!("the called workflow `{shown}` is not valid: {text}"));
                if let Some(place) = first.and_then(|one| one.primary) {
                    refused = refused.related(place, "here");
                }
                Err(refused)
            }
        };
        self.callees.insert(name.to_owned(), entry);
    }

    /// That a file which others call cannot be had, and why.
    pub(crate) fn refuse_callee(&mut self, name: &str, reason: String) {
        self.callees.insert(name.to_owned(), Err(Diagnostic::error("call/not-found", reason)));
    }

    /// # Errors
    /// Everything found; while [`Linker::missing`] holds names, those are to be added first.
    pub(crate) fn link(&mut self, root: &Workflow) -> Result<Program, Vec<Diagnostic>> {
        let (callees, missing) = (&self.callees, &mut self.missing);
        missing.clear();
        let mut load = |name: &str, span: Span| match callees.get(name) {
            Some(Ok(workflow)) => Ok(workflow.clone()),
            Some(Err(refused)) => Err(refused.clone().at(span)),
            None => {
                missing.push(name.to_owned());
                Err(Diagnostic::error("call/not-found", format!("`{name}` was not looked up")).at(span))
            }
        };
        workflow::link(root, &mut load)
    }
}

/// The program of texts that have been linked before.
///
/// # Errors
/// What is wrong, in words: texts of an older version may not be read any more.
pub(crate) fn rebuild(sources: &[Source]) -> Result<(Arc<Program>, Arc<SourceMap>), String> {
    let mut linker = Linker::default();
    let first = sources.first().ok_or_else(|| "the run has no workflow file".to_owned())?;
    let (root, found) = linker.read(&first.name, &first.text);
    for source in &sources[1..] {
        linker.add_callee(&source.name, &source.text);
    }
    let root = root.ok_or_else(|| first_error(&found))?;
    let program = linker.link(&root).map_err(|found| first_error(&found))?;
    Ok((Arc::new(program), Arc::new(linker.sources)))
}

fn first_error(found: &[Diagnostic]) -> String {
    found.iter().find(|one| one.is_error()).map_or_else(|| "it cannot be read".to_owned(), |one| one.message.clone())
}

/// `file:line:column` of a span.
pub(crate) fn location(sources: &SourceMap, span: Span) -> api::Location {
    let position = sources.position(span);
    api::Location { file: sources.file(span.file).name.to_string(), line: position.line, column: position.column }
}

/// A reason of the engine with its place in a file.
pub(crate) fn reason(why: &engine::Why, sources: &SourceMap) -> api::Reason {
    api::Reason {
        code: why.code.to_owned(),
        reason: why.text.clone(),
        location: why.span.map(|span| location(sources, span)),
    }
}
