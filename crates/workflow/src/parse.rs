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
        Some(root) if root.is_null() => {
            if !unreadable {
                diagnostics.push(empty_file(&root, what));
            }
            None
        }
        Some(root) => {
            let item = reader::read(&root, def, &mut diagnostics);
            convert(&item, &mut diagnostics)
        }
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
