//! One step of a run.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use api::{Event, LegId, Reason};
use store::runs::Run;
use store::{Query as _, Tx, args};

use super::input::StoredInput;
use super::live::{Live, Slot};
use crate::told::Told;
use crate::{Control, Error, Result};

/// How a job ended, as its runner or the server says it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ending {
    pub(crate) reason: Option<Reason>,
    pub(crate) first_error: Option<String>,
    pub(crate) environment_url: Option<String>,
}

/// A step under way, in a transaction that has the run's row.
pub(crate) struct Turn<'t> {
    pub(super) control: &'t Control,
    pub(crate) tx: &'t mut Tx,
    pub(crate) run: Run,
    pub(super) live: Live,
    queue: VecDeque<StoredInput>,
    next_input: i64,
    /// What the run tells: leg, time, event.
    told: Vec<(Option<i64>, store::Micros, String)>,
    pub(super) endings: HashMap<LegId, Ending>,
    /// Stop at once rather than politely.
    pub(super) killing: bool,
    /// Something was queued or began to wait: the run's status may be another.
    moved: bool,
}

impl<'t> Turn<'t> {
    /// Takes the run, with the inputs that lie there for it; `None` when there is no such run.
    pub(crate) async fn open(
        control: &'t Control,
        tx: &'t mut Tx,
        slot: &mut Slot,
        run_id: i64,
    ) -> Result<Option<Turn<'t>>> {
        let kept = slot.take();
        let Some(run) = store::runs::lock(tx, run_id).await? else { return Ok(None) };
        let (next_input, _) = store::runs::positions(tx, run_id, run.attempt).await?;
        let live = match kept.filter(|live| live.attempt == run.attempt && live.next_input == next_input) {
            Some(live) => live,
            None => replay(control, tx, &run, next_input).await?,
        };
        let mut turn = Self::over(control, tx, run, live, next_input);
        for (attempt, text) in store::runs::take_inbox(turn.tx, run_id).await? {
            // What was meant for an earlier attempt came too late.
            if attempt == turn.run.attempt {
                turn.push(serde_json::from_str(&text).map_err(|error| Error::broken("an input of a run", error))?);
            }
        }
        Ok(Some(turn))
    }

    /// The first step of an attempt that this transaction makes.
    pub(crate) fn begin(
        control: &'t Control,
        tx: &'t mut Tx,
        run: Run,
        engine: engine::Run,
        told: Arc<Told>,
        sources: Arc<span::SourceMap>,
    ) -> Turn<'t> {
        let live = Live { attempt: run.attempt, run: engine, sources, told, next_input: 1, jobs: HashMap::new() };
        Self::over(control, tx, run, live, 1)
    }

    fn over(control: &'t Control, tx: &'t mut Tx, run: Run, live: Live, next_input: i64) -> Self {
        Self {
            control,
            tx,
            run,
            live,
            queue: VecDeque::new(),
            next_input,
            told: Vec::new(),
            endings: HashMap::new(),
            killing: false,
            moved: false,
        }
    }

    pub(crate) fn push(&mut self, input: StoredInput) {
        self.queue.push_back(input);
    }

    pub(crate) fn push_all(&mut self, inputs: impl IntoIterator<Item = StoredInput>) {
        self.queue.extend(inputs);
    }

    /// A job ended, and this is what is known of it.
    pub(crate) fn ended(
        &mut self,
        leg: LegId,
        conclusion: api::Conclusion,
        outputs: Vec<(String, String)>,
        ending: Ending,
    ) {
        self.endings.insert(leg, ending);
        self.push(StoredInput::Ended { leg, conclusion, outputs });
    }

    /// Something was queued or began to wait.
    pub(crate) fn moved(&mut self) {
        self.moved = true;
    }

    pub(crate) fn control(&self) -> &'t Control {
        self.control
    }

    /// What the run was told.
    pub(crate) fn told_facts(&self) -> &Told {
        &self.live.told
    }

    /// Writes inputs down and carries out what the engine makes of them, until nothing is left.
    pub(crate) async fn settle(&mut self) -> Result<()> {
        while let Some(input) = self.queue.pop_front() {
            let Some(engine_input) = input.to_engine() else { continue };
            self.killing |= input == StoredInput::Kill;
            store::runs::append_input(self.tx, self.run.id, self.run.attempt, self.next_input, &input.to_json())
                .await?;
            self.next_input += 1;
            for effect in self.live.run.apply(engine_input) {
                // On the heap: a step within a step would make every caller's future large.
                Box::pin(self.carry_out(effect)).await?;
            }
        }
        Ok(())
    }

    /// Tells something to whoever follows the run.
    pub(crate) fn tell(&mut self, leg: Option<LegId>, event: &Event) {
        let json = serde_json::to_string(event).unwrap_or_default();
        self.told.push((leg.map(|leg| i64::from(leg.0)), self.tx.now(), json));
    }

    /// Writes what is left; the transaction can be committed then, and the state kept.
    pub(crate) async fn finish(mut self) -> Result<Live> {
        let (run_id, attempt) = (self.run.id, self.run.attempt);
        if self.moved && self.live.run.conclusion().is_none() {
            self.update_status().await?;
        }
        let count = i64::try_from(self.told.len()).unwrap_or(i64::MAX);
        let sql = "UPDATE run_attempts SET next_input = $3, next_event = next_event + $4 WHERE run_id = $1 AND attempt = $2 \
                   RETURNING next_event";
        let next: i64 = self.tx.fetch_one(sql, args![run_id, attempt, self.next_input, count]).await?;
        store::runs::append_events(self.tx, run_id, attempt, next - count, &self.told).await?;
        self.live.next_input = self.next_input;
        Ok(self.live)
    }

    /// As its jobs stand.
    async fn update_status(&mut self) -> Result<()> {
        let sql = "SELECT status, COUNT(*) FROM jobs WHERE run_id = $1 AND attempt = $2 GROUP BY status";
        let counts: Vec<(String, i64)> = self.tx.fetch_all(sql, args![self.run.id, self.run.attempt]).await?;
        let has = |status: &str| counts.iter().any(|(name, _)| name == status);
        let status = if has("in_progress") {
            "in_progress"
        } else if has("queued") {
            if has("completed") { "in_progress" } else { "queued" }
        } else if !store::environments::waiting_gates(self.tx, self.run.id).await?.is_empty() {
            "waiting"
        } else if has("waiting") || counts.is_empty() {
            "pending"
        } else {
            "in_progress"
        };
        store::runs::set_status(self.tx, self.run.id, status).await?;
        Ok(())
    }

    /// The row of a leg's job.
    pub(crate) fn job_row(&self, leg: LegId) -> Result<i64> {
        let known = self.live.jobs.get(&leg.0).copied();
        known.ok_or_else(|| Error::broken("a run's jobs", format!("job {leg} of run {} was not planned", self.run.id)))
    }
}

