use std::str::FromStr;

use super::permission::UnknownName;

/// Who sees a repository without being given a role in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Visibility {
    /// Those with a role.
    #[default]
    Private,
    /// Every user of this server.
    Internal,
    /// Every user, and everybody where the server is open to anonymous readers.
    Public,
}

impl Visibility {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Visibility::Private => "private",
            Visibility::Internal => "internal",
            Visibility::Public => "public",
        }
    }
}

impl FromStr for Visibility {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match text {
            "private" => Ok(Visibility::Private),
            "internal" => Ok(Visibility::Internal),
            "public" => Ok(Visibility::Public),
            _ => Err(UnknownName(text.to_owned())),
        }
    }
}

/// What a decision must know of a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RepoRef {
    pub id: i64,
    /// The account, user or organisation, that has it.
    pub owner_id: i64,
    pub visibility: Visibility,
    /// Nothing but its settings can be changed.
    pub archived: bool,
}
