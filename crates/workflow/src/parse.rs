//! From bytes to a typed file, with everything that is wrong with it.

use span::{Diagnostic, FileId};
use yaml::{Limits, Node};

use crate::item::Item;
use crate::schema::{self, Def};
use crate::{Action, Workflow, code, convert, reader};

/// More than this is not told: the rest tends to follow from the first.
const MAX_DIAGNOSTICS: usize = 100;

/// A file that was read.
#[derive(Debug)]
pub struct Parsed<T> {
    /// There when no diagnostic is an error.
    pub value: Option<T>,
    /// In the order of the file; warnings too.
    pub diagnostics: Vec<Diagnostic>,
}

impl<T> Parsed<T> {
    /// Whether there is at least one error.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.value.is_none()
    }
}

/// Reads a workflow file. `path` is how users know it, relative to the repository: `.github/workflows/ci.yml`.
#[must_use]
pub fn parse_workflow(file: FileId, path: &str, text: impl AsRef<[u8]>) -> Parsed<Workflow> {
    parse(file, text.as_ref(), &schema::workflow::WORKFLOW, "workflow", |root, diagnostics| {
        convert::workflow::workflow(file, path, root, diagnostics)
    })
}

/// Reads an action's metadata: `action.yml` or `action.yaml`.
#[must_use]
pub fn parse_action(file: FileId, text: impl AsRef<[u8]>) -> Parsed<Action> {
    parse(file, text.as_ref(), &schema::action::ACTION, "action", |root, diagnostics| {
        convert::action::action(file, root, diagnostics)
    })
}

/// Reads a workflow from a tree that was read already, as far as it can be read: for linters and editors, which look at
/// broken files too. The value is there unless the file is no workflow at all, and what is wrong is left out of it.
#[must_use]
pub fn read_workflow(file: FileId, path: &str, root: &Node) -> Parsed<Workflow> {
    let mut diagnostics = Vec::new();
    let value = convert_root(root, &schema::workflow::WORKFLOW, "workflow", &mut diagnostics, |root, diagnostics| {
        convert::workflow::workflow(file, path, root, diagnostics)
    });
    tidy(&mut diagnostics);
    Parsed { value, diagnostics }
}

/// Reads an action's metadata as [`read_workflow`] reads a workflow.
#[must_use]
pub fn read_action(file: FileId, root: &Node) -> Parsed<Action> {
    let mut diagnostics = Vec::new();
    let value = convert_root(root, &schema::action::ACTION, "action", &mut diagnostics, |root, diagnostics| {
        convert::action::action(file, root, diagnostics)
    });
    tidy(&mut diagnostics);
    Parsed { value, diagnostics }
}

fn convert_root<T>(
    root: &Node,
    def: &'static Def,
    what: &str,
    diagnostics: &mut Vec<Diagnostic>,
    convert: impl FnOnce(&Item, &mut Vec<Diagnostic>) -> Option<T>,
) -> Option<T> {
    if root.is_null() {
        diagnostics.push(empty_file(root, what));
        return None;
    }
    let item = reader::read(root, def, diagnostics);
    convert(&item, diagnostics)
}

fn parse<T>(
    file: FileId,
    text: &[u8],
    def: &'static Def,
    what: &str,
    convert: impl FnOnce(&Item, &mut Vec<Diagnostic>) -> Option<T>,
) -> Parsed<T> {
    let read = yaml::read_bytes(file, text, &Limits::default());
    let mut diagnostics = read.diagnostics;
    let unreadable = diagnostics.iter().any(Diagnostic::is_error);
    let value = match read.root {
        // What made it unreadable is told already.
        Some(root) if root.is_null() && unreadable => None,
        Some(root) => convert_root(&root, def, what, &mut diagnostics, convert),
        None => None,
    };
    tidy(&mut diagnostics);
    let broken = diagnostics.iter().any(Diagnostic::is_error);
    Parsed { value: value.filter(|_| !broken), diagnostics }
}

fn empty_file(root: &Node, what: &str) -> Diagnostic {
    Diagnostic::error(code::EMPTY_FILE, format!("this {what} file is empty")).at(root.span)
}

/// File order, each problem once (an alias repeats those of its anchor), and not too many.
fn tidy(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by_key(|diagnostic| diagnostic.primary);
    diagnostics.dedup();
    if diagnostics.len() > MAX_DIAGNOSTICS {
        let more = diagnostics.len() - MAX_DIAGNOSTICS;
        let (mut errors, rest): (Vec<_>, Vec<_>) = diagnostics.drain(..).partition(Diagnostic::is_error);
        errors.extend(rest);
        errors.truncate(MAX_DIAGNOSTICS);
        errors.push(Diagnostic::info(code::TOO_MANY_DIAGNOSTICS, format!("{more} more problems are not shown")));
        *diagnostics = errors;
    }
}
