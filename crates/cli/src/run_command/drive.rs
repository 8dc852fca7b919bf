//! Drives the state machines of a run's workflows with real jobs, and tells everything.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use api::{
    Conclusion, Event, JobFinished, JobPlanned, LegId, Reason, RunFinished, RunStarted, WorkflowFinished, WorkflowIndex,
};
use engine::{Effect, Groups, Holder, Input, JobOrder, Run};
use runner::{Control, JobReport, Surroundings};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use super::gate::{Answer, Gates};
use super::place::Runner;
use super::plan;
use super::start::{Early, Ready};
use crate::failure::Failure;
use crate::record::Record;
use crate::report::Reporter;

mod images;
mod rehearsal;
mod request;
mod surroundings;
mod tools;

pub(crate) use rehearsal::{play, rehearse};
pub(crate) use request::{dispatch_inputs, facts as rehearsal_facts};

/// One workflow of the run.
struct Driven {
    run: Run,
    /// The machine's leg numbers, by the state machine's own.
    legs: Vec<LegId>,
    ended: bool,
}

/// A job that the state machine wants started.
struct Waiting {
    workflow: usize,
    order: Box<JobOrder>,
}

struct Driver<'a> {
    ready: Ready<'a>,
    record: Arc<Record>,
    reporter: Reporter,
    around: Arc<Surroundings>,
    workflows: Vec<Driven>,
    groups: Groups<(usize, Holder)>,
    gates: Gates,
    next_leg: u32,
    most_jobs: usize,
    waiting: VecDeque<Waiting>,
    running: HashMap<LegId, Control>,
    jobs: JoinSet<(usize, LegId, JobReport)>,
    /// Which job a task is, for one that ends without saying so.
    tasks: HashMap<tokio::task::Id, (usize, LegId)>,
    inputs: VecDeque<(usize, Input)>,
    reports: HashMap<LegId, JobReport>,
    events: UnboundedReceiver<Event>,
    answers: UnboundedReceiver<Answer>,
    told_isolation: bool,
    /// How often the user asked to stop.
    stops: u32,
}

pub(crate) async fn drive(
    ready: Ready<'_>,
    early: Early,
    record: Arc<Record>,
    reporter: Reporter,
) -> Result<(), Failure> {
    let (event_sender, events) = unbounded_channel();
    let (answer_sender, answers) = unbounded_channel();
    let most_jobs = ready
        .args
        .machine
        .jobs
        .or(ready.project.config.run.jobs)
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(4, |cores| cores.get() * 2))
        .max(1);
    let tools = tools::look(&ready.dirs, event_sender.clone());
    let around = surroundings::make(&ready, &early, &record, &reporter, event_sender)?;
    let gates = Gates::new(&ready, reporter.clone(), answer_sender)?;
    gates.secrets().for_each(|secret| {
        around.masker.add(&secret);
    });
    let mut driver = Driver {
        workflows: Vec::new(),
        groups: Groups::default(),
        gates,
        next_leg: 0,
        most_jobs,
        waiting: VecDeque::new(),
        running: HashMap::new(),
        jobs: JoinSet::new(),
        tasks: HashMap::new(),
        inputs: VecDeque::new(),
        reports: HashMap::new(),
        events,
        answers,
        told_isolation: false,
        stops: 0,
        ready,
        record,
        reporter,
        around,
    };
    driver.begin();
    let conclusion = driver.until_done().await;
    tools.abort();
    driver.around.cleanups.close();
    let mut interrupts = Interrupts::listen();
    tokio::select! {
        () = driver.around.cleanups.wait() => {}
        // What is left behind is swept at the next start.
        () = interrupts.next() => {}
    }
    drop(early.launcher);
    match conclusion {
        Conclusion::Success | Conclusion::Skipped => Ok(()),
        Conclusion::Failure => Err(Failure::JobsFailed),
        Conclusion::Cancelled => Err(Failure::Cancelled),
    }
}

