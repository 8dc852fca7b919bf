//! An action's metadata: `action.yml`.

use std::sync::Arc;

use span::{FileId, Span};

use super::step::Step;
use super::template::Template;
use super::{Condition, Spanned};

#[derive(Clone, Debug)]
pub struct Action {
    pub file: FileId,
    pub name: Option<Spanned<Arc<str>>>,
    pub description: Option<Spanned<Arc<str>>>,
    pub inputs: Vec<ActionInput>,
    pub outputs: Vec<ActionOutput>,
    pub runs: Runs,
}

#[derive(Clone, Debug)]
pub struct ActionInput {
    pub name: Spanned<Arc<str>>,
    pub description: Option<Arc<str>>,
    pub required: bool,
    pub default: Option<Template>,
    pub deprecation_message: Option<Arc<str>>,
}

#[derive(Clone, Debug)]
pub struct ActionOutput {
    pub name: Spanned<Arc<str>>,
    pub description: Option<Arc<str>>,
    /// Composite actions only.
    pub value: Option<Template>,
}

#[derive(Clone, Debug)]
pub enum Runs {
    Node(NodeRuns),
    Composite(CompositeRuns),
    Docker(DockerRuns),
}

/// Conditions of `pre` and `post` are evaluated as they stand, without an implicit `success()`; absent ones are `always()`.
#[derive(Clone, Debug)]
pub struct NodeRuns {
    /// `node12`, `node16`, `node20`, `node24`.
    pub using: Spanned<Arc<str>>,
    /// Paths relative to the action's directory.
    pub main: Spanned<Arc<str>>,
    pub pre: Option<Spanned<Arc<str>>>,
    pub pre_if: Option<Condition>,
    pub post: Option<Spanned<Arc<str>>>,
    pub post_if: Option<Condition>,
}

#[derive(Clone, Debug)]
pub struct CompositeRuns {
    pub span: Span,
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub struct DockerRuns {
    pub span: Span,
    /// `Dockerfile`, a path to one, or `docker://image`.
    pub image: Spanned<Arc<str>>,
    pub args: Vec<Template>,
    pub env: Vec<(Spanned<Arc<str>>, Template)>,
    pub entrypoint: Option<Spanned<Arc<str>>>,
    pub pre_entrypoint: Option<Spanned<Arc<str>>>,
    pub pre_if: Option<Condition>,
    pub post_entrypoint: Option<Spanned<Arc<str>>>,
    pub post_if: Option<Condition>,
}
