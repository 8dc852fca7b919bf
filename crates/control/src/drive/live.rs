//! Runs that are kept in memory between two steps.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use span::SourceMap;
use tokio::sync::OwnedMutexGuard;

use crate::told::Told;

/// More are not kept; those that were used last stay.
const MOST: usize = 200;

/// A run's state after so many inputs.
pub(crate) struct Live {
    pub(crate) attempt: i64,
    pub(crate) run: engine::Run,
    pub(crate) sources: Arc<SourceMap>,
    pub(crate) told: Arc<Told>,
    /// The number of the next input.
    pub(crate) next_input: i64,
    /// Rows of jobs by leg.
    pub(crate) jobs: HashMap<u32, i64>,
}

/// One step of a run at a time in this process; other servers wait at the run's row.
#[derive(Default)]
pub(crate) struct LiveRuns(Mutex<Table>);

type Place = Arc<tokio::sync::Mutex<Option<Live>>>;

#[derive(Default)]
struct Table {
    /// When each was used last, and its place.
    slots: HashMap<i64, (u64, Place)>,
    uses: u64,
    /// What attempts of runs were told, and whether their steps tell more; for handing jobs out.
    told: HashMap<(i64, i64), (Arc<Told>, bool)>,
}

/// The place of a run, for one step.
pub(crate) struct Slot(OwnedMutexGuard<Option<Live>>);

impl LiveRuns {
    /// Waits until nobody else in this process takes a step of the run. Called before a transaction is begun, never in one.
    pub(crate) async fn slot(&self, run_id: i64) -> Slot {
        let place = {
            let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            table.uses += 1;
            let uses = table.uses;
            let entry = table.slots.entry(run_id).or_default();
            entry.0 = uses;
            let place = entry.1.clone();
            if table.slots.len() > MOST {
                // Whoever is at work holds its place.
                let oldest =
                    table.slots.iter().filter(|(id, (_, place))| **id != run_id && Arc::strong_count(place) == 1);
                if let Some(oldest) = oldest.min_by_key(|(_, (used, _))| *used).map(|(id, _)| *id) {
                    table.slots.remove(&oldest);
                }
            }
            place
        };
        Slot(place.lock_owned().await)
    }
}

impl LiveRuns {
    pub(crate) fn told(&self, run_id: i64, attempt: i64) -> Option<(Arc<Told>, bool)> {
        let table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        table.told.get(&(run_id, attempt)).cloned()
    }

    pub(crate) fn keep_told(&self, run_id: i64, attempt: i64, told: Arc<Told>, debug: bool) {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if table.told.len() >= MOST {
            table.told.clear();
        }
        table.told.insert((run_id, attempt), (told, debug));
    }
}

impl Slot {
    /// The state, which is gone unless it is given back.
    pub(crate) fn take(&mut self) -> Option<Live> {
        self.0.take()
    }

    /// After the commit. A run that is over is not kept.
    pub(crate) fn keep(&mut self, live: Live) {
        if live.run.conclusion().is_none() {
            *self.0 = Some(live);
        }
    }
}
