use std::fmt;
use std::str::FromStr;

use super::{OrgRole, Role};

/// What a fine-grained token or a job's token can be given, by GitHub's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    Actions,
    Administration,
    Attestations,
    Checks,
    Contents,
    Deployments,
    Discussions,
    Environments,
    IdToken,
    Issues,
    Members,
    Metadata,
    Models,
    OrganizationAdministration,
    OrganizationHooks,
    OrganizationRunners,
    OrganizationSecrets,
    OrganizationVariables,
    Packages,
    Pages,
    PullRequests,
    RepositoryHooks,
    Secrets,
    SecurityEvents,
    Statuses,
    Variables,
    Workflows,
}

/// How far a permission goes; `Write` includes `Read`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    #[default]
    None,
    Read,
    Write,
}

use Permission as P;

/// Every permission with its name in the API, the role that reading takes and the role that writing takes.
const TABLE: &[(Permission, &str, Role, Role)] = &[
    (P::Actions, "actions", Role::Read, Role::Write),
    (P::Administration, "administration", Role::Admin, Role::Admin),
    (P::Attestations, "attestations", Role::Read, Role::Write),
    (P::Checks, "checks", Role::Read, Role::Write),
    (P::Contents, "contents", Role::Read, Role::Write),
    (P::Deployments, "deployments", Role::Read, Role::Write),
    (P::Discussions, "discussions", Role::Read, Role::Triage),
    (P::Environments, "environments", Role::Read, Role::Admin),
    (P::IdToken, "id_token", Role::Write, Role::Write),
    (P::Issues, "issues", Role::Read, Role::Triage),
    (P::Members, "members", Role::Read, Role::Admin),
    (P::Metadata, "metadata", Role::Read, Role::Read),
    (P::Models, "models", Role::Read, Role::Read),
    (P::OrganizationAdministration, "organization_administration", Role::Admin, Role::Admin),
    (P::OrganizationHooks, "organization_hooks", Role::Admin, Role::Admin),
    (P::OrganizationRunners, "organization_self_hosted_runners", Role::Admin, Role::Admin),
    (P::OrganizationSecrets, "organization_secrets", Role::Admin, Role::Admin),
    (P::OrganizationVariables, "organization_actions_variables", Role::Admin, Role::Admin),
    (P::Packages, "packages", Role::Read, Role::Write),
    (P::Pages, "pages", Role::Read, Role::Maintain),
    (P::PullRequests, "pull_requests", Role::Read, Role::Write),
    (P::RepositoryHooks, "repository_hooks", Role::Admin, Role::Admin),
    (P::Secrets, "secrets", Role::Write, Role::Admin),
    (P::SecurityEvents, "security_events", Role::Write, Role::Write),
    (P::Statuses, "statuses", Role::Read, Role::Write),
    (P::Variables, "actions_variables", Role::Write, Role::Admin),
    (P::Workflows, "workflows", Role::Write, Role::Write),
];

impl Permission {
    /// All of them, in the order of their names.
    pub fn all() -> impl Iterator<Item = Permission> {
        TABLE.iter().map(|row| row.0)
    }

    /// The name in the API: `pull_requests`.
    #[must_use]
    pub fn name(self) -> &'static str {
        TABLE.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// Whether `permissions:` of a workflow has it.
    #[must_use]
    pub fn is_of_workflows(self) -> bool {
        matches!(
            self,
            P::Actions
                | P::Attestations
                | P::Checks
                | P::Contents
                | P::Deployments
                | P::Discussions
                | P::IdToken
                | P::Issues
                | P::Metadata
                | P::Models
                | P::Packages
                | P::Pages
                | P::PullRequests
                | P::SecurityEvents
                | P::Statuses
        )
    }

    /// The least role in a repository that has this permission at this level.
    #[must_use]
    pub fn role(self, level: Level) -> Role {
        let row = TABLE.iter().find(|row| row.0 == self);
        match level {
            Level::None => Role::None,
            Level::Read => row.map_or(Role::Admin, |row| row.2),
            Level::Write => row.map_or(Role::Admin, |row| row.3),
        }
    }

    /// The least role in an organisation. Only who is a member is seen by members; all else is the owners'.
    #[must_use]
    pub fn org_role(self, level: Level) -> OrgRole {
        match (self, level) {
            (_, Level::None) => OrgRole::None,
            (P::Members | P::Metadata, Level::Read) => OrgRole::Member,
            _ => OrgRole::Owner,
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Takes the API's names and those of workflow files, which have hyphens.
impl FromStr for Permission {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let name = text.replace('-', "_");
        let found = TABLE.iter().find(|row| row.1 == name || (name == "variables" && row.0 == P::Variables));
        found.map(|row| row.0).ok_or_else(|| UnknownName(text.to_owned()))
    }
}

impl Level {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Level::None => "none",
            Level::Read => "read",
            Level::Write => "write",
        }
    }
}

impl FromStr for Level {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match text {
            "none" => Ok(Level::None),
            "read" => Ok(Level::Read),
            "write" | "admin" => Ok(Level::Write),
            _ => Err(UnknownName(text.to_owned())),
        }
    }
}

/// A name that is none of those it could be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is unknown")]
pub struct UnknownName(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for permission in Permission::all() {
            assert_eq!(permission.name().parse(), Ok(permission));
            assert!(permission.role(Level::Read) <= permission.role(Level::Write), "{permission}");
        }
        assert_eq!("pull-requests".parse(), Ok(Permission::PullRequests));
        assert_eq!("id-token".parse(), Ok(Permission::IdToken));
        assert!("everything".parse::<Permission>().is_err());
        assert!(TABLE.is_sorted_by_key(|row| row.0));
    }
}