/// Makes a run's state again from what it was told and its inputs.
async fn replay(control: &Control, tx: &mut Tx, run: &Run, next_input: i64) -> Result<Live> {
    let attempt = store::runs::attempt(tx, run.id, run.attempt)
        .await?
        .ok_or_else(|| Error::broken("a run's attempt", format!("run {} has none", run.id)))?;
    let told = control.open_told(run.id, run.attempt, &attempt.sealed)?;
    let (program, sources) =
        crate::program::rebuild(&told.sources).map_err(|error| Error::broken("a run's workflow", error))?;
    let mut engine = engine::Run::new(program, told.facts(), told.selection());
    for (_, text) in store::runs::inputs(tx, run.id, run.attempt, 0).await? {
        let input: StoredInput =
            serde_json::from_str(&text).map_err(|error| Error::broken("an input of a run", error))?;
        if let Some(input) = input.to_engine() {
            engine.apply(input);
        }
    }
    let sql = "SELECT leg, id FROM jobs WHERE run_id = $1 AND attempt = $2";
    let rows: Vec<(i64, i64)> = tx.fetch_all(sql, args![run.id, run.attempt]).await?;
    let jobs = rows.into_iter().filter_map(|(leg, id)| Some((u32::try_from(leg).ok()?, id))).collect();
    Ok(Live { attempt: run.attempt, run: engine, sources, told: Arc::new(told), next_input, jobs })
}
