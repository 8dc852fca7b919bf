//! `on:`: the events a workflow listens to, with their filters and inputs.

use std::sync::Arc;

use expr::Value;
use span::Span;

use super::Spanned;
use super::template::Template;

#[derive(Clone, Debug)]
pub struct Triggers {
    pub span: Span,
    pub events: Vec<EventTrigger>,
}

impl Triggers {
    #[must_use]
    pub fn event(&self, name: &str) -> Option<&EventTrigger> {
        self.events.iter().find(|event| event.name.value.as_ref() == name)
    }

    /// `on.workflow_call`, which makes the workflow reusable.
    #[must_use]
    pub fn call(&self) -> Option<&WorkflowCall> {
        self.events.iter().find_map(|event| event.call.as_ref())
    }
}

/// One event under `on:`. Fields that the event does not know are empty.
#[derive(Clone, Debug)]
pub struct EventTrigger {
    pub name: Spanned<Arc<str>>,
    /// Key and value together.
    pub span: Span,
    /// Activity types; `None` means the event's default. For `repository_dispatch` these are custom event types.
    pub types: Option<Filter>,
    pub branches: Option<Filter>,
    pub branches_ignore: Option<Filter>,
    pub tags: Option<Filter>,
    pub tags_ignore: Option<Filter>,
    pub paths: Option<Filter>,
    pub paths_ignore: Option<Filter>,
    /// `workflow_run`: names of the workflows waited for.
    pub workflows: Option<Filter>,
    /// `image_version`.
    pub names: Option<Filter>,
    pub versions: Option<Filter>,
    pub schedules: Vec<Schedule>,
    /// `workflow_dispatch.inputs`, in file order.
    pub inputs: Vec<Input>,
    pub call: Option<WorkflowCall>,
}

/// A list of names or patterns in the order of the file (a lone string is a list of one).
#[derive(Clone, Debug)]
pub struct Filter {
    pub key_span: Span,
    pub patterns: Vec<Spanned<Arc<str>>>,
}

#[derive(Clone, Debug)]
pub struct Schedule {
    pub cron: Spanned<Arc<str>>,
    pub timezone: Option<Spanned<Arc<str>>>,
}

/// An input of `workflow_dispatch` or `workflow_call`.
#[derive(Clone, Debug)]
pub struct Input {
    pub name: Spanned<Arc<str>>,
    pub description: Option<Arc<str>>,
    pub kind: InputType,
    pub required: bool,
    /// For `workflow_call` an expression may stand here.
    pub default: Option<Template>,
    /// `choice` only.
    pub options: Vec<Spanned<Arc<str>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputType {
    String,
    Boolean,
    Number,
    Choice,
    Environment,
}

impl InputType {
    /// What an input without value and default is.
    #[must_use]
    pub fn zero(self) -> Value {
        match self {
            Self::Boolean => Value::Bool(false),
            Self::Number => Value::Number(0.0),
            Self::String | Self::Choice | Self::Environment => Value::String("".into()),
        }
    }
}

#[derive(Clone, Debug)]
pub struct WorkflowCall {
    pub span: Span,
    pub inputs: Vec<Input>,
    pub secrets: Vec<SecretDeclaration>,
    pub outputs: Vec<WorkflowOutput>,
}

#[derive(Clone, Debug)]
pub struct SecretDeclaration {
    pub name: Spanned<Arc<str>>,
    pub required: bool,
}

#[derive(Clone, Debug)]
pub struct WorkflowOutput {
    pub name: Spanned<Arc<str>>,
    /// Sees `github inputs vars jobs`.
    pub value: Template,
}
