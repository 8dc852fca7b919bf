//! A workflow together with the reusable workflows it calls.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use span::{Diagnostic, FileId, Span};

use crate::permission::{Grant, explicit};
use crate::{CallJob, Job, JobKind, Workflow, WorkflowReference, code};

mod call;

/// Workflows within each other, the one that was started included (GitHub: the caller and nine levels below).
pub const MAX_LEVELS: usize = 10;
/// Files of one run, the one that was started included (GitHub: one and 50 reusable workflows).
pub const MAX_FILES: usize = 51;

/// A workflow and everything below it.
#[derive(Clone, Debug)]
pub struct Program {
    pub workflow: Arc<Workflow>,
    /// Where the file comes from: what `$/` in it means.
    pub origin: Origin,
    /// What each calling job calls, by the calling file and the job's id as written. Workflows that are called from several
    /// places are shared.
    pub callees: HashMap<(FileId, Arc<str>), Arc<Program>>,
}

impl Program {
    /// What this job of [`Program::workflow`] calls.
    #[must_use]
    pub fn callee(&self, job: &Job) -> Option<&Arc<Program>> {
        self.callees.get(&(self.workflow.file, Arc::clone(&job.id.value)))
    }
}

/// Finds a reusable workflow: gets `./.github/workflows/x.yml` for a file of the repository of the run, else
/// `owner/repo/.github/workflows/x.yml@ref`, and the place of the `uses:`.
pub type Loader<'l> = dyn FnMut(&str, Span) -> Result<Arc<Workflow>, Diagnostic> + 'l;

/// Loads everything that `root` calls, and checks each call: inputs, secrets, permissions.
///
/// A `./` or `$/` inside a workflow of another repository means that repository, at the same version.
///
/// # Errors
/// Every error found, those of `loader` included.
pub fn link(root: &Workflow, loader: &mut Loader<'_>) -> Result<Program, Vec<Diagnostic>> {
    let mut linker = Linker { loader, done: HashMap::new(), open: Vec::new(), files: 1, errors: Vec::new() };
    let (program, height, deepest) = linker.program(Arc::new(root.clone()), &Origin::Run);
    if height > MAX_LEVELS {
        let diagnostic = too_deep(height);
        linker.errors.push(match deepest {
            Some(span) => diagnostic.at(span),
            None => diagnostic,
        });
    }
    let mut errors = linker.errors;
    if errors.is_empty() {
        check_permissions(&program, None, &mut HashSet::new(), &mut errors);
    }
    errors.dedup();
    if errors.is_empty() { Ok(program) } else { Err(errors) }
}

/// What is wrong with the calls of `root` itself, as far as `loader` knows what is called: it gets the name that a
/// [`Loader`] gets, and what it does not know is not looked at. For linters and editors, which have no other repositories.
#[must_use]
pub fn check_calls(root: &Workflow, loader: &mut dyn FnMut(&str) -> Option<Arc<Workflow>>) -> Vec<Diagnostic> {
    let mut load =
        |name: &str, span: Span| loader(name).ok_or_else(|| Diagnostic::info(UNKNOWN_CALLEE, String::new()).at(span));
    let mut linker = Linker { loader: &mut load, done: HashMap::new(), open: Vec::new(), files: 1, errors: Vec::new() };
    let (program, height, deepest) = linker.program(Arc::new(root.clone()), &Origin::Run);
    let mut errors = linker.errors;
    errors.retain(|error| error.code != UNKNOWN_CALLEE);
    if let (true, Some(span)) = (height > MAX_LEVELS, deepest) {
        errors.push(too_deep(height).at(span));
    }
    check_permissions(&program, None, &mut HashSet::new(), &mut errors);
    errors.retain(|error| error.primary.is_some_and(|span| span.file == root.file));
    errors.dedup();
    errors
}

/// Marks what is not known; never told.
const UNKNOWN_CALLEE: &str = "";

fn too_deep(height: usize) -> Diagnostic {
    let message = format!("{height} workflows call each other in a row, at most {MAX_LEVELS} are allowed");
    Diagnostic::error(code::CALL_TOO_DEEP, message)
}

/// The repository that a file comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The repository of the run, at the run's commit.
    Run,
    /// Another one, at the version that `uses:` named.
    Repository { owner: String, repo: String, git_ref: String },
}

