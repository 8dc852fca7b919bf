//! One job: from its specification to the report that the server has acknowledged.

mod directory;
mod report;
mod request;
mod surroundings;
mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use api::wire::{Finish, JobSpec, Outcome};
use api::{Event, LegId, Reason};
use runner::Control;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::Notice;
use crate::agent::Agent;
use crate::client::Held;
use crate::leases::Moment;
use crate::outbox::{Courier, EventJournal, LogSender, LogSource};

pub(crate) use directory::JobDirectory;
pub(crate) use report::deliver;

/// Executes a job and reports it. Returns when the server has the report, or has given the job to somebody else.
/// `asked` is when the server was asked, and gave it.
pub(crate) async fn execute(agent: &Arc<Agent>, spec: JobSpec, asked: Moment) {
    let held = Held { job: spec.id, fence: spec.fence };
    let courier = Courier { agent: agent.clone(), held, lost: CancellationToken::new() };
    let (repository, name) = (spec.repository.name.clone(), spec.name.clone());
    agent.tell(Notice::JobStarted { job: spec.id, repository, name: spec.name.clone() });
    let outcome = match JobDirectory::create(&agent.config.jobs_dir(), &agent.config.server_key, &spec) {
        Ok(directory) => {
            let done = run(agent, spec, asked, &courier, &directory).await;
            if done.is_some() || courier.lost.is_cancelled() {
                directory.remove();
            }
            done
        }
        Err(error) => {
            let reason = format!("the runner has no room for the job: {error}");
            let finish = Finish { events: 0, log: 0, outcome: lost("runner", &reason, false) };
            deliver(&courier, finish).await
        }
    };
    let job = held.job;
    match outcome {
        Some(Outcome::Executed(report)) => {
            agent.tell(Notice::JobFinished { job, name, conclusion: report.conclusion.to_string() });
        }
        Some(Outcome::Lost { reason, .. }) => agent.tell(Notice::JobLost { job, reason: reason.reason }),
        None => agent.tell(Notice::JobLost { job, reason: "the server gave it to another runner".to_owned() }),
    }
}

/// What was reported, once the server has it.
async fn run(
    agent: &Arc<Agent>,
    spec: JobSpec,
    asked: Moment,
    courier: &Courier,
    directory: &JobDirectory,
) -> Option<Outcome> {
    let (journal, events) = match EventJournal::create(&directory.events()) {
        Ok(made) => made,
        Err(error) => {
            let outcome = lost("runner", &format!("the job's journal cannot be written: {error}"), false);
            return deliver(courier, Finish { events: 0, log: 0, outcome }).await;
        }
    };
    let journal = Arc::new(journal);
    let control = Control::default();
    let started = Arc::new(AtomicBool::new(false));
    let (over, ended) = tokio::sync::watch::channel(false);
    let (log_begins, log_begun) = oneshot::channel();
    let sending_events = tokio::spawn({
        let courier = courier.clone();
        async move { events.run(&courier).await }
    });
    let sending_log = tokio::spawn({
        let courier = courier.clone();
        async move { LogSender::new().follow(&courier, log_begun, ended).await }
    });
    let outcome = {
        let lease = agent.leases.hold(asked);
        let watching = watch::watch(courier, &control, &lease);
        tokio::pin!(watching);
        let working = work(agent, spec, directory, &journal, &control, log_begins, &started);
        tokio::pin!(working);
        tokio::select! {
            outcome = &mut working => outcome,
            why = &mut watching => {
                // The job is not to go on; its processes are killed, and it says so soon.
                let outcome = working.await;
                why.outcome(outcome, started.load(Ordering::Relaxed))
            }
        }
    };
    journal.close();
    let _ = over.send(true);
    // The lease goes on while the rest is sent.
    let keeping = watch::keep(courier);
    let sending = async {
        let events = sending_events.await.ok()?.ok()?;
        let log = sending_log.await.ok()?.ok()?;
        let finish = Finish { events, log, outcome };
        // A runner that is killed from here on has this to say when it comes back.
        directory.keep_finish(&finish);
        deliver(courier, finish).await
    };
    tokio::pin!(sending);
    tokio::select! {
        biased;
        done = &mut sending => done,
        // Another claim has the job, or the report has just ended it: its own answer says which.
        () = keeping => sending.await,
    }
}

/// Makes what the job needs and executes it.
async fn work(
    agent: &Arc<Agent>,
    spec: JobSpec,
    directory: &JobDirectory,
    journal: &Arc<EventJournal>,
    control: &Control,
    log_begins: oneshot::Sender<LogSource>,
    started: &Arc<AtomicBool>,
) -> Outcome {
    let leg = agent.next_leg();
    let (sender, receiver) = mpsc::unbounded_channel();
    let places = surroundings::Places { agent, directory, events: sender, log_begins };
    let prepared = match surroundings::make(places, &spec).await {
        Ok(prepared) => prepared,
        Err(reason) => return lost("runner", &reason, false),
    };
    let masker = prepared.around.masker.clone();
    let reading = tokio::spawn(read_events(receiver, journal.clone(), spec.leg, masker.clone(), started.clone()));
    let request = match request::of(spec, leg, &agent.config, &prepared) {
        Ok(request) => request,
        Err(report) => return Outcome::Executed(report),
    };
    let around = Arc::new(prepared.around);
    let report = runner::execute(request, around.clone(), control.clone()).await;
    around.cleanups.close();
    let cleanups = around.cleanups.clone();
    // The events end when the last sender is gone.
    drop(around);
    let _ = reading.await;
    agent.tasks.spawn(async move { cleanups.wait().await });
    Outcome::Executed(report::of(report, &masker))
}

/// Masks and numbers the job's events, under the leg that the server knows.
async fn read_events(
    mut events: mpsc::UnboundedReceiver<Event>,
    journal: Arc<EventJournal>,
    leg: LegId,
    masker: runner::Masker,
    started: Arc<AtomicBool>,
) {
    while let Some(event) = events.recv().await {
        if matches!(event, Event::StepStarted(_)) {
            started.store(true, Ordering::Relaxed);
        }
        let event = runner::mask::event(with_leg(event, leg), &masker);
        journal.add(jiff::Timestamp::now().as_microsecond(), event);
    }
}

fn with_leg(mut event: Event, own: LegId) -> Event {
    if let Some(leg) = event.leg_mut() {
        *leg = own;
    }
    event
}

/// The outcome of a job that did not come to its end.
pub(crate) fn lost(code: &str, reason: &str, started: bool) -> Outcome {
    let reason = Reason { code: code.to_owned(), reason: reason.to_owned(), location: None };
    Outcome::Lost { reason, started }
}
