//! What a workflow or action file says, typed, each part with its place in the file.

pub(crate) mod action;
pub(crate) mod cache_mode;
pub(crate) mod job;
pub(crate) mod step;
pub(crate) mod template;
pub(crate) mod trigger;
pub(crate) mod workflow;

use span::Span;

/// A value and where it stands in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spanned<T> {
    pub value: T,
    pub span: Span,
}

/// An `if:` with its place. An absent `if` is `None` where it is used and means `success()`.
#[derive(Clone, Debug)]
pub struct Condition {
    pub condition: expr::Condition,
    pub span: Span,
}
