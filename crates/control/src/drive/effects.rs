//! What the engine wants, as rows.

use api::{Conclusion, Event, JobFinished, JobPlanned, LegId, Reason, RunFinished, WorkflowFinished, WorkflowIndex};
use engine::{Effect, JobOrder, PlannedJob, Why};
use store::groups::{Member, Request};
use store::jobs::{Completed, Planned, Queued};

use super::input::{StoredInput, holder_text};
use super::order::SealedJob;
use super::turn::{Ending, Turn};
use crate::settings::micros;
use crate::{Result, checks, deployment, gate};

/// A run has one workflow of its own.
const WORKFLOW: WorkflowIndex = WorkflowIndex(0);

/// What a job whose file says nothing gets to end politely, in minutes.
const CANCEL_MINUTES: f64 = 5.0;

impl Turn<'_> {
    pub(super) async fn carry_out(&mut self, effect: Effect) -> Result<()> {
        match effect {
            Effect::Planned(planned) => self.planned(&planned).await,
            Effect::Waiting { leg, reason } => {
                let reason = self.reason(&reason);
                self.waits(leg, reason).await
            }
            Effect::Enter { holder, group, inside, cancel_in_progress, keep_all_pending } => {
                let holder = holder_text(holder);
                let request = Request {
                    repo_id: self.run.repo_id,
                    group: &group,
                    run_id: self.run.id,
                    attempt: self.run.attempt,
                    holder: &holder,
                    inside: &inside,
                    cancel_in_progress,
                    keep_all_pending,
                };
                self.enter(&request).await
            }
            Effect::Leave(holder) => {
                let text = holder_text(holder);
                let next = store::groups::leave(self.tx, self.run.id, self.run.attempt, &text).await?;
                if let Some(next) = next {
                    let input = StoredInput::Entered { holder: next.holder.clone() };
                    self.send(&next, input).await?;
                }
                Ok(())
            }
            Effect::Gate { leg, environment } => {
                self.moved();
                gate::ask(self, leg, &environment.name, environment.deployment).await
            }
            Effect::Start(order) => self.start(&order).await,
            Effect::Cancel { leg } => self.cancel(leg).await,
            Effect::Finished { leg, conclusion, reason, outputs } => {
                self.finished(leg, conclusion, reason.as_ref(), outputs).await
            }
            Effect::Done { conclusion, reason } => self.done(conclusion, reason.as_ref()).await,
        }
    }

    async fn planned(&mut self, planned: &PlannedJob) -> Result<()> {
        let matrix = planned.matrix.as_ref().map(expr::Value::to_json);
        let needs = serde_json::to_string(&planned.needs).unwrap_or_default();
        let matrix_text = matrix.as_ref().map(serde_json::Value::to_string);
        let row = Planned {
            run_id: self.run.id,
            attempt: self.run.attempt,
            leg: i64::from(planned.leg.0),
            repo_id: self.run.repo_id,
            key: &planned.key,
            name: &planned.name,
            needs: &needs,
            matrix: matrix_text.as_deref(),
            call: planned.call,
            priority: self.run.priority,
        };
        let id = store::jobs::insert(self.tx, &row).await?;
        self.live.jobs.insert(planned.leg.0, id);
        let event = Event::JobPlanned(JobPlanned {
            leg: planned.leg,
            workflow: WORKFLOW,
            job: planned.key.clone(),
            name: planned.name.clone(),
            needs: planned.needs.clone(),
            matrix,
            condition: planned.condition.clone().map(Box::new),
        });
        self.tell(Some(planned.leg), &event);
        Ok(())
    }

    /// A job waits for something, which is told.
    pub(crate) async fn waits(&mut self, leg: LegId, reason: Reason) -> Result<()> {
        self.moved();
        store::jobs::set_waiting(self.tx, self.job_row(leg)?).await?;
        self.tell(Some(leg), &Event::JobWaiting { leg, reason });
        Ok(())
    }

    async fn enter(&mut self, request: &Request<'_>) -> Result<()> {
        let changed = store::groups::enter(self.tx, request).await?;
        if !changed.circle.is_empty() {
            let holder = request.holder.to_owned();
            self.push(StoredInput::Refused { holder, reason: deadlock(&changed.circle) });
            return Ok(());
        }
        for member in &changed.evicted {
            let input = StoredInput::Evicted { holder: member.holder.clone() };
            self.send(member, input).await?;
        }
        match changed.entered {
            Some(member) => self.send(&member, StoredInput::Entered { holder: member.holder.clone() }).await,
            None => {
                self.moved();
                Ok(())
            }
        }
    }

    /// An input for whoever is in a group: this run at once, another by its inbox.
    async fn send(&mut self, member: &Member, input: StoredInput) -> Result<()> {
        if (member.run_id, member.attempt) == (self.run.id, self.run.attempt) {
            self.push(input);
            return Ok(());
        }
        Ok(store::runs::send(self.tx, member.run_id, member.attempt, &input.to_json()).await?)
    }

    async fn start(&mut self, order: &JobOrder) -> Result<()> {
        self.moved();
        let id = self.job_row(order.leg)?;
        let sealed = SealedJob::of(order, &self.live.told)?;
        let bytes = self.control.seal_job(id, &sealed)?;
        let labels = serde_json::to_string(&sealed.runs_on).unwrap_or_default();
        let now = self.tx.now();
        let queued = Queued {
            labels: &labels,
            labels_key: &sealed.labels_key(),
            runner_group: order.runner_group.as_deref(),
            sealed: &bytes,
            environment: sealed.environment.as_ref().map(|environment| environment.name.as_str()),
            deadline: Some(now.saturating_add(micros(self.control.settings().longest_in_queue))),
        };
        store::jobs::enqueue(self.tx, id, &queued).await?;
        checks::queued(self, id, &order.name).await?;
        deployment::queued(self, id).await
    }

    async fn cancel(&mut self, leg: LegId) -> Result<()> {
        let Some(job) = store::jobs::lock(self.tx, self.job_row(leg)?).await? else { return Ok(()) };
        if job.status == "queued" {
            self.push(StoredInput::ended(leg, Conclusion::Cancelled));
            return Ok(());
        }
        let minutes = match job.sealed.as_deref().filter(|_| !self.killing) {
            Some(sealed) => self.control.open_job(job.id, sealed)?.cancel_timeout_minutes.unwrap_or(CANCEL_MINUTES),
            None => 0.0,
        };
        let patience = minutes_in_micros(minutes).saturating_add(2 * micros(self.control.settings().lease));
        let deadline = self.tx.now().saturating_add(patience);
        Ok(store::jobs::ask_to_stop(self.tx, job.id, self.killing, deadline).await?)
    }

    async fn finished(
        &mut self,
        leg: LegId,
        conclusion: Conclusion,
        reason: Option<&Why>,
        outputs: Vec<(String, String)>,
    ) -> Result<()> {
        let id = self.job_row(leg)?;
        let ending = self.endings.remove(&leg).unwrap_or_default();
        let reason = reason.map(|why| self.reason(why)).or(ending.reason);
        let reason_text = reason.as_ref().and_then(|reason| serde_json::to_string(reason).ok());
        let first_error = ending.first_error.or_else(|| {
            reason.as_ref().filter(|_| conclusion == Conclusion::Failure).map(|reason| reason.reason.clone())
        });
        let outputs: std::collections::BTreeMap<String, String> = outputs.into_iter().collect();
        let outputs_text = serde_json::to_string(&outputs).unwrap_or_default();
        let completed = Completed {
            conclusion: conclusion.as_str(),
            reason: reason_text.as_deref(),
            outputs: &outputs_text,
            first_error: first_error.as_deref(),
            environment_url: ending.environment_url.as_deref(),
        };
        store::jobs::complete(self.tx, id, &completed).await?;
        store::environments::withdraw_gate(self.tx, id).await?;
        checks::completed(self, id, conclusion, reason.as_ref()).await?;
        deployment::completed(self, id, conclusion, ending.environment_url.as_deref()).await?;
        let event = Event::JobFinished(JobFinished {
            leg,
            conclusion,
            reason,
            outputs,
            first_error,
            environment_url: ending.environment_url,
        });
        self.tell(Some(leg), &event);
        Ok(())
    }

    async fn done(&mut self, conclusion: Conclusion, reason: Option<&Why>) -> Result<()> {
        let reason = reason.map(|why| self.reason(why));
        let text = reason.as_ref().and_then(|reason| serde_json::to_string(reason).ok());
        let (id, attempt) = (self.run.id, self.run.attempt);
        store::runs::complete(self.tx, id, attempt, conclusion.as_str(), text.as_deref()).await?;
        self.run.status = "completed".to_owned();
        self.run.conclusion = Some(conclusion.as_str().to_owned());
        self.run.updated_at = self.tx.now();
        self.tell(None, &Event::WorkflowFinished(WorkflowFinished { workflow: WORKFLOW, conclusion, reason }));
        self.tell(None, &Event::RunFinished(RunFinished { conclusion }));
        crate::report::suite(self.control, self.tx, &self.run).await?;
        crate::event::report_run(self.control, self.tx, &self.run, "completed").await
    }

    /// A reason with its place in a file. Secrets are hidden: names and outputs come from expressions.
    fn reason(&self, why: &Why) -> Reason {
        crate::program::reason(why, &self.live.sources)
    }
}

impl From<Reason> for Ending {
    fn from(reason: Reason) -> Self {
        Self { first_error: Some(reason.reason.clone()), reason: Some(reason), environment_url: None }
    }
}

/// Why somebody does not wait for a group: each of these is held by what waits for the next.
fn deadlock(circle: &[String]) -> String {
    let links: Vec<String> = circle.iter().map(|group| format!("`{group}`")).collect();
    format!("deadlock: the concurrency group {}, which this is part of", links.join(" is held by what waits for "))
}

#[expect(clippy::cast_possible_truncation, reason = "clamped to a year")]
pub(crate) fn minutes_in_micros(minutes: f64) -> store::Micros {
    (minutes.clamp(0.0, 525_600.0) * 60e6) as store::Micros
}
