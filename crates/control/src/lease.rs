//! Jobs whose runner is gone, and jobs past their time.

use api::wire::HeldJob;
use api::{Conclusion, Event, LegId, Reason};
use store::jobs::Job;

use crate::drive::Turn;
use crate::settings::micros;
use crate::{Control, Error, Result};

/// When a run with which something is wrong is looked at again.
const LATER: store::Micros = 60_000_000;

/// A job is put back into the queue so often.
const REQUEUES: i64 = 1;
/// A claim that nothing was ever heard of did not execute: most likely its answer never reached the runner. There is an end
/// to that as well.
const CLAIMS: i64 = 5;

impl Control {
    /// Takes jobs from runners that were not heard of, and ends those past their time.
    pub(crate) async fn sweep_jobs(&self) -> Result<()> {
        if self.has_listened() {
            for (job_id, run_id) in store::queue::expired(&mut self.store().read(), 100).await? {
                // In a transaction of its own: runners are locked before their jobs.
                let mut tx = self.store().begin().await?;
                store::runners::give_up(&mut tx, job_id).await?;
                tx.commit().await?;
                if let Some(error) = self.tried(run_id, job_id, Why::LeaseExpired).await? {
                    self.trouble(&format!("run {run_id}"), &error);
                    let mut tx = self.store().begin().await?;
                    let until = tx.now().saturating_add(LATER);
                    store::queue::look_later(&mut tx, job_id, until).await?;
                    tx.commit().await?;
                }
            }
        }
        for (job_id, run_id) in store::queue::overdue(&mut self.store().read(), 100).await? {
            if let Some(error) = self.tried(run_id, job_id, Why::Overdue).await? {
                // It has had all its time, and that of whoever could have mended it.
                crate::work::report(&format!("run {run_id}: {error}; it is given up"));
                self.abandon(run_id, Conclusion::Failure, crate::abandon::broken(&error)).await?;
            }
        }
        self.end_orphans().await?;
        self.end_unapproved().await
    }

    /// What is wrong with one run, so that the others need not wait for it. The outer error is of the database.
    async fn tried(&self, run_id: i64, job_id: i64, why: Why) -> Result<Option<Error>> {
        match self.with_job(run_id, job_id, why).await {
            Ok(()) => Ok(None),
            Err(error) if error.is_passing() => Err(error),
            Err(error) => Ok(Some(error)),
        }
    }

    /// Ends a job that cannot be handed out; its run goes on as after any failure, where it can.
    pub(crate) async fn cannot_start(&self, run_id: i64, job_id: i64, error: &Error) -> Result<()> {
        crate::work::report(&format!("job {job_id} of run {run_id} cannot be handed out: {error}"));
        match self.tried(run_id, job_id, Why::CannotStart(error.to_string())).await? {
            None => self.end_alone(job_id, error).await?,
            Some(error) => self.abandon(run_id, Conclusion::Failure, crate::abandon::broken(&error)).await?,
        }
        // Whoever waits for a job may have the next one.
        self.store().wake(store::Topic::Queue);
        Ok(())
    }

    /// A runner says which jobs it has: the others never reached it.
    pub(crate) async fn runner_has(&self, runner_id: i64, has: &[HeldJob]) -> Result<()> {
        for (job_id, run_id) in store::queue::of_runner(&mut self.store().read(), runner_id).await? {
            let Some(job) = store::jobs::by_id(&mut self.store().read(), job_id).await? else { continue };
            if has.contains(&HeldJob { id: job.id, fence: job.fence }) {
                continue;
            }
            self.with_job(run_id, job_id, Why::NeverArrived { fence: job.fence }).await?;
            // Should it be for one job only: it did not have that one.
            let mut tx = self.store().begin().await?;
            store::runners::is_unused(&mut tx, runner_id).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Ends a job that is still in the queue: its run, which should have ended it, is not there.
    async fn end_alone(&self, job_id: i64, error: &Error) -> Result<()> {
        let mut tx = self.store().begin().await?;
        if store::jobs::lock(&mut tx, job_id).await?.is_some_and(|job| job.status == "queued") {
            let reason = serde_json::to_string(&crate::abandon::broken(error)).unwrap_or_default();
            let completed = store::jobs::Completed {
                conclusion: Conclusion::Failure.as_str(),
                reason: Some(&reason),
                outputs: "{}",
                ..store::jobs::Completed::default()
            };
            store::jobs::complete(&mut tx, job_id, &completed).await?;
            tx.commit().await?;
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
                Why::CannotStart(text) if job.status == "queued" => {
                    let leg = LegId(u32::try_from(job.leg).unwrap_or(u32::MAX));
                    let text = format!("the job cannot be handed to a runner: {text}");
                    let reason = Reason { code: "job-broken".to_owned(), reason: text, location: None };
                    turn.ended(leg, Conclusion::Failure, Vec::new(), reason.into());
                }
                Why::CannotStart(_) => {}
                Why::NeverArrived { fence } => turn.never_arrived(&job, fence).await?,
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
    CannotStart(String),
    /// By this claim.
    NeverArrived {
        fence: i64,
    },
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
        let heard = self.was_heard(job);
        if job.lost_count < REQUEUES || (!heard && job.fence < CLAIMS) {
            let message = format!("{}: {}; the job is queued again", job.name, reason.reason);
            let deadline = self.tx.now().saturating_add(micros(self.control().settings().longest_in_queue));
            store::queue::requeue(self.tx, job.id, Some(deadline), heard).await?;
            self.moved();
            self.tell(Some(leg), &Event::Notice { message });
            return Ok(());
        }
        let text = format!("{}, for the second time", reason.reason);
        self.ended(leg, Conclusion::Failure, Vec::new(), Reason { reason: text, ..reason }.into());
        Ok(())
    }

    /// Whether the runner said anything of this claim, be it that it lives.
    fn was_heard(&self, job: &Job) -> bool {
        let first = job.started_at.map(|at| at.saturating_add(micros(self.control().settings().lease)));
        job.last_event > 0 || job.lease_until != first
    }

    async fn never_arrived(&mut self, job: &Job, fence: i64) -> Result<()> {
        if job.status != "in_progress" || job.fence != fence {
            return Ok(());
        }
        self.control().identity().revoke_job_tokens(self.tx, job.id).await?;
        store::logs::finish(self.tx, job.id, job.fence).await?;
        let deadline = self.tx.now().saturating_add(micros(self.control().settings().longest_in_queue));
        store::queue::requeue(self.tx, job.id, Some(deadline), false).await?;
        self.moved();
        let runner = job.runner_name.as_deref().unwrap_or("the runner");
        let message = format!("{}: {runner} started anew without the job; it is queued again", job.name);
        self.tell(Some(LegId(u32::try_from(job.leg).unwrap_or(u32::MAX))), &Event::Notice { message });
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
