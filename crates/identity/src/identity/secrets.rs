//! Secrets: written by sealed boxes or in clear over TLS, read by jobs only.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use store::Tx;
use store::secrets::Sealed;
use zeroize::Zeroizing;

use super::Identity;
use crate::access::{RepoRef, Visibility};
use crate::audit::Action;
use crate::secrets::sealed_box;
use crate::{Aad, Caller, Error, Result};

/// The longest value, in bytes, as on GitHub.
const LONGEST: usize = 48 * 1024;
/// The most secrets of one scope; organisations have ten times as many on GitHub, so that is the limit here for all.
const MOST: i64 = 1000;

/// What a secret or variable belongs to, by the id of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecretScope {
    Repository(i64),
    Environment(i64),
    Organization(i64),
    /// Of a repository, for runs that Dependabot causes.
    Dependabot(i64),
}

impl SecretScope {
    /// As it is kept in SQL.
    #[must_use]
    pub fn columns(self) -> (&'static str, i64) {
        match self {
            SecretScope::Repository(id) => ("repository", id),
            SecretScope::Environment(id) => ("environment", id),
            SecretScope::Organization(id) => ("organization", id),
            SecretScope::Dependabot(id) => ("dependabot", id),
        }
    }
}

/// Which secrets a run gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretTrust {
    /// Those of organisation, repository and environment.
    Full,
    /// Dependabot caused it: its own only.
    Dependabot,
    /// A fork caused it: none.
    None,
}

/// Why a secret or variable cannot have this name; the name as it is kept, in capitals.
pub(super) fn check_name(name: &str) -> Result<String> {
    let first = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let rest = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !first || !rest || name.len() > 255 {
        return Err(Error::invalid(
            "name",
            "a name has letters, digits and `_`, does not begin with a digit, and has 255 characters at most",
        ));
    }
    let name = name.to_ascii_uppercase();
    if name.starts_with("GITHUB_") {
        return Err(Error::invalid("name", "names that begin with `GITHUB_` are the server's own"));
    }
    Ok(name)
}

fn aad(scope: SecretScope, name: &str) -> Aad {
    let (kind, id) = scope.columns();
    Aad::new(&["secret", kind, &id.to_string(), name])
}

fn key_aad(scope: SecretScope) -> Aad {
    let (kind, id) = scope.columns();
    Aad::new(&["box key", kind, &id.to_string()])
}

impl Identity {
    /// Writes a secret; `true` when it is new. `visibility` is for organisations: which of their repositories get it.
    #[expect(clippy::too_many_arguments, reason = "each is a part of the secret")]
    pub async fn put_secret(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        scope: SecretScope,
        name: &str,
        value: &[u8],
        visibility: &str,
        selected: &[i64],
    ) -> Result<bool> {
        let name = check_name(name)?;
        if value.len() > LONGEST {
            return Err(Error::invalid("value", format!("a secret has {LONGEST} bytes at most")));
        }
        if std::str::from_utf8(value).is_err() {
            return Err(Error::invalid(
                "value",
                "a secret is text in UTF-8; encode other bytes, in base64 for example",
            ));
        }
        let (kind, id) = scope.columns();
        let envelope = self.seal(value, &aad(scope, &name))?;
        let (secret_id, new) = store::secrets::put(tx, kind, id, &name, &envelope, visibility).await?;
        if new && store::secrets::count(tx, kind, id).await? > MOST {
            return Err(Error::invalid("name", format!("there are {MOST} secrets already")));
        }
        if matches!(scope, SecretScope::Organization(_)) {
            store::secrets::select(tx, secret_id, selected).await?;
        }
        self.audit(tx, caller, scoped(Action::new("secret.put", &name), scope)).await?;
        Ok(new)
    }

    /// Deletes a secret.
    pub async fn delete_secret(&self, tx: &mut Tx, caller: &Caller, scope: SecretScope, name: &str) -> Result<()> {
        let name = name.to_ascii_uppercase();
        let (kind, id) = scope.columns();
        if !store::secrets::delete(tx, kind, id, &name).await? {
            return Err(Error::NotFound(format!("the secret {name}")));
        }
        self.audit(tx, caller, scoped(Action::new("secret.delete", &name), scope)).await
    }

