use serde::{Deserialize, Serialize};

use crate::name::Repository;

/// What can be done in a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    Pull,
    Push,
    Delete,
}

impl Action {
    pub const ALL: [Self; 3] = [Self::Pull, Self::Push, Self::Delete];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "push",
            Self::Delete => "delete",
        }
    }
}

/// A scope of a token, as the token protocol of registries has it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Grant {
    /// `repository` or `registry`.
    #[serde(rename = "type")]
    pub kind: String,
    /// A repository, or `catalog`. A repository's name may end in `/**`, or be `**`, in tokens that were minted for a job.
    pub name: String,
    pub actions: Vec<String>,
}

impl Grant {
    /// Actions in a repository, in all below `…/**`, or in all of them with `**`.
    #[must_use]
    pub fn repository(name: &str, actions: &[Action]) -> Self {
        let actions = actions.iter().map(|action| action.name().to_owned()).collect();
        Self { kind: "repository".to_owned(), name: name.to_owned(), actions }
    }

    /// Listing repositories.
    #[must_use]
    pub fn catalog() -> Self {
        Self { kind: "registry".to_owned(), name: "catalog".to_owned(), actions: vec!["*".to_owned()] }
    }

    /// From `repository:team/app:pull,push`. A name may have a port in it.
    pub(crate) fn parse(scope: &str) -> Option<Self> {
        let (kind, rest) = scope.split_once(':')?;
        let (name, actions) = rest.rsplit_once(':')?;
        let actions = actions.split(',').filter(|action| !action.is_empty()).map(str::to_owned).collect();
        // `repository(plugin)` is a repository too.
        let kind = kind.split('(').next().unwrap_or(kind).to_owned();
        Some(Self { kind, name: name.to_owned(), actions })
    }

    pub(crate) fn allows(&self, repository: &Repository, action: Action) -> bool {
        self.kind == "repository"
            && covers(&self.name, repository.as_str())
            && self.actions.iter().any(|allowed| allowed == action.name() || allowed == "*")
    }

    pub(crate) fn allows_catalog(&self) -> bool {
        self.kind == "registry" && self.name == "catalog" && self.actions.iter().any(|allowed| allowed == "*")
    }
}

fn covers(pattern: &str, name: &str) -> bool {
    pattern == "**"
        || pattern == name
        || pattern
            .strip_suffix("/**")
            .is_some_and(|above| name.strip_prefix(above).is_some_and(|rest| rest.starts_with('/')))
}

/// What a request needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// To be let in at all.
    Entry,
    Catalog,
    Repository(Repository, Action),
}

impl Need {
    /// The scope to ask a token for.
    pub(crate) fn scope(&self) -> Option<String> {
        match self {
            Self::Entry => None,
            Self::Catalog => Some("registry:catalog:*".to_owned()),
            Self::Repository(name, Action::Push) => Some(format!("repository:{name}:pull,push")),
            Self::Repository(name, action) => Some(format!("repository:{name}:{}", action.name())),
        }
    }
}

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    Anonymous,
    User(String),
    /// A token, or a secret that stands for one: what it says counts, whoever shows it.
    Bearer {
        subject: String,
        grants: Vec<Grant>,
    },
}

impl Identity {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Anonymous => "",
            Self::User(name) => name,
            Self::Bearer { subject, .. } => subject,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes() {
        let grant = Grant::parse("repository:host:5000/team/app:pull,push").unwrap();
        assert_eq!((grant.name.as_str(), grant.actions.len()), ("host:5000/team/app", 2));
        assert_eq!(Grant::parse("repository(plugin):a:pull").unwrap().kind, "repository");
        assert_eq!(Grant::parse("nonsense"), None);
    }

    #[test]
    fn what_a_grant_covers() {
        let name = |text: &str| text.parse::<Repository>().unwrap();
        for (pattern, repository, expected) in [
            ("a/b", "a/b", true),
            ("a/b", "a/bc", false),
            ("a/**", "a/b/c", true),
            ("a/**", "a", false),
            ("a/**", "ab/c", false),
            ("**", "x", true),
        ] {
            let grant = Grant::repository(pattern, &[Action::Pull]);
            assert_eq!(grant.allows(&name(repository), Action::Pull), expected, "{pattern} {repository}");
            assert!(!grant.allows(&name(repository), Action::Push));
        }
    }
}
