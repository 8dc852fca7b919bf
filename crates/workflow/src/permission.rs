//! What a job's token may do.
//!
//! Rules from `PermissionsHelper` and `Permissions` of actions/runner: a called workflow has at most what its caller has;
//! asking for more is an error, asking for nothing gives what the caller has.

use crate::{Job, PermissionLevel, Permissions, Workflow};

use PermissionLevel::{None as Nothing, Read, Write};

/// Every scope with the most that can be asked for, and whether `read` exists.
const SCOPES: &[(&str, PermissionLevel, bool)] = &[
    ("actions", Write, true),
    ("artifact-metadata", Write, true),
    ("attestations", Write, true),
    ("checks", Write, true),
    ("code-quality", Write, true),
    ("contents", Write, true),
    ("copilot-requests", Write, false),
    ("deployments", Write, true),
    ("discussions", Write, true),
    ("drives", Write, true),
    ("id-token", Write, false),
    ("issues", Write, true),
    ("models", Read, true),
    ("packages", Write, true),
    ("pages", Write, true),
    ("pull-requests", Write, true),
    ("repository-projects", Write, true),
    ("security-events", Write, true),
    ("statuses", Write, true),
    ("vulnerability-alerts", Read, true),
];

/// A level for every scope.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Grant([PermissionLevel; SCOPES.len()]);

/// A scope that asks for more than it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    pub scope: &'static str,
    pub asked: PermissionLevel,
    pub allowed: PermissionLevel,
}

impl PermissionLevel {
    /// `none`, `read` or `write`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Nothing => "none",
            Read => "read",
            Write => "write",
        }
    }
}

/// What `read-all` gives.
pub(crate) fn read_all(scope: &str) -> PermissionLevel {
    SCOPES.iter().find(|(name, ..)| *name == scope).map_or(Nothing, |(_, _, read)| if *read { Read } else { Nothing })
}

/// What `write-all` gives.
pub(crate) fn write_all(scope: &str) -> PermissionLevel {
    SCOPES.iter().find(|(name, ..)| *name == scope).map_or(Nothing, |(_, most, _)| *most)
}

impl Grant {
    /// Nothing at all.
    #[must_use]
    pub fn nothing() -> Grant {
        Grant([Nothing; SCOPES.len()])
    }

    /// GitHub's restricted default: contents and packages can be read.
    #[must_use]
    pub fn restricted() -> Grant {
        Grant::by(|scope| if matches!(scope, "contents" | "packages") { Read } else { Nothing })
    }

    /// GitHub's permissive default: all that `write-all` gives, without an OIDC token, which has to be asked for.
    #[must_use]
    pub fn permissive() -> Grant {
        Grant::by(|scope| if scope == "id-token" { Nothing } else { write_all(scope) })
    }

    fn by(level: impl Fn(&str) -> PermissionLevel) -> Grant {
        let mut levels = [Nothing; SCOPES.len()];
        for (slot, (scope, ..)) in levels.iter_mut().zip(SCOPES) {
            *slot = level(scope);
        }
        Grant(levels)
    }

    /// Every scope with its level, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, PermissionLevel)> {
        SCOPES.iter().zip(self.0).map(|((scope, ..), level)| (*scope, level))
    }

    /// The level of a scope; none for scopes that do not exist.
    #[must_use]
    pub fn level(&self, scope: &str) -> PermissionLevel {
        self.iter().find(|(name, _)| *name == scope).map_or(Nothing, |(_, level)| level)
    }

    /// Where this asks for more than `most` allows.
    #[must_use]
    pub fn violations(&self, most: &Grant) -> Vec<Violation> {
        let pairs = self.iter().zip(most.0).filter(|((_, asked), allowed)| asked > allowed);
        pairs.map(|((scope, asked), allowed)| Violation { scope, asked, allowed }).collect()
    }
}

impl From<&Permissions> for Grant {
    fn from(permissions: &Permissions) -> Grant {
        Grant::by(|scope| permissions.level(scope))
    }
}

/// What a job's token may do: what the job says, else its workflow, else what the workflow was called with, else the
/// repository's default.
#[must_use]
pub fn effective_permissions(workflow: &Workflow, job: &Job, caller: Option<&Grant>, default: &Grant) -> Grant {
    match (explicit(workflow, job), caller) {
        (Some(permissions), _) => permissions.into(),
        (None, Some(caller)) => caller.clone(),
        (None, None) => default.clone(),
    }
}

/// The block that applies to a job, where one was written.
pub(crate) fn explicit<'a>(workflow: &'a Workflow, job: &'a Job) -> Option<&'a Permissions> {
    job.permissions.as_ref().or(workflow.permissions.as_ref())
}
