//! The typed model of workflow and action files.
//!
//! Owns: reading a spanned YAML tree into [`Workflow`] and [`Action`], every check that needs only the files themselves,
//! context availability per key, the matrix, inputs of `workflow_dispatch` and `workflow_call`.
//! Must not: touch the filesystem, the network or a clock; decide whether something runs (that is `trigger` and `engine`).
//!
//! Files are read once; expressions in them are parsed once, with the contexts that their key allows, and evaluated later
//! through [`Template::evaluate`].

mod model;

pub use model::action::{Action, ActionInput, ActionOutput, CompositeRuns, DockerRuns, NodeRuns, Runs};
pub use model::job::{CallJob, CallSecrets, Concurrency, Job, JobKind, StepsJob, Strategy};
pub use model::step::{Step, StepKind};
pub use model::template::{EvaluationFailure, Template, TemplateEntry, TemplateKey, TemplateKind};
pub use model::trigger::{
    EventTrigger, Filter, Input, InputType, Schedule, SecretDeclaration, Triggers, WorkflowCall, WorkflowOutput,
};
pub use model::workflow::{Defaults, PermissionLevel, Permissions, Workflow};
pub use model::{Condition, Spanned};