    /// The id and the public half, in base64, of the pair that clients seal this scope's secrets for.
    pub async fn sealed_box_key(&self, scope: SecretScope) -> Result<(String, String)> {
        let (kind, id) = scope.columns();
        if let Some(key) = store::secrets::box_key(&mut self.0.store.read(), kind, id).await? {
            return Ok((key.id.to_string(), BASE64_STANDARD.encode(key.public)));
        }
        let (public, secret) = sealed_box::generate()?;
        let envelope = self.seal(secret.as_ref(), &key_aad(scope))?;
        let mut tx = self.0.store.begin().await?;
        store::secrets::insert_box_key(&mut tx, kind, id, &public, &envelope).await?;
        let kept = store::secrets::box_key(&mut tx, kind, id).await?;
        tx.commit().await?;
        let kept = kept.ok_or(store::Error::Missing)?;
        Ok((kept.id.to_string(), BASE64_STANDARD.encode(kept.public)))
    }

    /// Opens what a client sealed (base64) for the pair of that id.
    pub async fn open_sealed_box(
        &self,
        scope: SecretScope,
        key_id: &str,
        encrypted: &str,
    ) -> Result<Zeroizing<Vec<u8>>> {
        let (kind, id) = scope.columns();
        let key = store::secrets::box_key(&mut self.0.store.read(), kind, id).await?;
        let key = key.filter(|key| key.id.to_string() == key_id).ok_or_else(|| {
            Error::invalid("key_id", "the key is another one now: get the public key again and seal for that")
        })?;
        let sealed = BASE64_STANDARD
            .decode(encrypted.trim())
            .map_err(|_| Error::invalid("encrypted_value", "expected base64 of a sealed box"))?;
        let secret = self.open(&key.sealed, &key_aad(scope))?;
        let secret =
            <[u8; 32]>::try_from(secret.as_slice()).map_err(|_| Error::Envelope("its key has another length"))?;
        sealed_box::open(&Zeroizing::new(secret), &sealed)
            .ok_or_else(|| Error::invalid("encrypted_value", "this was not sealed for the public key of this scope"))
    }

    /// Every secret a job gets, by name: the environment's before the repository's before the organisation's.
    pub async fn secrets_for_job(
        &self,
        repo: &RepoRef,
        environment_id: Option<i64>,
        trust: SecretTrust,
    ) -> Result<BTreeMap<String, Zeroizing<String>>> {
        let mut found = BTreeMap::new();
        let mut query = self.0.store.read();
        match trust {
            SecretTrust::None => {}
            SecretTrust::Dependabot => {
                let scope = SecretScope::Dependabot(repo.id);
                self.add(&mut found, scope, store::secrets::sealed(&mut query, "dependabot", repo.id).await?)?;
            }
            SecretTrust::Full => {
                let private = repo.visibility != Visibility::Public;
                let rows = store::secrets::sealed_of_organization(&mut query, repo.owner_id, repo.id, private).await?;
                self.add(&mut found, SecretScope::Organization(repo.owner_id), rows)?;
                let rows = store::secrets::sealed(&mut query, "repository", repo.id).await?;
                self.add(&mut found, SecretScope::Repository(repo.id), rows)?;
                if let Some(id) = environment_id {
                    let rows = store::secrets::sealed(&mut query, "environment", id).await?;
                    self.add(&mut found, SecretScope::Environment(id), rows)?;
                }
            }
        }
        Ok(found)
    }

    fn add(
        &self,
        found: &mut BTreeMap<String, Zeroizing<String>>,
        scope: SecretScope,
        rows: Vec<Sealed>,
    ) -> Result<()> {
        for row in rows {
            let value = self.open(&row.sealed, &aad(scope, &row.name))?;
            let text = std::str::from_utf8(&value).map_err(|_| Error::Envelope("it holds no text"))?;
            found.insert(row.name, Zeroizing::new(text.to_owned()));
        }
        Ok(())
    }
}

pub(super) fn scoped(action: Action<'_>, scope: SecretScope) -> Action<'_> {
    let (kind, id) = scope.columns();
    let details = serde_json::json!({ "scope": kind, "scope_id": id });
    match scope {
        SecretScope::Repository(id) | SecretScope::Dependabot(id) => action.repo(id).details(details),
        SecretScope::Organization(id) => action.org(id).details(details),
        SecretScope::Environment(_) => action.details(details),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn names() {
        assert_eq!(super::check_name("npm_Token1").unwrap(), "NPM_TOKEN1");
        for name in ["", "1A", "A-B", "A B", "github_token", "Ä", &"A".repeat(256)] {
            assert!(super::check_name(name).is_err(), "{name}");
        }
    }
}
