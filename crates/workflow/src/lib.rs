//! The typed model of workflow and action files.
//!
//! Owns: reading a spanned YAML tree into [`Workflow`] and [`Action`], every check that needs only the files themselves,
//! context availability per key, the matrix, inputs of `workflow_dispatch` and `workflow_call`.
//! Must not: touch the filesystem, the network or a clock; decide whether something runs (that is `trigger` and `engine`).
//!
//! Files are read once; expressions in them are parsed once, with the contexts that their key allows, and evaluated later
//! through [`Template::evaluate`].

mod action_input;
mod check;
mod code;
mod convert;
mod input;
mod item;
mod matrix;
mod model;
mod parse;
mod permission;
mod program;
mod reader;
mod reference;
mod schema;
mod shape;
mod step_id;
mod template;
pub mod value;
mod visit;

pub use action_input::check_action_inputs;
pub use code::CODES;
pub use input::{InputError, InputSource, coerce_inputs};
pub use matrix::{Leg, MAX_LEGS, MatrixError, expand_matrix, leg_name};
pub use model::action::{Action, ActionInput, ActionOutput, CompositeRuns, DockerRuns, NodeRuns, Runs};
pub use model::cache_mode::{CacheMode, effective_cache_mode};
pub use model::job::{CallJob, CallSecrets, Concurrency, Job, JobKind, StepsJob, Strategy};
pub use model::step::{Step, StepKind};
pub use model::template::{EvaluationFailure, Template, TemplateEntry, TemplateKey, TemplateKind};
pub use model::trigger::{
    EventTrigger, Filter, Input, InputType, Schedule, SecretDeclaration, Triggers, WorkflowCall, WorkflowOutput,
};
pub use model::workflow::{Defaults, PermissionLevel, Permissions, Workflow};
pub use model::{Condition, Spanned};
pub use parse::{Parsed, parse_action, parse_workflow, read_action, read_workflow};
pub use permission::{Grant, Violation, effective_permissions};
pub use program::{Loader, MAX_FILES, MAX_LEVELS, Origin, Program, check_calls, link};
pub use reference::{ActionReference, ReferenceError, WorkflowReference};
pub use schema::events::{EVENT_NAMES as EVENTS, activity_types};
pub use shape::{FileKind, Shape, ShapeKey, shape_at};
pub use visit::{each_expression_of_job, each_expression_of_workflow};
