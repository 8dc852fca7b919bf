use std::fmt;
use std::str::FromStr;

use super::permission::UnknownName;

/// What a user is in a repository; each role includes those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    #[default]
    None,
    Read,
    Triage,
    Write,
    Maintain,
    Admin,
}

impl Role {
    pub const ALL: [Role; 6] = [Role::None, Role::Read, Role::Triage, Role::Write, Role::Maintain, Role::Admin];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Role::None => "none",
            Role::Read => "read",
            Role::Triage => "triage",
            Role::Write => "write",
            Role::Maintain => "maintain",
            Role::Admin => "admin",
        }
    }

    /// The older names, which have no triage and no maintain: what `permission` of a collaborator says.
    #[must_use]
    pub fn legacy_name(self) -> &'static str {
        match self {
            Role::None => "none",
            Role::Read | Role::Triage => "read",
            Role::Write | Role::Maintain => "write",
            Role::Admin => "admin",
        }
    }

    /// The GraphQL name: `WRITE`.
    #[must_use]
    pub fn graphql_name(self) -> Option<&'static str> {
        match self {
            Role::None => None,
            Role::Read => Some("READ"),
            Role::Triage => Some("TRIAGE"),
            Role::Write => Some("WRITE"),
            Role::Maintain => Some("MAINTAIN"),
            Role::Admin => Some("ADMIN"),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Takes `pull` and `push` for `read` and `write` too, as the API does.
impl FromStr for Role {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match text {
            "none" => Ok(Role::None),
            "read" | "pull" => Ok(Role::Read),
            "triage" => Ok(Role::Triage),
            "write" | "push" => Ok(Role::Write),
            "maintain" => Ok(Role::Maintain),
            "admin" => Ok(Role::Admin),
            _ => Err(UnknownName(text.to_owned())),
        }
    }
}

/// What a user is in an organisation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrgRole {
    #[default]
    None,
    Member,
    Owner,
}

impl OrgRole {
    /// The API calls owners `admin`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            OrgRole::None => "none",
            OrgRole::Member => "member",
            OrgRole::Owner => "admin",
        }
    }
}

impl FromStr for OrgRole {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match text {
            "none" => Ok(OrgRole::None),
            "member" => Ok(OrgRole::Member),
            "admin" | "owner" => Ok(OrgRole::Owner),
            _ => Err(UnknownName(text.to_owned())),
        }
    }
}
