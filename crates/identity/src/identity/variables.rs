//! Variables: settings of workflows that are no secrets.

use std::collections::BTreeMap;

use store::Tx;
use store::variables::Variable;

use super::secrets::{check_name, scoped};
use super::{Identity, SecretScope};
use crate::access::{RepoRef, Visibility};
use crate::audit::Action;
use crate::{Caller, Error, Result};

const LONGEST: usize = 48 * 1024;

impl Identity {
    /// Makes a variable.
    #[expect(clippy::too_many_arguments, reason = "each is a part of the variable")]
    pub async fn create_variable(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        scope: SecretScope,
        name: &str,
        value: &str,
        visibility: &str,
        selected: &[i64],
    ) -> Result<()> {
        let name = check_name(name)?;
        check_value(value)?;
        let (kind, id) = scope.columns();
        if store::variables::by_name(tx, kind, id, &name).await?.is_some() {
            return Err(Error::Exists { field: "name", what: format!("the variable {name}") });
        }
        let variable_id = store::variables::insert(tx, kind, id, &name, value, visibility)
            .await
            .map_err(|error| super::accounts::taken(error, "name", &name))?;
        if matches!(scope, SecretScope::Organization(_)) {
            store::variables::select(tx, variable_id, selected).await?;
        }
        self.audit(tx, caller, scoped(Action::new("variable.create", &name), scope)).await
    }

    /// Writes a variable that was read and changed.
    pub async fn update_variable(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        scope: SecretScope,
        variable: &Variable,
    ) -> Result<()> {
        let name = check_name(&variable.name)?;
        check_value(&variable.value)?;
        let (kind, id) = scope.columns();
        let other = store::variables::by_name(tx, kind, id, &name).await?;
        if other.is_some_and(|other| other.id != variable.id) {
            return Err(Error::Exists { field: "name", what: format!("the variable {name}") });
        }
        store::variables::update(tx, &Variable { name: name.clone(), ..variable.clone() }).await?;
        self.audit(tx, caller, scoped(Action::new("variable.update", &name), scope)).await
    }

    pub async fn delete_variable(&self, tx: &mut Tx, caller: &Caller, scope: SecretScope, name: &str) -> Result<()> {
        let name = name.to_ascii_uppercase();
        let (kind, id) = scope.columns();
        if !store::variables::delete(tx, kind, id, &name).await? {
            return Err(Error::NotFound(format!("the variable {name}")));
        }
        self.audit(tx, caller, scoped(Action::new("variable.delete", &name), scope)).await
    }

    /// Every variable a job sees, by name: the environment's before the repository's before the organisation's.
    pub async fn variables_for_job(
        &self,
        repo: &RepoRef,
        environment_id: Option<i64>,
    ) -> Result<BTreeMap<String, String>> {
        let mut query = self.0.store.read();
        let private = repo.visibility != Visibility::Public;
        let mut rows = store::variables::of_organization_for(&mut query, repo.owner_id, repo.id, private).await?;
        rows.extend(store::variables::list(&mut query, "repository", repo.id, 0, i64::MAX).await?);
        if let Some(id) = environment_id {
            rows.extend(store::variables::list(&mut query, "environment", id, 0, i64::MAX).await?);
        }
        Ok(rows.into_iter().map(|row| (row.name, row.value)).collect())
    }
}

fn check_value(value: &str) -> Result<()> {
    if value.len() > LONGEST {
        return Err(Error::invalid("value", format!("a variable has {LONGEST} bytes at most")));
    }
    if value.contains('\0') {
        return Err(Error::invalid("value", "a variable has no NUL in it"));
    }
    Ok(())
}
