//! What the functions of rules are given: a part of a file, and the way to everything around it.

use std::ops::Range;

use expr::Expr;
use span::Span;
use workflow::{Action, Job, JobKind, Step, StepsJob, Workflow};

use crate::document::Document;
use crate::project::Project;

/// Any file.
#[derive(Clone, Copy)]
pub struct FileSubject<'a> {
    pub project: &'a Project,
    pub document: &'a Document,
}

#[derive(Clone, Copy)]
pub struct WorkflowSubject<'a> {
    pub project: &'a Project,
    pub document: &'a Document,
    pub workflow: &'a Workflow,
}

#[derive(Clone, Copy)]
pub struct JobSubject<'a> {
    pub project: &'a Project,
    pub document: &'a Document,
    pub workflow: &'a Workflow,
    pub job: &'a Job,
}

#[derive(Clone, Copy)]
pub struct ActionSubject<'a> {
    pub project: &'a Project,
    pub document: &'a Document,
    pub action: &'a Action,
}

/// A step of a job or of a composite action.
#[derive(Clone, Copy)]
pub struct StepSubject<'a> {
    pub project: &'a Project,
    pub document: &'a Document,
    pub owner: Owner<'a>,
    /// The list that the step stands in: of the job, the action, or a `parallel`.
    pub siblings: &'a [Step],
    /// The step's place in it.
    pub index: usize,
    pub step: &'a Step,
}

/// What a step or an expression belongs to.
#[derive(Clone, Copy)]
pub enum Owner<'a> {
    Workflow { workflow: &'a Workflow },
    Job { workflow: &'a Workflow, job: &'a Job },
    Action { action: &'a Action },
}

/// An expression, with the key it stands under.
#[derive(Clone, Copy)]
pub struct ExpressionSubject<'a> {
    pub project: &'a Project,
    pub document: &'a Document,
    pub owner: Owner<'a>,
    pub step: Option<&'a Step>,
    pub key: Key<'a>,
    pub expr: &'a Expr,
    /// The scalar that holds it.
    pub scalar: Span,
    /// The text with expressions that it is part of; `None` for conditions.
    pub template: Option<&'a expr::Template>,
    /// The whole condition; `None` for everything else.
    pub condition: Option<&'a expr::Condition>,
}

/// The key of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key<'a> {
    /// The key of the workflow, job, step or action: `run`, `with`, `env`, `if`, `runs-on`, `concurrency`, `outputs`, …
    pub name: &'static str,
    /// The key below it, in mappings with keys of the user's choice or of several parts: the input of `with`, the
    /// variable of `env`, `group` of `concurrency`.
    pub entry: Option<&'a str>,
}

impl<'a> Owner<'a> {
    pub fn workflow(self) -> Option<&'a Workflow> {
        match self {
            Owner::Workflow { workflow } | Owner::Job { workflow, .. } => Some(workflow),
            Owner::Action { .. } => None,
        }
    }

    pub fn job(self) -> Option<&'a Job> {
        match self {
            Owner::Job { job, .. } => Some(job),
            Owner::Workflow { .. } | Owner::Action { .. } => None,
        }
    }

    pub fn action(self) -> Option<&'a Action> {
        match self {
            Owner::Action { action } => Some(action),
            Owner::Workflow { .. } | Owner::Job { .. } => None,
        }
    }

    /// The job with its steps, unless it calls a workflow.
    pub fn steps_job(self) -> Option<&'a StepsJob> {
        match &self.job()?.kind {
            JobKind::Steps(job) => Some(job),
            JobKind::Call(_) => None,
        }
    }
}

impl ExpressionSubject<'_> {
    /// Where a range of the expression's source stands in the file.
    pub fn place(&self, range: Range<usize>) -> Span {
        self.document.place(self.scalar, range)
    }

    /// Where the whole expression stands in the file.
    pub fn span(&self) -> Span {
        self.place(self.expr.range())
    }
}

impl StepSubject<'_> {
    /// Where a range of the decoded text of a scalar of the step stands in the file.
    pub fn place(&self, scalar: Span, range: Range<usize>) -> Span {
        self.document.place(scalar, range)
    }

    /// Whether the step belongs to a composite action.
    pub fn in_action(&self) -> bool {
        self.owner.action().is_some()
    }
}
