//! A job: steps on a runner, or a call of a reusable workflow.

use std::sync::Arc;

use span::Span;

use super::cache_mode::CacheMode;
use super::step::Step;
use super::template::Template;
use super::workflow::{Defaults, Permissions};
use super::{Condition, Spanned};

#[derive(Clone, Debug)]
pub struct Job {
    pub id: Spanned<Arc<str>>,
    /// Key and body together.
    pub span: Span,
    pub name: Option<Template>,
    pub needs: Vec<Spanned<Arc<str>>>,
    pub condition: Option<Condition>,
    pub permissions: Option<Permissions>,
    pub cache_mode: Option<Spanned<CacheMode>>,
    pub concurrency: Option<Concurrency>,
    pub strategy: Option<Strategy>,
    pub kind: JobKind,
}

#[derive(Clone, Debug)]
pub enum JobKind {
    Steps(Box<StepsJob>),
    Call(CallJob),
}

#[derive(Clone, Debug)]
pub struct StepsJob {
    /// A label, labels, or `{group, labels}`.
    pub runs_on: Template,
    /// A name, or `{name, url, deployment}`; `url` is evaluated by the runner after the steps.
    pub environment: Option<Template>,
    pub env: Option<Template>,
    pub defaults: Defaults,
    pub timeout_minutes: Option<Template>,
    pub cancel_timeout_minutes: Option<Template>,
    pub continue_on_error: Option<Template>,
    pub container: Option<Template>,
    pub services: Option<Template>,
    pub outputs: Vec<(Spanned<Arc<str>>, Template)>,
    pub snapshot: Option<Template>,
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub struct CallJob {
    pub uses: Spanned<Arc<str>>,
    pub with: Vec<(Spanned<Arc<str>>, Template)>,
    pub secrets: CallSecrets,
}

#[derive(Clone, Debug)]
pub enum CallSecrets {
    None,
    Inherit(Span),
    Map(Vec<(Spanned<Arc<str>>, Template)>),
}

/// `strategy:`. Each part may be an expression that sees `github inputs vars needs`.
#[derive(Clone, Debug)]
pub struct Strategy {
    pub span: Span,
    /// `strategy: ${{ … }}`: an expression that gives the whole mapping; the other fields are empty then.
    pub whole: Option<Template>,
    pub fail_fast: Option<Template>,
    pub max_parallel: Option<Template>,
    pub matrix: Option<Template>,
}

/// `concurrency:` of a workflow or job; a string is the group.
#[derive(Clone, Debug)]
pub struct Concurrency {
    pub span: Span,
    pub group: Template,
    pub cancel_in_progress: Option<Template>,
    /// `single` (the default) keeps one pending run per group, `max` keeps all.
    pub queue: Option<Spanned<Arc<str>>>,
}
