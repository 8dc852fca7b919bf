//! A run's state machine, driven from the database.
//!
//! The state is what the inputs make of it; it is also kept in memory between two steps, as long as nobody else took one.
//! A step is one transaction: the run's row is locked, inputs that others have left are taken in, each input is written down
//! and fed to the engine, and what the engine wants becomes rows. If the commit fails, the state in memory is thrown away.

mod effects;
mod input;
mod live;
mod order;
mod turn;

pub(crate) use effects::minutes_in_micros;
pub(crate) use input::StoredInput;
pub(crate) use live::{Live, LiveRuns};
pub(crate) use order::SealedJob;
pub(crate) use turn::{Ending, Turn};

use crate::{Control, Error, Result};

impl Control {
    /// Feeds inputs to a run, and whatever lies there for it.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such run.
    pub(crate) async fn feed(&self, run_id: i64, inputs: Vec<StoredInput>) -> Result<()> {
        let mut slot = self.live().slot(run_id).await;
        let mut tx = self.store().begin().await?;
        let mut turn = Turn::open(self, &mut tx, &mut slot, run_id)
            .await?
            .ok_or_else(|| Error::NotFound(format!("the run {run_id}")))?;
        turn.push_all(inputs);
        turn.settle().await?;
        let live = turn.finish().await?;
        tx.commit().await?;
        slot.keep(live);
        Ok(())
    }
}
