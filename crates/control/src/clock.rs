//! What a jump of the clock must not do: take jobs from runners that are well.

use crate::settings::micros;
use crate::{Control, Result};

impl Control {
    /// Follows the wall clock. After a jump every lease lasts for its full time from now.
    pub(crate) async fn follow_clock(&self) -> Result<()> {
        let Some(jump) = self.store().clock().settle() else { return Ok(()) };
        let mut tx = self.store().begin().await?;
        let until = tx.now().saturating_add(micros(self.settings().lease));
        let jobs = store::queue::extend_leases(&mut tx, until).await?;
        tx.commit().await?;
        let seconds = jump.by / 1_000_000;
        crate::work::report(&format!("the clock jumped by {seconds} s; {jobs} jobs were given their lease again"));
        Ok(())
    }
}
