use std::collections::BTreeMap;

use super::permission::UnknownName;
use super::{Level, Permission};

/// Permissions with their levels: what a job's token or a fine-grained token was given. What is not named is not given,
/// but for `metadata`, which every token of a repository reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant(BTreeMap<Permission, Level>);

impl Grant {
    #[must_use]
    pub fn new(permissions: impl IntoIterator<Item = (Permission, Level)>) -> Self {
        Self(permissions.into_iter().filter(|(_, level)| *level != Level::None).collect())
    }

    /// From names, as `permissions:` of a workflow and the API have them.
    pub fn from_names<'a>(names: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, UnknownName> {
        let mut permissions = Vec::new();
        for (permission, level) in names {
            permissions.push((permission.parse()?, level.parse()?));
        }
        Ok(Self::new(permissions))
    }

    #[must_use]
    pub fn level(&self, permission: Permission) -> Level {
        let given = self.0.get(&permission).copied().unwrap_or_default();
        if permission == Permission::Metadata { given.max(Level::Read) } else { given }
    }

    pub fn iter(&self) -> impl Iterator<Item = (Permission, Level)> + '_ {
        self.0.iter().map(|(permission, level)| (*permission, *level))
    }

    /// The same with nothing above reading: what a fork's pull request gets. An identity token cannot be read, only made.
    #[must_use]
    pub fn read_only(&self) -> Self {
        let lowered = self.iter().filter(|(permission, _)| *permission != Permission::IdToken);
        Self::new(lowered.map(|(permission, level)| (permission, level.min(Level::Read))))
    }

    /// The same with nothing that a workflow cannot ask for: what a job's token gets, whatever its caller was told.
    #[must_use]
    pub fn of_a_workflow(&self) -> Self {
        Self::new(self.iter().filter(|(permission, _)| permission.is_of_workflows()))
    }

    /// `{"contents":"read"}`, as it is stored.
    #[must_use]
    pub fn to_json(&self) -> String {
        let map: serde_json::Map<String, serde_json::Value> =
            self.iter().map(|(permission, level)| (permission.name().to_owned(), level.name().into())).collect();
        serde_json::Value::Object(map).to_string()
    }

    /// What [`to_json`](Self::to_json) wrote.
    pub fn from_json(text: &str) -> Result<Self, UnknownName> {
        let names: BTreeMap<String, String> =
            serde_json::from_str(text).map_err(|_| UnknownName(format!("grant {text}")))?;
        Self::from_names(names.iter().map(|(permission, level)| (permission.as_str(), level.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forks_read() {
        let grant =
            Grant::from_names([("contents", "write"), ("id-token", "write"), ("checks", "read"), ("issues", "none")])
                .unwrap();
        assert_eq!(grant.read_only().to_json(), r#"{"checks":"read","contents":"read"}"#);
        assert_eq!(Grant::from_json(&grant.to_json()), Ok(grant.clone()));
        assert_eq!(grant.level(Permission::Metadata), Level::Read);
        assert_eq!(grant.level(Permission::Issues), Level::None);
    }
}
