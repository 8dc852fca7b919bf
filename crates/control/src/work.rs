//! What happens by itself. Each task waits for its wake-ups and also looks by itself, slowly: a wake-up may be lost.

use std::io::Write as _;
use std::time::Duration;

use store::Topic;
use tokio_util::sync::CancellationToken;

use crate::settings::micros;
use crate::{Control, Result};

/// How often each task looks although nobody woke it.
const SLOWLY: Duration = Duration::from_secs(5);
/// Pauses after errors, from the first to the longest.
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What a task does when it is woken.
#[derive(Clone, Copy)]
enum Work {
    Events,
    Inboxes,
    Timers,
    Sweep,
}

pub(crate) async fn run(control: &Control, stop: CancellationToken) {
    tokio::join!(
        repeat(control, &stop, Work::Events),
        repeat(control, &stop, Work::Inboxes),
        repeat(control, &stop, Work::Timers),
        repeat(control, &stop, Work::Sweep),
    );
}

async fn repeat(control: &Control, stop: &CancellationToken, work: Work) {
    let topic = match work {
        Work::Events => Some(Topic::Events),
        Work::Inboxes => Some(Topic::Inbox),
        Work::Timers => Some(Topic::Timers),
        Work::Sweep => None,
    };
    let mut listener = topic.map(|topic| control.store().listen(topic));
    let mut pause = PAUSE;
    let mut failing = false;
    while !stop.is_cancelled() {
        let wait = match work.once(control).await {
            Ok(wait) => {
                pause = PAUSE;
                if std::mem::take(&mut failing) {
                    report(&format!("{}: goes on", work.name()));
                }
                wait
            }
            Err(error) => {
                if !std::mem::replace(&mut failing, true) || !error.is_passing() {
                    report(&format!("{}: {error}; tried again", work.name()));
                }
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(pause) => {}
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
                continue;
            }
        };
        let Some(wait) = wait else { continue };
        let woken = async {
            match &mut listener {
                Some(listener) => drop(listener.wait(wait).await),
                None => tokio::time::sleep(wait).await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = woken => {}
        }
    }
}

impl Work {
    fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Inboxes => "runs",
            Self::Timers => "timers",
            Self::Sweep => "leases",
        }
    }

    /// How long to wait before the next time; `None` when there is more to do at once.
    async fn once(self, control: &Control) -> Result<Option<Duration>> {
        match self {
            Self::Events => Ok((!control.process_events().await?).then_some(SLOWLY)),
            Self::Inboxes => Ok((!control.process_inboxes().await?).then_some(SLOWLY)),
            Self::Timers => control.process_timers().await.map(Some),
            Self::Sweep => {
                control.follow_clock().await?;
                control.sweep_jobs().await?;
                control.forget_runners().await?;
                // Tests have short leases.
                Ok(Some(SLOWLY.min(control.settings().lease / 2)))
            }
        }
    }
}

impl Control {
    /// Takes steps of runs for which inputs lie there. Whether there may be more.
    async fn process_inboxes(&self) -> Result<bool> {
        let runs = store::runs::with_inbox(&mut self.store().read(), 50).await?;
        for run_id in &runs {
            match self.feed(*run_id, Vec::new()).await {
                Ok(()) => {}
                Err(error) if error.is_passing() => return Err(error),
                Err(error) => {
                    // The others must not wait for this one.
                    report(&format!("run {run_id}: {error}"));
                    let mut tx = self.store().begin().await?;
                    store::runs::postpone_inbox(&mut tx, *run_id, 30_000_000).await?;
                    tx.commit().await?;
                }
            }
        }
        Ok(runs.len() == 50)
    }

    /// Gates and schedules that are due; how long until the next.
    async fn process_timers(&self) -> Result<Duration> {
        crate::gate::timers(self).await?;
        crate::gate::deliver(self).await?;
        self.fire_schedules().await?;
        let mut read = self.store().read();
        let gate = store::environments::next_timer(&mut read).await?;
        let minute = store::schedules::next_minute(&mut read).await?.map(|minute| minute * 60_000_000);
        let next = gate.into_iter().chain(minute).min();
        let left = next.map(|next| u64::try_from(next - self.store().now()).unwrap_or_default());
        Ok(left.map_or(SLOWLY, |left| Duration::from_micros(left).clamp(Duration::from_millis(50), SLOWLY)))
    }

    /// Forgets single-use runners that have had their job.
    async fn forget_runners(&self) -> Result<()> {
        let unseen = self.store().now() - 2 * micros(self.settings().lease);
        for id in store::runners::leftovers(&mut self.store().read(), unseen).await? {
            let mut tx = self.store().begin().await?;
            self.identity().revoke_runner(&mut tx, id).await?;
            store::runners::delete(&mut tx, id).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

/// Tells the administrator.
pub(crate) fn report(text: &str) {
    let _ = writeln!(std::io::stderr(), "trunkline: {text}");
}
