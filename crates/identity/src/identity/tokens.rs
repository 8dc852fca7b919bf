//! Making and taking back tokens of users, jobs and runners.

use store::{Micros, Tx};

use super::Identity;
use crate::access::{Grant, Scopes};
use crate::audit::{Action, Actor};
use crate::token::{NewToken, TokenKind};
use crate::{Caller, Error, Result};

/// What a job's token can do.
#[derive(Clone, Debug)]
pub struct JobGrant {
    pub job_id: i64,
    pub run_id: i64,
    pub repo_id: i64,
    /// From the workflow's and the job's `permissions:`. What no workflow can ask for is left out here, and all is lowered to
    /// reading when `fork` is set.
    pub grant: Grant,
    /// A pull request from a fork, or of Dependabot, caused the run.
    pub fork: bool,
    /// The end of the job's time at the latest.
    pub expires_at: Micros,
}

/// What a fine-grained token can do.
#[derive(Clone, Debug)]
pub struct FineGrained {
    /// The account whose repositories it is for.
    pub owner_id: i64,
    pub grant: Grant,
    /// All of the owner's when there is none.
    pub repository_ids: Option<Vec<i64>>,
}

impl Identity {
    /// A personal token with scopes.
    pub async fn create_token(
        &self,
        actor: impl Into<Actor>,
        user_id: i64,
        name: &str,
        scopes: &Scopes,
        expires_at: Option<Micros>,
    ) -> Result<(i64, NewToken)> {
        let scopes = scopes.names().collect::<Vec<_>>().join(" ");
        self.insert_token(actor.into(), TokenKind::Personal, user_id, name, &scopes, None, expires_at).await
    }

    /// A token with permissions for repositories of one owner.
    pub async fn create_fine_grained_token(
        &self,
        actor: impl Into<Actor>,
        user_id: i64,
        name: &str,
        what: &FineGrained,
        expires_at: Option<Micros>,
    ) -> Result<(i64, NewToken)> {
        self.insert_token(actor.into(), TokenKind::FineGrained, user_id, name, "", Some(what), expires_at).await
    }

    #[expect(clippy::too_many_arguments, reason = "each is a column")]
    async fn insert_token(
        &self,
        actor: Actor,
        kind: TokenKind,
        user_id: i64,
        name: &str,
        scopes: &str,
        what: Option<&FineGrained>,
        expires_at: Option<Micros>,
    ) -> Result<(i64, NewToken)> {
        if name.trim().is_empty() || name.len() > 100 {
            return Err(Error::invalid("name", "a token's name has 1 to 100 characters"));
        }
        let token = kind.mint()?;
        let mut tx = self.0.store.begin().await?;
        if expires_at.is_some_and(|expires| expires <= tx.now()) {
            return Err(Error::invalid("expires_at", "the token would have expired already"));
        }
        let permissions = what.map_or_else(|| "{}".to_owned(), |what| what.grant.to_json());
        let ids = what.and_then(|what| what.repository_ids.as_ref()).map(|ids| serde_json::json!(ids).to_string());
        let new = store::tokens::NewToken {
            kind: if what.is_some() { "fine_grained" } else { "personal" },
            hash: token.hash.as_str(),
            hint: &token.text[token.text.len() - 8..],
            user_id,
            name: name.trim(),
            scopes,
            owner_id: what.map(|what| what.owner_id),
            permissions: &permissions,
            repository_ids: ids,
            expires_at,
        };
        let id = store::tokens::insert(&mut tx, new).await?;
        let details = serde_json::json!({ "user": user_id, "scopes": scopes, "permissions": permissions });
        self.audit(&mut tx, actor, Action::new("token.create", name.trim()).details(details)).await?;
        tx.commit().await?;
        Ok((id, token))
    }

    /// Deletes a token of a user.
    pub async fn delete_token(&self, caller: &Caller, user_id: i64, id: i64) -> Result<()> {
        let mut tx = self.0.store.begin().await?;
        if !store::tokens::delete(&mut tx, user_id, id).await? {
            return Err(Error::NotFound("the token".to_owned()));
        }
        self.audit(&mut tx, caller, Action::new("token.delete", &id.to_string())).await?;
        tx.commit().await?;
        Ok(())
    }

    /// A token for a job that starts. It is there once the transaction is committed.
    pub async fn issue_job_token(&self, tx: &mut Tx, job: &JobGrant) -> Result<NewToken> {
        let token = TokenKind::Job.mint()?;
        let grant = job.grant.of_a_workflow();
        let grant = if job.fork { grant.read_only() } else { grant };
        let row = store::tokens::JobToken {
            job_id: job.job_id,
            run_id: job.run_id,
            repo_id: job.repo_id,
            permissions: grant.to_json(),
            fork: job.fork,
            expires_at: job.expires_at,
        };
        store::tokens::insert_job(tx, token.hash.as_str(), &row).await?;
        Ok(token)
    }

    /// The job's tokens end with it.
    pub async fn revoke_job_tokens(&self, tx: &mut Tx, job_id: i64) -> Result<()> {
        Ok(store::tokens::delete_of_job(tx, job_id).await?)
    }

    /// A secret for a runner; the one before is void.
    pub async fn issue_runner_secret(&self, tx: &mut Tx, runner_id: i64) -> Result<NewToken> {
        let token = TokenKind::Runner.mint()?;
        store::tokens::set_runner_secret(tx, runner_id, token.hash.as_str()).await?;
        Ok(token)
    }

    /// A runner that is removed gets in no more.
    pub async fn revoke_runner(&self, tx: &mut Tx, runner_id: i64) -> Result<()> {
        Ok(store::tokens::delete_runner_secret(tx, runner_id).await?)
    }

    /// Deletes what has expired, and wrong passwords that nobody counts any more; how many rows.
    pub async fn sweep(&self) -> Result<u64> {
        let mut tx = self.0.store.begin().await?;
        let mut gone = store::tokens::sweep(&mut tx).await?;
        let before = tx.now() - crate::throttle::FORGET * 1_000_000;
        gone += store::sessions::forget_failures(&mut tx, before).await?;
        tx.commit().await?;
        Ok(gone)
    }
}