struct Linker<'a, 'l> {
    loader: &'a mut Loader<'l>,
    /// Finished programs with their height; `None` where loading failed.
    done: HashMap<String, Option<(Arc<Program>, usize)>>,
    /// The calls that lead here.
    open: Vec<String>,
    files: usize,
    errors: Vec<Diagnostic>,
}

impl Linker<'_, '_> {
    /// The program, how many levels it has, and the call that has the most below it.
    fn program(&mut self, workflow: Arc<Workflow>, origin: &Origin) -> (Program, usize, Option<Span>) {
        let mut callees = HashMap::new();
        let (mut height, mut deepest) = (1, None);
        for job in &workflow.jobs {
            let JobKind::Call(call) = &job.kind else {
                continue;
            };
            let Some((callee, below)) = self.callee(call, origin) else {
                continue;
            };
            call::check(call, &callee.workflow, &mut self.errors);
            if below + 1 > height {
                (height, deepest) = (below + 1, Some(call.uses.span));
            }
            callees.insert((workflow.file, Arc::clone(&job.id.value)), callee);
        }
        (Program { workflow, origin: origin.clone(), callees }, height, deepest)
    }

    fn callee(&mut self, call: &CallJob, origin: &Origin) -> Option<(Arc<Program>, usize)> {
        // Wrong references were told when the file was read.
        let reference = WorkflowReference::parse(&call.uses.value).ok()?;
        let (name, origin) = qualified(reference, origin);
        if self.open.contains(&name) {
            let message = format!("`{name}` calls itself");
            let mut ring: Vec<&str> = self.open.iter().skip_while(|open| **open != name).map(String::as_str).collect();
            ring.push(&name);
            let diagnostic = Diagnostic::error(code::CALL_CYCLE, message).at(call.uses.span);
            self.errors.push(if ring.len() > 2 { diagnostic.help(ring.join(" calls ")) } else { diagnostic });
            return None;
        }
        if let Some(done) = self.done.get(&name) {
            return done.clone();
        }
        if self.files >= MAX_FILES {
            let message = format!("this run needs more than {MAX_FILES} workflow files");
            let told = self.errors.iter().any(|error| error.code == code::CALL_TOO_MANY_FILES);
            if !told {
                self.errors.push(Diagnostic::error(code::CALL_TOO_MANY_FILES, message).at(call.uses.span));
            }
            return None;
        }
        self.files += 1;
        let linked = match (self.loader)(&name, call.uses.span) {
            Ok(workflow) => {
                self.open.push(name.clone());
                let (program, height, _) = self.program(workflow, &origin);
                self.open.pop();
                Some((Arc::new(program), height))
            }
            Err(diagnostic) => {
                self.errors.push(diagnostic);
                None
            }
        };
        self.done.insert(name, linked.clone());
        linked
    }
}

/// The name that a loader gets, and where the file's own `./` leads.
fn qualified(reference: WorkflowReference, from: &Origin) -> (String, Origin) {
    match (reference, from) {
        (WorkflowReference::Local { path }, Origin::Run) => (format!("./{path}"), Origin::Run),
        (WorkflowReference::Local { path }, Origin::Repository { owner, repo, git_ref }) => {
            (format!("{owner}/{repo}/{path}@{git_ref}"), from.clone())
        }
        (WorkflowReference::Repository { owner, repo, path, git_ref }, _) => {
            (format!("{owner}/{repo}/{path}@{git_ref}"), Origin::Repository { owner, repo, git_ref })
        }
    }
}

/// Each program is looked at once for each set of permissions it is called with.
fn check_permissions(
    program: &Program,
    most: Option<&Grant>,
    seen: &mut HashSet<(FileId, Option<Grant>)>,
    errors: &mut Vec<Diagnostic>,
) {
    if !seen.insert((program.workflow.file, most.cloned())) {
        return;
    }
    for job in &program.workflow.jobs {
        let (JobKind::Call(call), Some(callee)) = (&job.kind, program.callee(job)) else {
            continue;
        };
        let granted = explicit(&program.workflow, job).map(Grant::from).or_else(|| most.cloned());
        if let Some(granted) = &granted {
            call::check_permissions(call, &callee.workflow, granted, errors);
        }
        check_permissions(callee, granted.as_ref(), seen, errors);
    }
}
