//! Ending a run before its time.

use identity::{Action, Caller};

use crate::drive::{StoredInput, Turn};
use crate::{Control, Error, Result};

impl Control {
    /// Cancels a run as GitHub does: jobs whose `if` still holds go on, running steps are asked to stop. With `force`
    /// nothing goes on.
    ///
    /// # Errors
    /// When it is over.
    pub async fn cancel_run(&self, caller: &Caller, run_id: i64, force: bool) -> Result<()> {
        match self.cancel_by_engine(caller, run_id, force).await {
            // Whatever is wrong with it: by force it ends.
            Err(error @ (Error::Broken { .. } | Error::Identity(_))) if force && !error.is_passing() => {
                self.abandon_for(caller, run_id, &error).await
            }
            done => done,
        }
    }

    async fn cancel_by_engine(&self, caller: &Caller, run_id: i64, force: bool) -> Result<()> {
        let mut slot = self.live().slot(run_id).await;
        let mut tx = self.store().begin().await?;
        let opened = Turn::open(self, &mut tx, &mut slot, run_id).await?;
        let mut turn = opened.ok_or_else(|| Error::NotFound("the run".to_owned()))?;
        if turn.run.is_completed() {
            return Err(Error::Conflict("the run is completed".to_owned()));
        }
        if turn.run.status == "action_required" {
            // It has not begun: it begins cancelled, so that its jobs are told.
            turn.push(StoredInput::Start);
        }
        turn.push(if force { StoredInput::Kill } else { StoredInput::Cancel });
        turn.settle().await?;
        if force {
            turn.kill_running().await?;
        }
        let (path, repo_id) = (turn.run.workflow_path.clone(), turn.run.repo_id);
        let live = turn.finish().await?;
        let name = if force { "run.force_cancel" } else { "run.cancel" };
        let details = serde_json::json!({ "run_id": run_id });
        self.identity().audit(&mut tx, caller, Action::new(name, &path).repo(repo_id).details(details)).await?;
        tx.commit().await?;
        slot.keep(live);
        Ok(())
    }
}

impl Control {
    async fn abandon_for(&self, caller: &Caller, run_id: i64, error: &Error) -> Result<()> {
        self.abandon(run_id, api::Conclusion::Cancelled, crate::abandon::broken(error)).await?;
        let mut tx = self.store().begin().await?;
        let run = store::runs::by_id(&mut tx, run_id).await?.ok_or_else(|| Error::NotFound("the run".to_owned()))?;
        let details = serde_json::json!({ "run_id": run_id, "broken": error.to_string() });
        let action = Action::new("run.force_cancel", &run.workflow_path).repo(run.repo_id).details(details);
        self.identity().audit(&mut tx, caller, action).await?;
        Ok(tx.commit().await?)
    }
}

impl Turn<'_> {
    /// Those that were asked politely before are killed now.
    async fn kill_running(&mut self) -> Result<()> {
        let deadline = self.tx.now() + 2 * crate::settings::micros(self.control().settings().lease);
        for job in store::jobs::of_attempt(self.tx, self.run.id, self.run.attempt).await? {
            if job.status == "in_progress" {
                store::jobs::ask_to_stop(self.tx, job.id, true, deadline).await?;
            }
        }
        Ok(())
    }
}
