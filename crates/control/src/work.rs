//! What happens by itself. Each task waits for its wake-ups and also looks by itself, slowly: a wake-up may be lost.

use std::collections::{HashMap, HashSet};
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use store::Topic;
use tokio_util::sync::CancellationToken;

use crate::settings::micros;
use crate::{Control, Error, Result};

/// How often each task looks although nobody woke it.
pub(crate) const SLOWLY: Duration = Duration::from_secs(5);
/// Pauses after errors, from the first to the longest.
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What a task does when it is woken.
#[derive(Clone, Copy)]
pub(crate) enum Work {
    Events,
    Inboxes,
    Timers,
    Schedules,
    Gates,
    Sweep,
}

pub(crate) async fn run(control: &Control, stop: CancellationToken) {
    let all = Work::ALL.map(|work| {
        let (control, stop) = (control, &stop);
        forge::watch_over(work.name(), stop, move || {
            let (control, stop) = (control.clone(), stop.clone());
            async move { repeat(&control, &stop, work).await }
        })
    });
    futures_util::future::join_all(all).await;
}

async fn repeat(control: &Control, stop: &CancellationToken, work: Work) {
    let topic = match work {
        Work::Events => Some(Topic::Events),
        Work::Inboxes => Some(Topic::Inbox),
        Work::Timers | Work::Schedules | Work::Gates => Some(Topic::Timers),
        Work::Sweep => None,
    };
    let mut listener = topic.map(|topic| control.store().listen(topic));
    let mut pause = PAUSE;
    let mut failing = false;
    while !stop.is_cancelled() {
        control.rounds().begun(work);
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
    const ALL: [Self; 6] = [Self::Events, Self::Inboxes, Self::Timers, Self::Schedules, Self::Gates, Self::Sweep];

    fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Inboxes => "runs",
            Self::Timers => "timers",
            Self::Schedules => "schedules",
            Self::Gates => "gates",
            Self::Sweep => "leases",
        }
    }

    /// How long to wait before the next time; `None` when there is more to do at once.
    async fn once(self, control: &Control) -> Result<Option<Duration>> {
        match self {
            Self::Events => control.process_events().await.map(|()| Some(SLOWLY)),
            Self::Inboxes => Ok((!control.process_inboxes().await?).then_some(SLOWLY)),
            Self::Timers => control.process_timers().await.map(Some),
            Self::Schedules => control.process_schedules().await.map(Some),
            // Each takes as long as somebody else's server does.
            Self::Gates => Ok((!crate::gate::deliver(control).await?).then_some(SLOWLY)),
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
            let row = format!("run {run_id}");
            match self.feed(*run_id, Vec::new()).await {
                Ok(()) => self.is_well(&row),
                Err(error) if error.is_passing() => return Err(error),
                Err(error) => {
                    // The others must not wait for this one.
                    self.trouble(&row, &error);
                    let mut tx = self.store().begin().await?;
                    store::runs::postpone_inbox(&mut tx, *run_id, 30_000_000).await?;
                    tx.commit().await?;
                }
            }
        }
        Ok(runs.len() == 50)
    }

    /// Wait timers that are over; how long until the next.
    async fn process_timers(&self) -> Result<Duration> {
        crate::gate::timers(self).await?;
        Ok(self.until(store::environments::next_timer(&mut self.store().read()).await?))
    }

    /// Schedules that are due; how long until the next.
    async fn process_schedules(&self) -> Result<Duration> {
        self.fire_schedules().await?;
        let minute = store::schedules::next_minute(&mut self.store().read()).await?;
        Ok(self.until(minute.map(|minute| minute * 60_000_000)))
    }

    fn until(&self, next: Option<store::Micros>) -> Duration {
        let left = next.map(|next| u64::try_from(next - self.store().now()).unwrap_or_default());
        left.map_or(SLOWLY, |left| Duration::from_micros(left).clamp(Duration::from_millis(50), SLOWLY))
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

/// When each task began its present round.
#[derive(Debug, Default)]
pub(crate) struct Rounds(Mutex<HashMap<&'static str, Instant>>);

/// No round takes so long, unless it hangs.
const LONGEST_ROUND: Duration = Duration::from_secs(180);

impl Rounds {
    pub(crate) fn begun(&self, work: Work) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(work.name(), Instant::now());
    }
}

impl Control {
    /// A task that has not come round for minutes, for whoever asks whether all is well.
    #[must_use]
    pub fn stalled(&self) -> Option<&'static str> {
        let rounds = self.rounds().0.lock().unwrap_or_else(PoisonError::into_inner);
        rounds.iter().find(|(_, begun)| begun.elapsed() > LONGEST_ROUND).map(|(name, _)| *name)
    }
}

/// Rows with which something is wrong. Each is told once, however often it is tried.
#[derive(Debug, Default)]
pub(crate) struct Troubles(Mutex<HashSet<String>>);

/// More are not remembered, and told again.
const MOST_TROUBLES: usize = 10_000;

impl Control {
    /// Tells of a row that cannot be worked on, and is tried again later.
    pub(crate) fn trouble(&self, row: &str, error: &Error) {
        let mut known = self.troubles().0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_TROUBLES {
            known.clear();
        }
        if known.insert(row.to_owned()) {
            report(&format!("{row}: {error}; tried again from time to time"));
        }
    }

    /// Tells when that is over.
    pub(crate) fn is_well(&self, row: &str) {
        if self.troubles().0.lock().unwrap_or_else(PoisonError::into_inner).remove(row) {
            report(&format!("{row}: all is well again"));
        }
    }
}

/// Tells the administrator.
pub(crate) fn report(text: &str) {
    let _ = writeln!(std::io::stderr(), "trunkline: {text}");
}
