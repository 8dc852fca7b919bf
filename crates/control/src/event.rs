//! From what happened to verdicts and runs.
//!
//! Git is asked before the transaction; the transaction takes the event, writes a verdict for every workflow, makes the
//! runs with their first step, and marks the event as done. Either all of it is there or the event is still pending.

mod changed;
mod consider;
mod context;
mod create;
mod facts;
mod files;
mod neutral;

use std::collections::HashSet;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use store::events::{ActorKind, Event, Facts, NewEvent};
use store::repositories::Repository;
use store::runs::Run;
use store::{Topic, Tx};

use crate::drive::Live;
use crate::work::{SLOWLY, Work};
use crate::{Control, Error, Result};
pub(crate) use consider::{Considered, dispatch_inputs};
pub(crate) use create::trust_of;
pub(crate) use files::{LARGEST, Snapshots};

/// An event that cannot be processed is tried so often, for a day and a half, then kept as failed: `trunkline admin events`
/// shows it and lets it be tried again.
const MOST_ATTEMPTS: i64 = 220;
/// Pauses in between, from the first to the longest.
const PAUSES: (store::Micros, store::Micros) = (2_000_000, 600_000_000);
/// Repositories whose events are looked for in one go, and how many of them are processed at a time: git takes its time.
const MOST_EVENTS: i64 = 50;
const AT_ONCE: usize = 8;

/// An event with what git and the database say about it.
pub(crate) struct Occasion {
    pub(crate) row: Event,
    facts: Facts,
    pub(crate) repository: Repository,
    event: trigger::Event,
    /// The tree of the run's commit, and the repository's `trunkline.lock` in it.
    tree: String,
    lock: Option<String>,
}

impl Occasion {
    /// The repository itself was changed. No workflow can listen to that; its schedules may be others now.
    pub(crate) fn is_of_repository(&self) -> bool {
        self.row.name == "repository"
    }
}

impl Control {
    /// Processes what waits until nothing does: repositories side by side, events of one in order. One whose git takes long
    /// keeps no other waiting.
    pub(crate) async fn process_events(&self) -> Result<()> {
        let mut listener = self.store().listen(Topic::Events);
        let mut under_way = FuturesUnordered::new();
        // Those under way, and those that another server has.
        let mut seen = HashSet::<i64>::new();
        let mut failed: Option<Error> = None;
        loop {
            self.rounds().begun(Work::Events);
            if failed.is_none() && !self.parting().is_cancelled() {
                match store::events::pending(&mut self.store().read(), MOST_EVENTS).await {
                    Ok(ids) => {
                        let room = AT_ONCE.saturating_sub(under_way.len());
                        let fresh: Vec<i64> = ids.into_iter().filter(|id| !seen.contains(id)).take(room).collect();
                        seen.extend(&fresh);
                        under_way.extend(fresh.into_iter().map(|id| async move { (id, self.try_event(id).await) }));
                    }
                    Err(error) => failed = Some(error.into()),
                }
            }
            if under_way.is_empty() {
                return failed.map_or(Ok(()), Err);
            }
            tokio::select! {
                Some((id, done)) = under_way.next() => match done {
                    Ok(true) => {
                        seen.remove(&id);
                    }
                    Ok(false) => {}
                    // What is under way is brought to its end all the same.
                    Err(error) => failed = Some(error),
                },
                _ = listener.wait(SLOWLY) => {}
            }
        }
    }

    /// Whether it is done or postponed; otherwise another server has it.
    async fn try_event(&self, id: i64) -> Result<bool> {
        match self.process_event(id).await {
            Err(error) if !error.is_passing() => {
                self.postpone_event(id, &error.to_string()).await?;
                Ok(true)
            }
            done => done,
        }
    }

    async fn postpone_event(&self, id: i64, error: &str) -> Result<()> {
        let mut tx = self.store().begin().await?;
        let attempts = store::events::attempts(&mut tx, id).await?;
        let pause = (PAUSES.0 << attempts.clamp(0, 20)).min(PAUSES.1);
        store::events::postpone(&mut tx, id, error, pause, MOST_ATTEMPTS).await?;
        tx.commit().await?;
        if attempts == 0 {
            crate::work::report(&format!("event {id}: {error}; it is tried again for a day"));
        } else if attempts + 1 >= MOST_ATTEMPTS {
            crate::work::report(&format!("event {id}: {error}; it is given up (trunkline admin events)"));
        }
        Ok(())
    }

