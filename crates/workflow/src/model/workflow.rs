//! The root of a workflow file.

use std::sync::Arc;

use span::{FileId, Span};

use super::Spanned;
use super::cache_mode::CacheMode;
use super::job::{Concurrency, Job};
use super::template::Template;
use super::trigger::Triggers;

#[derive(Clone, Debug)]
pub struct Workflow {
    pub file: FileId,
    /// Path as shown to users, relative to the repository: `.github/workflows/ci.yml`.
    pub path: Arc<str>,
    pub name: Option<Spanned<Arc<str>>>,
    pub description: Option<Spanned<Arc<str>>>,
    pub run_name: Option<Template>,
    pub on: Triggers,
    pub permissions: Option<Permissions>,
    pub cache_mode: Option<Spanned<CacheMode>>,
    /// A mapping, or an expression that gives one.
    pub env: Option<Template>,
    pub defaults: Defaults,
    pub concurrency: Option<Concurrency>,
    /// In file order.
    pub jobs: Vec<Job>,
}

impl Workflow {
    /// What users call it: `name`, else the path.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.name.as_ref().map_or(&self.path, |name| &name.value)
    }

    /// The job with this id. Ids are compared as GitHub does, without regard to case.
    #[must_use]
    pub fn job(&self, id: &str) -> Option<&Job> {
        self.jobs.iter().find(|job| job.id.value.eq_ignore_ascii_case(id))
    }
}

/// `defaults.run` of a workflow or a job.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    pub shell: Option<Template>,
    pub working_directory: Option<Template>,
}

/// `permissions:` as written; what a scope that is not named gets depends on the shorthand.
#[derive(Clone, Debug)]
pub enum Permissions {
    ReadAll(Span),
    WriteAll(Span),
    /// Scopes not listed have no access. `{}` takes everything away.
    Scopes(Span, Vec<(Spanned<Arc<str>>, Spanned<PermissionLevel>)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PermissionLevel {
    None,
    Read,
    Write,
}

impl Permissions {
    /// The level this block gives to a scope such as `id-token`. `read-all` gives nothing where there is only `write`,
    /// `write-all` gives `read` where there is only that.
    #[must_use]
    pub fn level(&self, scope: &str) -> PermissionLevel {
        match self {
            Self::ReadAll(_) => crate::permission::read_all(scope),
            Self::WriteAll(_) => crate::permission::write_all(scope),
            Self::Scopes(_, scopes) => scopes
                .iter()
                .find(|(name, _)| name.value.as_ref() == scope)
                .map_or(PermissionLevel::None, |(_, level)| level.value),
        }
    }
}
