//! Whether a run's rows are what its inputs make of it: for tests and `admin check`.

use std::collections::{HashMap, HashSet};

use api::LegId;
use engine::Effect;

use crate::drive::StoredInput;
use crate::{Control, Error, Result};

impl Control {
    /// What does not fit between the inputs and the rows of a run's last attempt; nothing when all is well.
    ///
    /// # Errors
    /// When the run is not there or cannot be read.
    pub async fn check_run(&self, run_id: i64) -> Result<Vec<String>> {
        // One transaction, so that nobody takes a step meanwhile.
        let mut tx = self.store().begin().await?;
        let run = store::runs::lock(&mut tx, run_id).await?.ok_or_else(|| Error::NotFound("the run".to_owned()))?;
        let attempt = store::runs::attempt(&mut tx, run_id, run.attempt).await?;
        let attempt = attempt.ok_or_else(|| Error::broken("a run's attempt", "it is not there"))?;
        let told = self.open_told(run_id, run.attempt, &attempt.sealed)?;
        if told.sources.is_empty() {
            return Ok(Vec::new());
        }
        let (program, _) =
            crate::program::rebuild(&told.sources).map_err(|error| Error::broken("a run's workflow", error))?;
        let mut engine = engine::Run::new(program, told.facts(), told.selection());
        let (mut started, mut finished): (HashSet<LegId>, HashMap<LegId, String>) = Default::default();
        let mut problems = Vec::new();
        let inputs = store::runs::inputs(&mut tx, run_id, run.attempt, 0).await?;
        for (index, (seq, text)) in inputs.iter().enumerate() {
            if usize::try_from(*seq) != Ok(index + 1) {
                problems.push(format!("input {} has number {seq}", index + 1));
            }
            let input: StoredInput =
                serde_json::from_str(text).map_err(|error| Error::broken("an input of a run", error))?;
            for effect in input.to_engine().map(|input| engine.apply(input)).into_iter().flatten() {
                match effect {
                    Effect::Start(order) => {
                        started.insert(order.leg);
                    }
                    Effect::Finished { leg, conclusion, .. }
                        if finished.insert(leg, conclusion.as_str().to_owned()).is_some() =>
                    {
                        problems.push(format!("job {leg} finishes twice"));
                    }
                    _ => {}
                }
            }
        }
        let conclusion = engine.conclusion().map(api::Conclusion::as_str);
        if conclusion != run.conclusion.as_deref() {
            problems.push(format!("the run is {:?}, its inputs make it {conclusion:?}", run.conclusion));
        }
        let jobs = store::jobs::of_attempt(&mut tx, run_id, run.attempt).await?;
        if jobs.len() != engine.next_leg().0 as usize {
            problems.push(format!("{} jobs are planned, {} rows are there", engine.next_leg(), jobs.len()));
        }
        for job in jobs {
            let leg = LegId(u32::try_from(job.leg).unwrap_or(u32::MAX));
            let over = finished.get(&leg).map(String::as_str);
            if over != job.conclusion.as_deref() || over.is_some() != (job.status == "completed") {
                problems.push(format!(
                    "job {} is {} {:?}, its inputs make it {over:?}",
                    job.key, job.status, job.conclusion
                ));
            }
            let at_work = matches!(job.status.as_str(), "queued" | "in_progress");
            if at_work != (started.contains(&leg) && over.is_none()) {
                problems.push(format!("job {} is {}, and its inputs do not say so", job.key, job.status));
            }
        }
        tx.rollback().await?;
        Ok(problems)
    }
}
