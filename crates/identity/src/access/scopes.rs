use std::fmt;

use super::permission::UnknownName;
use super::{Level, Permission, Visibility};

/// What a personal token of the older kind can do, by GitHub's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(usize);

/// Every scope, with those it includes.
pub const SCOPES: &[(&str, &[&str])] = &[
    ("admin:org", &["write:org", "read:org", "manage_runners:org"]),
    ("admin:org_hook", &[]),
    ("admin:repo_hook", &["write:repo_hook", "read:repo_hook"]),
    ("delete_repo", &[]),
    ("manage_runners:org", &[]),
    ("public_repo", &[]),
    ("read:audit_log", &[]),
    ("read:org", &[]),
    ("read:packages", &[]),
    ("read:repo_hook", &[]),
    ("read:user", &[]),
    ("repo", &["repo:status", "repo_deployment", "public_repo"]),
    ("repo:status", &[]),
    ("repo_deployment", &[]),
    ("site_admin", &["read:audit_log"]),
    ("user", &["read:user", "user:email"]),
    ("user:email", &[]),
    ("workflow", &[]),
    ("write:org", &["read:org"]),
    ("write:packages", &["read:packages"]),
    ("write:repo_hook", &["read:repo_hook"]),
];

impl Scope {
    pub fn parse(name: &str) -> Result<Self, UnknownName> {
        SCOPES.iter().position(|scope| scope.0 == name).map(Scope).ok_or_else(|| UnknownName(name.to_owned()))
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        SCOPES.get(self.0).map_or("", |scope| scope.0)
    }
}

/// The scopes of one token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, UnknownName> {
        let names = names.into_iter().map(str::trim).filter(|name| !name.is_empty());
        let mut scopes = names.map(Scope::parse).collect::<Result<Vec<_>, _>>()?;
        scopes.sort_unstable();
        scopes.dedup();
        Ok(Self(scopes))
    }

    /// All there are: what a session and a password stand for.
    #[must_use]
    pub fn all() -> Self {
        Self((0..SCOPES.len()).map(Scope).collect())
    }

    /// Whether the token has the scope or one that includes it.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0
            .iter()
            .any(|scope| SCOPES.get(scope.0).is_some_and(|(own, includes)| *own == name || includes.contains(&name)))
    }

    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.iter().map(|scope| scope.name())
    }

    /// Whether the token reaches this far in a repository, whatever its user may do. The scopes of which one is enough are
    /// the error.
    pub fn cover(&self, permission: Permission, level: Level, visibility: Visibility) -> Result<(), Vec<&'static str>> {
        let enough = scopes_for(permission, level, visibility);
        if enough.is_empty() || enough.iter().any(|scope| self.has(scope)) { Ok(()) } else { Err(enough) }
    }
}

/// The scopes of which one is enough; none is needed where the list is empty.
fn scopes_for(permission: Permission, level: Level, visibility: Visibility) -> Vec<&'static str> {
    use Permission as P;
    let public = visibility == Visibility::Public;
    match (permission, level) {
        (P::RepositoryHooks, Level::Read) => vec!["read:repo_hook", "repo"],
        (P::RepositoryHooks, _) => vec!["write:repo_hook", "repo"],
        (P::Members, Level::Read) => vec!["read:org"],
        (P::Members, _) => vec!["write:org"],
        (P::OrganizationHooks, _) => vec!["admin:org_hook"],
        (P::OrganizationRunners, _) => vec!["manage_runners:org"],
        (P::OrganizationAdministration | P::OrganizationSecrets | P::OrganizationVariables, _) => vec!["admin:org"],
        (P::Packages, Level::Read) => vec!["read:packages"],
        (P::Packages, _) => vec!["write:packages"],
        (P::Workflows, _) => vec!["workflow"],
        (P::Secrets | P::Variables | P::Administration | P::SecurityEvents, Level::Read) => vec!["repo"],
        (_, Level::None) => Vec::new(),
        (_, Level::Read) if public => Vec::new(),
        (P::Statuses, _) if public => vec!["repo:status", "public_repo", "repo"],
        (P::Statuses, _) => vec!["repo:status", "repo"],
        (P::Deployments, _) if public => vec!["repo_deployment", "public_repo", "repo"],
        (P::Deployments, _) => vec!["repo_deployment", "repo"],
        (P::Contents | P::Issues | P::PullRequests | P::Discussions | P::Metadata, _) if public => {
            vec!["public_repo", "repo"]
        }
        _ => vec!["repo"],
    }
}

/// As `X-OAuth-Scopes` has them.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inclusion() {
        assert!(SCOPES.is_sorted());
        for (_, includes) in SCOPES {
            assert!(includes.iter().all(|name| Scope::parse(name).is_ok()));
        }
        let scopes = Scopes::parse("repo, admin:org,".split(',')).unwrap();
        assert_eq!(scopes.to_string(), "admin:org, repo");
        assert!(scopes.has("public_repo") && scopes.has("read:org") && !scopes.has("workflow"));
        assert!(Scopes::parse(["everything"]).is_err());
    }

    #[test]
    fn what_scopes_reach() {
        let table = [
            ("", Permission::Contents, Level::Read, Visibility::Public, true),
            ("", Permission::Contents, Level::Read, Visibility::Private, false),
            ("public_repo", Permission::Contents, Level::Write, Visibility::Public, true),
            ("public_repo", Permission::Contents, Level::Write, Visibility::Internal, false),
            ("public_repo", Permission::Actions, Level::Write, Visibility::Public, false),
            ("repo", Permission::Actions, Level::Write, Visibility::Private, true),
            ("repo:status", Permission::Statuses, Level::Write, Visibility::Private, true),
            ("repo:status", Permission::Contents, Level::Read, Visibility::Private, false),
            ("repo", Permission::Workflows, Level::Write, Visibility::Public, false),
            ("repo", Permission::OrganizationSecrets, Level::Read, Visibility::Private, false),
            ("admin:org", Permission::OrganizationRunners, Level::Write, Visibility::Private, true),
            ("public_repo", Permission::Secrets, Level::Read, Visibility::Public, false),
        ];
        for (scopes, permission, level, visibility, expected) in table {
            let scopes = Scopes::parse(scopes.split(',')).unwrap();
            assert_eq!(scopes.cover(permission, level, visibility).is_ok(), expected, "{scopes} {permission}");
        }
    }
}
