//! People's decisions: about deployments that wait, and about runs of outside contributors.

use identity::{Action, Caller, Level, Permission};
use store::environments::Review;
use store::runs::Run;

use crate::drive::StoredInput;
use crate::{Control, Error, Result, gate};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Approve,
    Reject,
}

impl Control {
    /// Decides about the deployments of a run that wait for these environments (by id; none means all).
    ///
    /// # Errors
    /// When nothing waits, or the caller is no reviewer, or started the run where that is forbidden.
    pub async fn review_deployments(
        &self,
        caller: &Caller,
        run_id: i64,
        environments: &[i64],
        decision: Decision,
        comment: &str,
    ) -> Result<()> {
        let user = caller.user().ok_or_else(|| Error::Forbidden("only users review deployments".to_owned()))?;
        let mut tx = self.store().begin().await?;
        let run = store::runs::by_id(&mut tx, run_id).await?.ok_or_else(|| Error::NotFound("the run".to_owned()))?;
        let waiting = store::environments::waiting_gates(&mut tx, run_id).await?;
        let chosen: Vec<_> = waiting
            .into_iter()
            .filter(|gate| environments.is_empty() || environments.contains(&gate.environment_id))
            .collect();
        if chosen.is_empty() {
            return Err(Error::Conflict("no deployment of this run waits for these environments".to_owned()));
        }
        // All gates first: the end of the audit log is locked by whoever writes there.
        let mut done = Vec::new();
        for waiting in chosen {
            let Some(gate) = store::environments::lock_gate(&mut tx, waiting.id).await? else { continue };
            let environment = store::environments::by_id(&mut tx, gate.environment_id)
                .await?
                .ok_or_else(|| Error::NotFound("the environment".to_owned()))?;
            let started = run.actor_id == Some(user.id) || run.trigger_login.eq_ignore_ascii_case(&user.login);
            let refused = if !gate::is_reviewer(&mut tx, &environment, user.id).await? {
                Some(format!("{} is no reviewer of the environment `{}`", user.login, environment.name))
            } else if environment.prevent_self_review && started && decision == Decision::Approve {
                Some(format!(
                    "{} started the run, and `{}` wants somebody else's approval",
                    user.login, environment.name
                ))
            } else {
                None
            };
            if let Some(reason) = refused {
                self.identity().refused(caller, "deployment.review", Some(run.repo_id), &environment.name, &reason);
                return Err(Error::Forbidden(reason));
            }
            let state = if decision == Decision::Approve { "approved" } else { "rejected" };
            let review = Review {
                user_id: user.id,
                login: user.login.clone(),
                state: state.to_owned(),
                comment: comment.to_owned(),
                created_at: tx.now(),
            };
            store::environments::put_review(&mut tx, gate.id, &review).await?;
            gate::settle(&mut tx, &gate).await?;
            done.push((gate.job_id, environment.name));
        }
        let name = if decision == Decision::Approve { "deployment.approve" } else { "deployment.reject" };
        for (job_id, environment) in done {
            let details = serde_json::json!({ "run_id": run_id, "job_id": job_id, "comment": comment });
            let action = Action::new(name, &environment).repo(run.repo_id).details(details);
            self.identity().audit(&mut tx, caller, action).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Lets waiting deployments go without their rules. The caller administers the repository, which was checked.
    ///
    /// # Errors
    /// When nothing waits, or an environment takes no bypass.
    pub async fn bypass_deployments(
        &self,
        caller: &Caller,
        run_id: i64,
        environments: &[i64],
        comment: &str,
    ) -> Result<()> {
        let user = caller.user().ok_or_else(|| Error::Forbidden("only users pass over rules".to_owned()))?;
        let mut tx = self.store().begin().await?;
        let mut done = Vec::new();
        for gate in store::environments::waiting_gates(&mut tx, run_id).await? {
            if !environments.is_empty() && !environments.contains(&gate.environment_id) {
                continue;
            }
            let Some(gate) = store::environments::lock_gate(&mut tx, gate.id).await? else { continue };
            let environment = store::environments::by_id(&mut tx, gate.environment_id).await?;
            if environment.is_none_or(|environment| !environment.admins_bypass) {
                let text = format!("the environment `{}` lets nobody pass over its rules", gate.environment);
                self.identity().refused(caller, "deployment.bypass", Some(gate.repo_id), &gate.environment, &text);
                return Err(Error::Forbidden(text));
            }
            let (login, now) = (user.login.clone(), tx.now());
            let state = "bypassed".to_owned();
            let review = Review { user_id: user.id, login, state, comment: comment.to_owned(), created_at: now };
            store::environments::put_review(&mut tx, gate.id, &review).await?;
            gate::settle(&mut tx, &gate).await?;
            done.push(gate);
        }
        if done.is_empty() {
            return Err(Error::Conflict("no deployment of this run waits".to_owned()));
        }
        for gate in done {
            let action = Action::new("deployment.bypass", &gate.environment).repo(gate.repo_id);
            self.identity().audit(&mut tx, caller, action).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Starts a run that waits for approval because somebody from outside caused it. The caller may write to the
    /// repository, which was checked.
    ///
    /// # Errors
    /// When the run does not wait.
    pub async fn approve_run(&self, caller: &Caller, run_id: i64) -> Result<Run> {
        let mut slot = self.live().slot(run_id).await;
        let mut tx = self.store().begin().await?;
        let opened = crate::drive::Turn::open(self, &mut tx, &mut slot, run_id).await?;
        let mut turn = opened.ok_or_else(|| Error::NotFound("the run".to_owned()))?;
        if turn.run.status != "action_required" {
            return Err(Error::Conflict("this run does not wait for approval".to_owned()));
        }
        store::runs::set_status(turn.tx, run_id, "queued").await?;
        turn.run.status = "queued".to_owned();
        let run = turn.run.clone();
        turn.push(StoredInput::Start);
        turn.settle().await?;
        let live = turn.finish().await?;
        let action = Action::new("run.approve", &run.workflow_path).repo(run.repo_id);
        self.identity().audit(&mut tx, caller, action).await?;
        tx.commit().await?;
        slot.keep(live);
        Ok(run)
    }

    /// Checks that a caller may do something with the runs of a repository.
    ///
    /// # Errors
    /// The refusal.
    pub async fn allow(&self, caller: &Caller, repo_id: i64, level: Level) -> Result<()> {
        let repository = self.forge().repository_by_id(repo_id).await?;
        Ok(self.identity().allow(caller, &forge::repo_ref(&repository), Permission::Actions, level).await?)
    }
}