impl Driver<'_> {
    fn tell(&self, event: Event) {
        match self.record.append(runner::mask::event(event, &self.around.masker)) {
            Ok(envelope) => self.reporter.event(envelope),
            // A full disk must not end the run; the reader at the terminal is told once by the log's own check.
            Err(error) => tracing_lost(&error),
        }
    }

    fn begin(&mut self) {
        let event = &self.ready.event;
        let facts = &self.ready.project.facts;
        self.tell(Event::RunStarted(RunStarted {
            run: self.record.number,
            version: api::EVENTS_VERSION,
            trunkline: env!("CARGO_PKG_VERSION").to_owned(),
            event_name: event.name.clone(),
            repository: format!("{}/{}", facts.owner, facts.name),
            git_ref: event.full_ref(),
            sha: event.sha.clone(),
            attempt: self.ready.resume.attempt.max(1),
        }));
        for considered in self.ready.plan.considered.clone() {
            self.tell(Event::WorkflowConsidered(considered));
        }
        if let Some(warnings) = super::warnings(&self.ready.project) {
            self.tell(warnings);
        }
        for message in std::mem::take(&mut self.ready.notices) {
            self.tell(Event::Notice { message });
        }
        for index in 0..self.ready.plan.programs.len() {
            let (started, run) = request::workflow(&self.ready, self.record.number, index, &self.around.masker);
            self.tell(Event::WorkflowStarted(started));
            self.workflows.push(Driven { run, legs: Vec::new(), ended: false });
            self.inputs.push_back((index, Input::Start));
        }
    }

    async fn until_done(&mut self) -> Conclusion {
        let mut interrupts = Interrupts::listen();
        loop {
            self.settle();
            if self.workflows.iter().all(|one| one.ended) && self.jobs.is_empty() {
                break;
            }
            tokio::select! {
                biased;
                Some(event) = self.events.recv() => self.job_said(event),
                Some(done) = self.jobs.join_next() => self.job_ended(done),
                Some(answer) = self.answers.recv() => self.inputs.push_back(answer.into_input()),
                () = interrupts.next() => self.stop(),
                else => break,
            }
        }
        while let Ok(event) = self.events.try_recv() {
            self.job_said(event);
        }
        let results: Vec<_> = self.workflows.iter().filter_map(|one| one.run.conclusion()).collect();
        let conclusion = [Conclusion::Failure, Conclusion::Cancelled]
            .into_iter()
            .find(|worst| results.contains(worst))
            .unwrap_or(Conclusion::Success);
        // Stopping is what the user did, whatever jobs made of it.
        let conclusion = if self.stops > 0 { Conclusion::Cancelled } else { conclusion };
        self.tell(Event::RunFinished(RunFinished { conclusion }));
        conclusion
    }

    /// Feeds inputs and carries out effects until nothing is left to do at once, then starts what has a place.
    fn settle(&mut self) {
        loop {
            while let Some((workflow, input)) = self.inputs.pop_front() {
                for effect in self.workflows[workflow].run.apply(input) {
                    self.carry_out(workflow, effect);
                }
            }
            if self.running.len() >= self.most_jobs {
                break;
            }
            // A job that cannot start here is answered at once, so there may be inputs again.
            let Some(Waiting { workflow, order }) = self.waiting.pop_front() else { break };
            self.start(workflow, *order);
        }
    }

    fn carry_out(&mut self, workflow: usize, effect: Effect) {
        match effect {
            Effect::Planned(planned) => {
                let leg = LegId(self.next_leg);
                self.next_leg += 1;
                self.workflows[workflow].legs.push(leg);
                self.tell(Event::JobPlanned(JobPlanned {
                    leg,
                    workflow: index(workflow),
                    job: planned.key,
                    name: planned.name,
                    needs: planned.needs,
                    matrix: planned.matrix.map(|value| value.to_json()),
                    condition: planned.condition.map(Box::new),
                }));
            }
            Effect::Waiting { leg, reason } => {
                let reason = self.reason(&reason);
                self.tell(Event::JobWaiting { leg: self.leg(workflow, leg), reason });
            }
            Effect::Enter { holder, group, cancel_in_progress, keep_all_pending, .. } => {
                let verdict = self.groups.enter(&group, (workflow, holder), cancel_in_progress, keep_all_pending);
                for (other, holder) in verdict.evicted {
                    self.inputs.push_back((other, Input::Evicted(holder)));
                }
                if let Some((other, holder)) = verdict.entered {
                    self.inputs.push_back((other, Input::Entered(holder)));
                }
            }
            Effect::Leave(holder) => {
                for (other, holder) in self.groups.leave((workflow, holder)) {
                    self.inputs.push_back((other, Input::Entered(holder)));
                }
            }
            Effect::Gate { leg, environment } => {
                let told = self.leg(workflow, leg);
                if let Some(reason) = self.gates.ask(workflow, leg, &environment.name) {
                    self.tell(Event::JobWaiting { leg: told, reason });
                }
            }
            // Asked twice to stop, nothing starts any more, `always()` or not.
            Effect::Start(order) if self.stops > 1 => self.not_started(workflow, order.leg),
            Effect::Start(order) => self.waiting.push_back(Waiting { workflow, order }),
            Effect::Cancel { leg } => self.cancel(workflow, leg),
            Effect::Finished { leg, conclusion, reason, outputs } => {
                self.finished(workflow, leg, conclusion, reason.as_ref(), outputs);
            }
            Effect::Done { conclusion, reason } => {
                self.workflows[workflow].ended = true;
                let reason = reason.map(|why| self.reason(&why));
                self.tell(Event::WorkflowFinished(WorkflowFinished { workflow: index(workflow), conclusion, reason }));
            }
        }
    }

    fn start(&mut self, workflow: usize, order: JobOrder) {
        let leg = self.leg(workflow, order.leg);
        let own = order.leg;
        let place = match self.gates.platforms.runner(&order.runs_on) {
            Runner::Here(place) => place,
            Runner::Elsewhere(label) => {
                let text = format!("`{label}` is not this machine; -P {label}=sandbox runs it here all the same");
                let reason = Reason { code: "runs-on".to_owned(), reason: text, location: None };
                self.job_result(workflow, leg, own, ended(Conclusion::Skipped, Some(reason)));
                return;
            }
        };
        let control = Control::default();
        self.running.insert(leg, control.clone());
        let request = request::job(&self.ready, &self.gates, workflow, leg, order, place);
        let around = self.around.clone();
        let task = self.jobs.spawn(async move { (workflow, own, runner::execute(request, around, control).await) });
        self.tasks.insert(task.id(), (workflow, own));
    }

    fn cancel(&mut self, workflow: usize, leg: LegId) {
        let told = self.leg(workflow, leg);
        if let Some(control) = self.running.get(&told) {
            control.cancel.cancel();
            return;
        }
        // It still waited for a place.
        let before = self.waiting.len();
        self.waiting.retain(|one| one.workflow != workflow || one.order.leg != leg);
        if self.waiting.len() < before {
            self.not_started(workflow, leg);
        }
    }

    fn job_ended(&mut self, done: Result<(usize, LegId, JobReport), tokio::task::JoinError>) {
        // Whatever the job said before its report comes first.
        while let Ok(event) = self.events.try_recv() {
            self.job_said(event);
        }
        match done {
            Ok((workflow, own, report)) => {
                let leg = self.leg(workflow, own);
                self.running.remove(&leg);
                self.job_result(workflow, leg, own, report);
            }
            Err(error) => {
                // A mistake of ours in one job must not take the others along.
                let Some((workflow, own)) = self.tasks.remove(&error.id()) else { return };
                let leg = self.leg(workflow, own);
                self.running.remove(&leg);
                let text = "Trunkline made a mistake in this job; please report it with the output above";
                let reason = Reason { code: "internal".to_owned(), reason: text.to_owned(), location: None };
                self.job_result(workflow, leg, own, ended(Conclusion::Failure, Some(reason)));
            }
        }
    }

    fn job_result(&mut self, workflow: usize, leg: LegId, own: LegId, report: JobReport) {
        let outputs = report.outputs.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let conclusion = report.conclusion;
        self.reports.insert(leg, report);
        self.inputs.push_back((workflow, Input::Ended { leg: own, conclusion, outputs }));
    }

    fn finished(
        &mut self,
        workflow: usize,
        leg: LegId,
        conclusion: Conclusion,
        reason: Option<&engine::Why>,
        outputs: Vec<(String, String)>,
    ) {
        let leg = self.leg(workflow, leg);
        let report = self.reports.remove(&leg);
        let own = reason.map(|why| self.reason(why));
        self.around.services.end_job(&leg.to_string());
        let first_error = report.as_ref().and_then(|report| report.first_error.clone());
        let url = report.as_ref().and_then(|report| report.environment_url.clone());
        self.tell(Event::JobFinished(JobFinished {
            leg,
            conclusion,
            first_error: first_error.or_else(|| {
                own.as_ref().filter(|_| conclusion == Conclusion::Failure).map(|reason| reason.reason.clone())
            }),
            reason: own.or_else(|| report.and_then(|report| report.reason)),
            outputs: outputs.into_iter().collect(),
            environment_url: url,
        }));
    }

    fn job_said(&mut self, event: Event) {
        if let Event::JobStarted(started) = &event
            && !std::mem::replace(&mut self.told_isolation, true)
        {
            for missing in started.isolation.missing.clone() {
                self.tell(Event::Notice { message: missing });
            }
        }
        self.tell(event);
    }

    /// The first time cancels as GitHub would, the second kills.
    fn stop(&mut self) {
        self.stops += 1;
        self.gates.withdraw();
        if self.stops == 1 {
            self.tell(Event::Notice { message: "cancelling; once more kills what is left".to_owned() });
            for workflow in 0..self.workflows.len() {
                self.inputs.push_back((workflow, Input::Cancel));
            }
            return;
        }
        for control in self.running.values() {
            control.cancel.cancel();
            control.kill.cancel();
        }
        let waiting = std::mem::take(&mut self.waiting);
        for one in waiting {
            self.not_started(one.workflow, one.order.leg);
        }
        // Approvals and groups are not waited for any more either.
        for workflow in 0..self.workflows.len() {
            self.inputs.push_back((workflow, Input::Kill));
        }
    }

    fn not_started(&mut self, workflow: usize, leg: LegId) {
        self.inputs.push_back((workflow, Input::Ended { leg, conclusion: Conclusion::Cancelled, outputs: Vec::new() }));
    }

    fn leg(&self, workflow: usize, own: LegId) -> LegId {
        self.workflows[workflow].legs.get(own.0 as usize).copied().unwrap_or(own)
    }

    fn reason(&self, why: &engine::Why) -> Reason {
        let sources = self.around.source_map.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut reason = plan::reason(why, &sources);
        reason.reason = self.around.masker.mask_str(&reason.reason).into_owned();
        reason
    }
}

/// The report of a job that no runner executed to its end.
fn ended(conclusion: Conclusion, reason: Option<Reason>) -> JobReport {
    JobReport {
        conclusion,
        first_error: reason.as_ref().map(|reason| reason.reason.clone()),
        reason,
        outputs: std::collections::BTreeMap::new(),
        environment_url: None,
    }
}

fn index(workflow: usize) -> WorkflowIndex {
    WorkflowIndex(u32::try_from(workflow).unwrap_or(u32::MAX))
}

fn tracing_lost(error: &std::io::Error) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "warning: an event could not be recorded: {error}");
}

/// Ctrl-C and a polite kill.
struct Interrupts {
    signals: Vec<tokio::signal::unix::Signal>,
}

impl Interrupts {
    fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        Self { signals: kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect() }
    }

    async fn next(&mut self) {
        std::future::poll_fn(|context| {
            let hit = self.signals.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
            if hit { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
    }
}

/// The sender's side of a job's events; kept apart so that the type is named once.
pub(super) type Events = UnboundedSender<Event>;