    /// Whether it is done now, and was not before.
    async fn process_event(&self, id: i64) -> Result<bool> {
        let Some(row) = store::events::by_id(&mut self.store().read(), id).await?.filter(|row| row.state == "pending")
        else {
            return Ok(false);
        };
        let Some(repository) = store::repositories::by_id(&mut self.store().read(), row.repo_id).await? else {
            // Deleted since: nothing of it is left to run.
            let mut tx = self.store().begin().await?;
            store::events::done(&mut tx, id).await?;
            tx.commit().await?;
            return Ok(true);
        };
        let (occasion, considered) = self.consider(row, repository).await?;
        let lines = self.schedule_lines(&occasion, &considered);
        let mut tx = self.store().begin().await?;
        if store::events::take(&mut tx, id).await?.is_none() {
            return Ok(false);
        }
        let mut begun: Vec<(i64, Live)> = Vec::new();
        for one in considered.iter().filter(|_| !occasion.is_of_repository()) {
            begun.extend(Box::pin(self.decide(&mut tx, &occasion, one)).await?);
        }
        if occasion.row.name == "pull_request" {
            tell_target(&mut tx, &occasion).await?;
        }
        if let Some(lines) = lines {
            self.put_schedules(&mut tx, &occasion.row, &occasion.repository, lines).await?;
        }
        store::events::done(&mut tx, id).await?;
        tx.commit().await?;
        for (run_id, live) in begun {
            self.live().slot(run_id).await.keep(live);
        }
        Ok(true)
    }

    /// Writes one verdict, with its run where there is one.
    async fn decide(&self, tx: &mut Tx, occasion: &Occasion, one: &Considered) -> Result<Option<(i64, Live)>> {
        let repo_id = occasion.repository.id;
        let workflow = store::workflows::put(tx, repo_id, &one.path, &one.name).await?;
        let run = self.create_run(tx, occasion, one, &workflow).await?;
        let place = one.verdict.span.map(|span| crate::program::location(&one.sources, span));
        let verdict = store::verdicts::Verdict {
            event_id: occasion.row.id,
            repo_id,
            workflow_path: one.path.clone(),
            workflow_name: one.name.clone(),
            runs: one.runs().to_owned(),
            gate: one.verdict.gate.code().to_owned(),
            reason: one.verdict.reason.clone(),
            line: place.as_ref().map(|place| i64::from(place.line)),
            col: place.as_ref().map(|place| i64::from(place.column)),
            evidence: one.evidence(),
            run_id: run.as_ref().map(|(id, _)| *id),
            created_at: tx.now(),
        };
        store::verdicts::insert(tx, &verdict).await?;
        if run.is_none() {
            self.report_neutral(tx, occasion, one).await?;
        }
        Ok(run.and_then(|(id, live)| Some((id, live?))))
    }
}

/// `pull_request_target`: the same news for workflows of the default branch, which run there and know nothing of what the
/// pull request changes in them. No webhook hears of it.
async fn tell_target(tx: &mut Tx, occasion: &Occasion) -> Result<()> {
    let row = &occasion.row;
    let event = NewEvent {
        repo_id: row.repo_id,
        name: "pull_request_target".to_owned(),
        action: row.action.clone(),
        git_ref: format!("refs/heads/{}", occasion.repository.default_branch),
        before: None,
        // Where the default branch is when it is looked at.
        sha: String::new(),
        facts: occasion.facts.clone(),
        actor_id: row.actor_id,
        actor_login: row.actor_login.clone(),
        actor_kind: ActorKind::parse(&row.actor_kind),
        payload: row.payload.clone(),
    };
    store::events::append(tx, &event).await?;
    Ok(())
}

/// The event `workflow_run`, in the transaction in which the run changes.
pub(crate) async fn report_run(control: &Control, tx: &mut Tx, run: &Run, action: &str) -> Result<()> {
    let Some(repository) = store::repositories::by_id(tx, run.repo_id).await? else { return Ok(()) };
    let mut shape = control.forge().shape();
    let workflow = serde_json::json!({ "id": run.workflow_id, "name": run.workflow_name, "path": run.workflow_path });
    let payload = serde_json::json!({
        "action": action,
        "workflow_run": crate::shape::run_json(control.forge().urls(), &repository.full_name(), run),
        "workflow": workflow,
        "repository": shape.repository(&repository).await?,
        "sender": shape.user(run.actor_id).await?,
    });
    let event = NewEvent {
        repo_id: run.repo_id,
        name: "workflow_run".to_owned(),
        action: Some(action.to_owned()),
        git_ref: format!("refs/heads/{}", repository.default_branch),
        before: None,
        sha: String::new(),
        facts: Facts {
            chain: run.chain + 1,
            triggering_workflow: Some(run.workflow_name.clone()),
            triggering_branch: run.head_branch.clone(),
            rerun: run.attempt > 1,
            ..Facts::default()
        },
        actor_id: run.actor_id,
        actor_login: run.actor_login.clone(),
        actor_kind: ActorKind::User,
        payload,
    };
    store::events::append(tx, &event).await?;
    Ok(())
}

impl From<Vec<workflow::InputError>> for Error {
    fn from(errors: Vec<workflow::InputError>) -> Self {
        let text: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Self::Invalid { field: "inputs", message: text.join("; ") }
    }
}
