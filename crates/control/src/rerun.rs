//! A completed run once more: another attempt, with what stands of the one before.

use std::collections::HashSet;
use std::sync::Arc;

use api::Conclusion;
use identity::{Action, Caller};
use store::jobs::Job;
use store::runs::{Attempt, Run};

use crate::drive::{Live, StoredInput, Turn};
use crate::event::trust_of;
use crate::told::{Known, Told};
use crate::{Control, Error, Result};

/// Which jobs run again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    All,
    /// Those that did not succeed, and what depends on them.
    Failed,
    /// This one, by its id, and what depends on it.
    Job(i64),
}

/// How a run is started again.
#[derive(Clone, Debug)]
pub struct Again {
    pub which: Which,
    /// Steps tell more: `ACTIONS_STEP_DEBUG`.
    pub debug: bool,
}

/// GitHub starts no run again later than this, in microseconds: 30 days.
const LONGEST_AGE: store::Micros = 30 * 24 * 3600 * 1_000_000;

impl Control {
    /// Starts another attempt of a completed run; its number.
    ///
    /// # Errors
    /// When the run is not completed, had no jobs, or is older than 30 days.
    pub async fn rerun(&self, caller: &Caller, run_id: i64, again: &Again) -> Result<i64> {
        let repository = self.repository_of_run(run_id).await?;
        // The secrets of today: what was rotated since is not used again.
        let run = store::runs::by_id(&mut self.store().read(), run_id).await?;
        let run = run.ok_or_else(|| Error::NotFound("the run".to_owned()))?;
        let repo = forge::repo_ref(&repository);
        let secrets = self.identity().secrets_for_job(&repo, None, trust_of(&run.trust)).await?;
        let vars = self.identity().variables_for_job(&repo, None).await?;
        let mut slot = self.live().slot(run_id).await;
        drop(slot.take());
        let mut tx = self.store().begin().await?;
        let mut run = store::runs::lock(&mut tx, run_id).await?.ok_or_else(|| Error::NotFound("the run".to_owned()))?;
        if !run.is_completed() {
            return Err(Error::Conflict("the run is not completed".to_owned()));
        }
        if tx.now() - run.created_at > LONGEST_AGE {
            return Err(Error::Conflict("the run was created over 30 days ago".to_owned()));
        }
        let earlier = store::runs::attempt(&mut tx, run_id, run.attempt)
            .await?
            .ok_or_else(|| Error::broken("a run's attempt", "it is not there"))?;
        let mut told = self.open_told(run_id, run.attempt, &earlier.sealed)?;
        if told.sources.is_empty() {
            return Err(Error::Conflict(
                "the workflow file of this run is invalid: there is nothing to start".to_owned(),
            ));
        }
        let jobs = store::jobs::of_attempt(&mut tx, run_id, run.attempt).await?;
        told.known = known(&jobs, &again.which)?;
        told.secrets = secrets.into_iter().map(|(name, value)| (name, value.to_string())).collect();
        told.vars =
            vars.into_iter().map(|(name, value)| (name, value.into())).collect::<serde_json::Map<_, _>>().into();
        run.attempt += 1;
        run.status = "queued".to_owned();
        run.conclusion = None;
        run.trigger_login = caller.login().unwrap_or_default().to_owned();
        told.github["run_attempt"] = run.attempt.to_string().into();
        told.github["triggering_actor"] = run.trigger_login.as_str().into();
        let live = self.begin_attempt(&mut tx, &run, told, caller, again.debug).await?;
        let name = match again.which {
            Which::All => "run.rerun",
            Which::Failed => "run.rerun_failed",
            Which::Job(_) => "run.rerun_job",
        };
        let details = serde_json::json!({ "run_id": run_id, "attempt": run.attempt, "debug": again.debug });
        let action = Action::new(name, &run.workflow_path).repo(run.repo_id).details(details);
        self.identity().audit(&mut tx, caller, action).await?;
        tx.commit().await?;
        slot.keep(live);
        Ok(run.attempt)
    }

    async fn begin_attempt(
        &self,
        tx: &mut store::Tx,
        run: &Run,
        told: Told,
        caller: &Caller,
        debug: bool,
    ) -> Result<Live> {
        store::runs::begin_again(tx, run.id, run.attempt, &run.trigger_login).await?;
        let attempt = Attempt {
            run_id: run.id,
            attempt: run.attempt,
            sealed: self.seal_told(run.id, run.attempt, &told)?,
            debug,
            status: "queued".to_owned(),
            conclusion: None,
            trigger_id: caller.account_id(),
            trigger_login: run.trigger_login.clone(),
            next_input: 1,
            next_event: 1,
            started_at: tx.now(),
            completed_at: None,
        };
        store::runs::insert_attempt(tx, &attempt).await?;
        let (program, sources) =
            crate::program::rebuild(&told.sources).map_err(|error| Error::broken("a run's workflow", error))?;
        let engine = engine::Run::new(program, told.facts(), told.selection());
        crate::event::report_run(self, tx, run, "requested").await?;
        let mut turn = Turn::begin(self, tx, run.clone(), engine, Arc::new(told), sources);
        turn.push(StoredInput::Start);
        turn.settle().await?;
        turn.finish().await
    }

    pub(crate) async fn repository_of_run(&self, run_id: i64) -> Result<store::repositories::Repository> {
        let run = store::runs::by_id(&mut self.store().read(), run_id).await?;
        let run = run.ok_or_else(|| Error::NotFound("the run".to_owned()))?;
        Ok(self.forge().repository_by_id(run.repo_id).await?)
    }
}

/// What stands of an attempt. Jobs that depend on one that runs again run again too: the engine sees to it.
fn known(jobs: &[Job], which: &Which) -> Result<Vec<Known>> {
    let again: HashSet<i64> = match which {
        Which::All => return Ok(Vec::new()),
        Which::Failed => {
            jobs.iter().filter(|job| job.conclusion.as_deref() != Some("success")).map(|job| job.id).collect()
        }
        Which::Job(id) if jobs.iter().any(|job| job.id == *id) => HashSet::from([*id]),
        Which::Job(_) => return Err(Error::NotFound("the job in the run's last attempt".to_owned())),
    };
    let chosen: Vec<&str> = jobs.iter().filter(|job| again.contains(&job.id)).map(|job| job.key.as_str()).collect();
    // A call stands only with everything in it.
    let contains_chosen =
        |key: &str| chosen.iter().any(|chosen| chosen.strip_prefix(key).is_some_and(|rest| rest.starts_with('/')));
    let stands = jobs.iter().filter(|job| !(again.contains(&job.id) || job.call && contains_chosen(&job.key)));
    Ok(stands
        .filter_map(|job| {
            let outputs: std::collections::BTreeMap<String, String> =
                serde_json::from_str(&job.outputs).unwrap_or_default();
            let conclusion = conclusion(job.conclusion.as_deref()?)?;
            Some(Known { key: job.key.clone(), conclusion, outputs: outputs.into_iter().collect() })
        })
        .collect())
}

fn conclusion(text: &str) -> Option<Conclusion> {
    [Conclusion::Success, Conclusion::Failure, Conclusion::Cancelled, Conclusion::Skipped]
        .into_iter()
        .find(|one| one.as_str() == text)
}
