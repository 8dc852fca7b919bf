use std::collections::BTreeMap;

use api::{Annotation, Conclusion, Envelope, Event, LegId, LogLine, Reason, Stage, WorkflowConsidered};

/// What a run did, read from its event stream.
#[derive(Debug, Default)]
pub struct Observed {
    pub workflows: Vec<WorkflowConsidered>,
    /// In the order in which they became known.
    pub jobs: Vec<ObservedJob>,
    pub annotations: Vec<Annotation>,
    pub summaries: Vec<String>,
    pub notices: Vec<String>,
    /// Every log line of every job, as they came.
    pub log: Vec<String>,
    pub run_names: Vec<String>,
    pub conclusion: Option<Conclusion>,
    /// Lines of the stream that are no events.
    pub foreign: Vec<String>,
}

#[derive(Debug)]
pub struct ObservedJob {
    pub leg: LegId,
    /// The key in the file.
    pub key: String,
    pub name: String,
    pub matrix: Option<serde_json::Value>,
    pub started: bool,
    pub conclusion: Option<Conclusion>,
    pub reason: Option<Reason>,
    pub outputs: BTreeMap<String, String>,
    pub first_error: Option<String>,
    pub environment_url: Option<String>,
    pub steps: Vec<ObservedStep>,
    /// What its steps printed, without the headers that show their scripts.
    pub log: Vec<String>,
    in_header: bool,
}

#[derive(Debug)]
pub struct ObservedStep {
    pub index: u32,
    pub id: String,
    pub name: String,
    pub stage: Stage,
    pub parent: Option<u32>,
    pub outcome: Option<Conclusion>,
    pub conclusion: Option<Conclusion>,
    pub reason: Option<Reason>,
    pub outputs: BTreeMap<String, String>,
}

impl Observed {
    /// Reads a stream of one event a line.
    #[must_use]
    pub fn read(stream: &str) -> Observed {
        let mut observed = Observed::default();
        for line in stream.lines().filter(|line| !line.is_empty()) {
            // A dry run plans without a record, so its events have neither number nor time.
            let event = serde_json::from_str::<Envelope>(line)
                .map(|envelope| envelope.event)
                .or_else(|_| serde_json::from_str::<Event>(line));
            match event {
                Ok(event) => observed.take(event),
                Err(_) => observed.foreign.push(line.to_owned()),
            }
        }
        observed
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::WorkflowConsidered(considered) => self.workflows.push(considered),
            Event::WorkflowStarted(started) => self.run_names.push(started.run_name),
            Event::JobPlanned(planned) => self.jobs.push(ObservedJob {
                leg: planned.leg,
                key: without_legs(&planned.job),
                name: planned.name,
                matrix: planned.matrix,
                started: false,
                conclusion: None,
                reason: None,
                outputs: BTreeMap::new(),
                first_error: None,
                environment_url: None,
                steps: Vec::new(),
                log: Vec::new(),
                in_header: false,
            }),
            Event::JobStarted(started) => self.with(started.leg, |job| job.started = true),
            Event::StepStarted(started) => self.with(started.leg, |job| {
                job.steps.push(ObservedStep {
                    index: started.step,
                    id: started.id,
                    name: started.name,
                    stage: started.stage,
                    parent: started.parent,
                    outcome: None,
                    conclusion: None,
                    reason: None,
                    outputs: BTreeMap::new(),
                });
            }),
            Event::StepFinished(finished) => self.with(finished.leg, |job| {
                if let Some(step) = job.steps.iter_mut().find(|step| step.index == finished.step) {
                    step.outcome = Some(finished.outcome);
                    step.conclusion = Some(finished.conclusion);
                    step.reason = finished.reason;
                    step.outputs = finished.outputs;
                }
            }),
            Event::JobFinished(finished) => self.with(finished.leg, |job| {
                job.conclusion = Some(finished.conclusion);
                job.reason = finished.reason;
                job.outputs = finished.outputs;
                job.first_error = finished.first_error;
                job.environment_url = finished.environment_url;
            }),
            Event::Annotation { annotation, .. } => self.annotations.push(annotation),
            Event::Summary { markdown, .. } => self.summaries.push(markdown),
            Event::RunFinished(finished) => self.conclusion = Some(finished.conclusion),
            Event::Notice { message } => self.notices.push(message),
            Event::Log(line) => self.log_line(line),
            // Facts that explanations are made of, and what no scenario asks for.
            _ => {}
        }
    }

    /// Keeps what the step printed. The header of a step, which shows its script and environment, is left out: a test that looks
    /// for a text should not find it there.
    fn log_line(&mut self, line: LogLine) {
        let Some(job) = self.jobs.iter_mut().find(|job| job.leg == line.leg) else {
            return;
        };
        if line.line.starts_with("##[group]Run ") {
            job.in_header = true;
        }
        let header = job.in_header;
        if line.line == "##[endgroup]" {
            job.in_header = false;
        }
        if !header {
            job.log.push(line.line.clone());
            self.log.push(line.line);
        }
    }

    fn with(&mut self, leg: LegId, change: impl FnOnce(&mut ObservedJob)) {
        if let Some(job) = self.jobs.iter_mut().find(|job| job.leg == leg) {
            change(job);
        }
    }

    /// The jobs that go by a name: the one shown so, else all legs of the job with this key.
    #[must_use]
    pub fn jobs_named(&self, name: &str) -> Vec<&ObservedJob> {
        let shown: Vec<&ObservedJob> = self.jobs.iter().filter(|job| job.name == name).collect();
        if shown.is_empty() { self.jobs.iter().filter(|job| job.key == name).collect() } else { shown }
    }
}

impl ObservedJob {
    /// A step by its id or name; `outer / inner` finds a step of a composite action. The main stage comes first.
    #[must_use]
    pub fn step(&self, name: &str) -> Option<&ObservedStep> {
        let known = |step: &&ObservedStep, name: &str| step.id == name || step.name == name;
        let whole = self.steps.iter().find(|step| known(step, name) && step.stage == Stage::Main);
        whole.or_else(|| self.steps.iter().find(|step| known(step, name))).or_else(|| {
            let (outer, inner) = name.split_once(" / ")?;
            let parent = self.step(outer)?.index;
            self.steps.iter().find(|step| step.parent == Some(parent) && known(step, inner))
        })
    }
}

/// `build#0/test#12` is a leg of `build/test`.
fn without_legs(key: &str) -> String {
    let part = |part| str::split_once(part, '#').map_or(part, |(job, _)| job);
    key.split('/').map(part).collect::<Vec<_>>().join("/")
}
