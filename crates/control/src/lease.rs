//! Jobs whose runner is gone, and jobs past their time.

use api::{Conclusion, Event, LegId, Reason};
use store::jobs::Job;

use crate::drive::Turn;
use crate::settings::micros;
use crate::{Control, Result};

/// A job is put back into the queue so often.
const REQUEUES: i64 = 1;

impl Control {
    /// Takes jobs from runners that were not heard of, and ends those past their time.
    pub(crate) async fn sweep_jobs(&self) -> Result<()> {
        for (job_id, run_id) in store::queue::expired(&mut self.store().read(), 100).await? {
            self.with_job(run_id, job_id, Why::LeaseExpired).await?;
        }
        for (job_id, run_id) in store::queue::overdue(&mut self.store().read(), 100).await? {
            self.with_job(run_id, job_id, Why::Overdue).await?;
        }
        Ok(())
    }

    async fn with_job(&self, run_id: i64, job_id: i64, why: Why) -> Result<()> {
        let mut slot = self.live().slot(run_id).await;
        let mut tx = self.store().begin().await?;
        let Some(mut turn) = Turn::open(self, &mut tx, &mut slot, run_id).await? else { return Ok(()) };
        if let Some(job) = store::jobs::lock(turn.tx, job_id).await? {
            match why {
                Why::LeaseExpired => turn.lease_expired(&job).await?,
                Why::Overdue => turn.overdue(&job).await?,
            }
        }
        turn.settle().await?;
        let live = turn.finish().await?;
        tx.commit().await?;
        slot.keep(live);
        Ok(())
    }
}

enum Why {
    LeaseExpired,
    Overdue,
}

impl Turn<'_> {
    async fn lease_expired(&mut self, job: &Job) -> Result<()> {
        // Heard of since it was looked at.
        if job.status != "in_progress" || job.lease_until.is_none_or(|until| until >= self.tx.now()) {
            return Ok(());
        }
        let text = format!("nothing was heard of the runner {}", job.runner_name.as_deref().unwrap_or("it ran on"));
        self.lost(job, Reason { code: "runner-lost".to_owned(), reason: text, location: None }).await
    }

    /// The claim of a job is void: once it is queued again, then it fails. One that was to stop has stopped.
    pub(crate) async fn lost(&mut self, job: &Job, reason: Reason) -> Result<()> {
        let leg = LegId(u32::try_from(job.leg).unwrap_or(u32::MAX));
        self.control().identity().revoke_job_tokens(self.tx, job.id).await?;
        store::logs::finish(self.tx, job.id, job.fence).await?;
        if job.cancel {
            self.ended(leg, Conclusion::Cancelled, Vec::new(), reason.into());
            return Ok(());
        }
        if job.lost_count < REQUEUES {
            let message = format!("{}: {}; the job is queued again", job.name, reason.reason);
            let deadline = self.tx.now().saturating_add(micros(self.control().settings().longest_in_queue));
            store::queue::requeue(self.tx, job.id, Some(deadline)).await?;
            self.moved();
            self.tell(Some(leg), &Event::Notice { message });
            return Ok(());
        }
        let text = format!("{}, for the second time", reason.reason);
        self.ended(leg, Conclusion::Failure, Vec::new(), Reason { reason: text, ..reason }.into());
        Ok(())
    }

    async fn overdue(&mut self, job: &Job) -> Result<()> {
        let now = self.tx.now();
        if job.deadline.is_none_or(|deadline| deadline >= now) {
            return Ok(());
        }
        let leg = LegId(u32::try_from(job.leg).unwrap_or(u32::MAX));
        match job.status.as_str() {
            "queued" => {
                let text = format!("no runner took the job within its time in the queue; it asks for {}", job.labels);
                let reason = Reason { code: "queue-timeout".to_owned(), reason: text, location: None };
                self.ended(leg, Conclusion::Failure, Vec::new(), reason.into());
            }
            "in_progress" if job.kill => {
                let text = "the job was to stop and its runner did not say that it has".to_owned();
                let conclusion =
                    if job.cancel && job.lost_count == 0 { Conclusion::Cancelled } else { Conclusion::Failure };
                let reason = Reason { code: "timeout".to_owned(), reason: text, location: None };
                self.control().identity().revoke_job_tokens(self.tx, job.id).await?;
                store::logs::finish(self.tx, job.id, job.fence).await?;
                self.ended(leg, conclusion, Vec::new(), reason.into());
            }
            "in_progress" => {
                let patience = 2 * micros(self.control().settings().lease);
                // A new deadline, or it would be overdue at once.
                let sql = "UPDATE jobs SET deadline = NULL WHERE id = $1";
                self.tx.execute(sql, store::args![job.id]).await?;
                store::jobs::ask_to_stop(self.tx, job.id, true, now.saturating_add(patience)).await?;
            }
            _ => {}
        }
        Ok(())
    }
}
