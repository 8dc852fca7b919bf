//! The end of runs that their engine cannot bring to one: their repository was deleted, or what they were told cannot be read
//! any more. Rows are written as the engine would; whoever waited behind them goes on.

use api::{Conclusion, Event, Reason, RunFinished, WorkflowFinished, WorkflowIndex};
use store::jobs::Completed;
use store::runs::Run;
use store::{Query as _, Tx, args};

use crate::drive::StoredInput;
use crate::{Control, Result};

impl Control {
    /// Ends a run without its engine.
    pub(crate) async fn abandon(&self, run_id: i64, conclusion: Conclusion, reason: Reason) -> Result<()> {
        let mut slot = self.live().slot(run_id).await;
        // What is known of it in memory ends with it.
        drop(slot.take());
        let mut tx = self.store().begin().await?;
        let Some(run) = store::runs::lock(&mut tx, run_id).await?.filter(|run| !run.is_completed()) else {
            return Ok(());
        };
        self.write_end(&mut tx, run, conclusion, reason).await?;
        Ok(tx.commit().await?)
    }

    /// Open runs of repositories that were deleted; nobody can see them, and runners must not work for them.
    pub(crate) async fn end_orphans(&self) -> Result<()> {
        for run_id in store::runs::of_deleted(&mut self.store().read(), 100).await? {
            let text = "the repository was deleted".to_owned();
            let reason = Reason { code: "repository-deleted".to_owned(), reason: text, location: None };
            self.abandon(run_id, Conclusion::Cancelled, reason).await?;
        }
        Ok(())
    }

    /// Runs of outside contributors that nobody approved in the time that there is for it.
    pub(crate) async fn end_unapproved(&self) -> Result<()> {
        let before = self.store().now().saturating_sub(crate::gate::LONGEST_WAIT);
        for run_id in store::runs::unapproved(&mut self.store().read(), before, 100).await? {
            let mut slot = self.live().slot(run_id).await;
            let mut tx = self.store().begin().await?;
            let run = store::runs::lock(&mut tx, run_id).await?;
            // Somebody may have approved it since.
            let Some(run) = run.filter(|run| run.status == "action_required") else { continue };
            drop(slot.take());
            let text = "nobody approved the run within 30 days".to_owned();
            let reason = Reason { code: "approval-expired".to_owned(), reason: text, location: None };
            self.write_end(&mut tx, run, Conclusion::Cancelled, reason).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    async fn write_end(&self, tx: &mut Tx, mut run: Run, conclusion: Conclusion, reason: Reason) -> Result<()> {
        let text = serde_json::to_string(&reason).unwrap_or_default();
        for job in store::jobs::of_attempt(tx, run.id, run.attempt).await? {
            if job.status == "completed" {
                continue;
            }
            self.identity().revoke_job_tokens(tx, job.id).await?;
            if job.status == "in_progress" {
                store::logs::finish(tx, job.id, job.fence).await?;
            }
            let completed = Completed {
                conclusion: conclusion.as_str(),
                reason: Some(&text),
                outputs: "{}",
                first_error: (conclusion == Conclusion::Failure).then_some(reason.reason.as_str()),
                environment_url: None,
            };
            store::jobs::complete(tx, job.id, &completed).await?;
            store::environments::withdraw_gate(tx, job.id).await?;
            if !job.call {
                crate::checks::abandoned(tx, &run, &job, conclusion, &reason).await?;
            }
        }
        for member in store::groups::of_run(tx, run.id, run.attempt).await? {
            if let Some(next) = store::groups::leave(tx, run.id, run.attempt, &member.holder).await? {
                let input = StoredInput::Entered { holder: next.holder.clone() };
                store::runs::send(tx, next.run_id, next.attempt, &input.to_json()).await?;
            }
        }
        store::runs::take_inbox(tx, run.id).await?;
        store::runs::complete(tx, run.id, run.attempt, conclusion.as_str(), Some(&text)).await?;
        self.tell_end(tx, &run, conclusion, reason).await?;
        run.status = "completed".to_owned();
        run.conclusion = Some(conclusion.as_str().to_owned());
        run.updated_at = tx.now();
        crate::event::report_run(self, tx, &run, "completed").await
    }

    async fn tell_end(&self, tx: &mut Tx, run: &Run, conclusion: Conclusion, reason: Reason) -> Result<()> {
        let finished = WorkflowFinished { workflow: WorkflowIndex(0), conclusion, reason: Some(reason) };
        let told = [Event::WorkflowFinished(finished), Event::RunFinished(RunFinished { conclusion })];
        let now = tx.now();
        let rows: Vec<_> =
            told.iter().map(|event| (None, now, serde_json::to_string(event).unwrap_or_default())).collect();
        let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let sql = "UPDATE run_attempts SET next_event = next_event + $3 WHERE run_id = $1 AND attempt = $2 RETURNING next_event";
        // An attempt without a row tells nothing to anybody.
        let next: Option<i64> = tx.fetch_optional(sql, args![run.id, run.attempt, count]).await?;
        if let Some(next) = next {
            store::runs::append_events(tx, run.id, run.attempt, next - count, &rows).await?;
        }
        Ok(())
    }
}

/// Why a run was given up.
pub(crate) fn broken(error: &crate::Error) -> Reason {
    let reason = format!("the run cannot go on: {error}");
    Reason { code: "run-broken".to_owned(), reason, location: None }
}
