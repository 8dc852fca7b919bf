//! A step of a job or of a composite action.

use std::sync::Arc;

use span::Span;

use super::template::Template;
use super::{Condition, Spanned};

#[derive(Clone, Debug)]
pub struct Step {
    pub span: Span,
    /// The id given, else GitHub's generated one: `__run`, `__run_2`, `__actions_checkout`.
    pub id: Arc<str>,
    /// The id as written, where one was written.
    pub explicit_id: Option<Spanned<Arc<str>>>,
    pub name: Option<Template>,
    pub condition: Option<Condition>,
    /// A mapping, or an expression that gives one.
    pub env: Option<Template>,
    pub continue_on_error: Option<Template>,
    pub timeout_minutes: Option<Template>,
    /// `background: true`: the job goes on while this step runs.
    pub background: bool,
    pub kind: StepKind,
}

#[derive(Clone, Debug)]
pub enum StepKind {
    Run {
        script: Template,
        shell: Option<Template>,
        working_directory: Option<Template>,
    },
    Uses {
        uses: Spanned<Arc<str>>,
        /// A mapping, or an expression that gives one.
        with: Option<Template>,
    },
    /// Waits for background steps by id.
    Wait {
        targets: Vec<Spanned<Arc<str>>>,
    },
    /// Waits for all background steps.
    WaitAll,
    /// Cancels a background step.
    Cancel {
        target: Spanned<Arc<str>>,
    },
    /// Runs steps side by side and waits for all of them.
    Parallel {
        steps: Vec<Step>,
    },
}
