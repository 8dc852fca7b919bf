use std::collections::BTreeMap;

use api::{
    ActionUsed, Annotation, CacheDecision, Conclusion, Envelope, Event, FilesHashed, ImageUsed, Isolation, JobPlanned,
    LegId, Part, Reason, Stage, StepProcess, Tool, WorkflowConsidered,
};

/// A run, put together from its events.
#[derive(Clone, Debug, Default)]
pub struct RunModel {
    pub number: u64,
    pub event: String,
    /// `refs/heads/main`
    pub git_ref: String,
    pub sha: String,
    pub attempt: u32,
    /// Microseconds since the Unix epoch, as all times here.
    pub started_at: i64,
    /// The last event's time, when the run has not ended.
    pub finished_at: i64,
    pub conclusion: Option<Conclusion>,
    pub considered: Vec<WorkflowConsidered>,
    /// Paths of the workflows that ran, by their number.
    pub workflows: BTreeMap<u32, String>,
    /// In the order in which they were planned.
    pub jobs: Vec<JobModel>,
    pub tools: BTreeMap<String, Tool>,
    pub notices: Vec<String>,
    /// Where in `jobs` a leg is.
    places: BTreeMap<LegId, usize>,
}

#[derive(Clone, Debug)]
pub struct JobModel {
    pub leg: LegId,
    pub workflow: u32,
    /// `deploy/test#2`
    pub key: String,
    pub name: String,
    pub needs: Vec<String>,
    pub matrix: Option<serde_json::Value>,
    pub condition: Option<Part>,
    pub planned_at: i64,
    pub waits: Vec<(i64, Reason)>,
    pub started_at: Option<i64>,
    pub finished_at: Option<i64>,
    pub runs_on: Vec<String>,
    pub isolation: Option<Isolation>,
    pub conclusion: Option<Conclusion>,
    pub reason: Option<Reason>,
    pub first_error: Option<String>,
    pub steps: Vec<StepModel>,
    pub images: Vec<ImageUsed>,
    /// With the index of the step that was running.
    pub hashed: Vec<FilesHashed>,
    pub caches: Vec<(Option<u32>, CacheDecision)>,
    /// Key and bytes.
    pub saved: Vec<(String, u64)>,
}

#[derive(Clone, Debug)]
pub struct StepModel {
    pub index: u32,
    pub id: String,
    pub name: String,
    pub stage: Stage,
    pub parent: Option<u32>,
    pub started_at: i64,
    pub finished_at: Option<i64>,
    pub outcome: Option<Conclusion>,
    pub conclusion: Option<Conclusion>,
    pub reason: Option<Reason>,
    pub condition: Option<Part>,
    pub outputs: BTreeMap<String, String>,
    pub process: Option<StepProcess>,
    pub action: Option<ActionUsed>,
    pub annotations: Vec<Annotation>,
}

impl RunModel {
    /// From the events of a record, in order.
    #[must_use]
    pub fn of(number: u64, events: impl IntoIterator<Item = Envelope>) -> RunModel {
        let mut run = RunModel { number, ..RunModel::default() };
        for envelope in events {
            run.finished_at = envelope.at;
            run.apply(envelope.at, envelope.event);
        }
        run
    }

    fn apply(&mut self, at: i64, event: Event) {
        match event {
            Event::RunStarted(started) => {
                self.started_at = at;
                self.event = started.event_name;
                self.git_ref = started.git_ref;
                self.sha = started.sha;
                self.attempt = started.attempt;
            }
            Event::WorkflowConsidered(considered) => self.considered.push(considered),
            Event::WorkflowStarted(started) => {
                self.workflows.insert(started.workflow.0, started.path);
            }
            Event::JobPlanned(planned) => self.plan(at, planned),
            Event::RunFinished(finished) => self.conclusion = Some(finished.conclusion),
            Event::Notice { message } => self.notices.push(message),
            Event::Tools { tools } => self.tools = tools,
            other => self.of_job(at, other),
        }
    }

    fn plan(&mut self, at: i64, planned: JobPlanned) {
        self.places.insert(planned.leg, self.jobs.len());
        self.jobs.push(JobModel {
            leg: planned.leg,
            workflow: planned.workflow.0,
            key: planned.job,
            name: planned.name,
            needs: planned.needs,
            matrix: planned.matrix,
            condition: planned.condition.map(|part| *part),
            planned_at: at,
            waits: Vec::new(),
            started_at: None,
            finished_at: None,
            runs_on: Vec::new(),
            isolation: None,
            conclusion: None,
            reason: None,
            first_error: None,
            steps: Vec::new(),
            images: Vec::new(),
            hashed: Vec::new(),
            caches: Vec::new(),
            saved: Vec::new(),
        });
    }

    fn of_job(&mut self, at: i64, event: Event) {
        match event {
            Event::JobWaiting { leg, reason } => self.with(leg, |job| job.waits.push((at, reason))),
            Event::JobStarted(started) => self.with(started.leg, |job| {
                job.started_at = Some(at);
                job.runs_on = started.runs_on;
                job.isolation = Some(started.isolation);
            }),
            Event::JobFinished(finished) => self.with(finished.leg, |job| {
                job.finished_at = Some(at);
                job.conclusion = Some(finished.conclusion);
                job.reason = finished.reason;
                job.first_error = finished.first_error;
            }),
            Event::StepStarted(started) => self.with(started.leg, |job| {
                job.steps.push(StepModel {
                    index: started.step,
                    id: started.id,
                    name: started.name,
                    stage: started.stage,
                    parent: started.parent,
                    started_at: at,
                    finished_at: None,
                    outcome: None,
                    conclusion: None,
                    reason: None,
                    condition: None,
                    outputs: BTreeMap::new(),
                    process: None,
                    action: None,
                    annotations: Vec::new(),
                });
            }),
            Event::StepFinished(finished) => self.with_step(finished.leg, finished.step, |step| {
                step.finished_at = Some(at);
                step.outcome = Some(finished.outcome);
                step.conclusion = Some(finished.conclusion);
                step.reason = finished.reason;
                step.condition = finished.condition.map(|part| *part);
                step.outputs = finished.outputs;
            }),
            Event::Annotation { leg, step: Some(step), annotation } => {
                self.with_step(leg, step, |step| step.annotations.push(annotation));
            }
            Event::StepProcess(process) => {
                self.with_step(process.leg, process.step, |step| step.process = Some(process));
            }
            Event::ActionUsed(used) => self.with_step(used.leg, used.step, |step| step.action = Some(used)),
            Event::ImageUsed(used) => self.with(used.leg, |job| job.images.push(used)),
            Event::FilesHashed(hashed) => self.with(hashed.leg, |job| job.hashed.push(hashed)),
            Event::CacheLooked { leg, decision } => self.with(leg, |job| {
                let step = job.steps.iter().rev().find(|step| step.finished_at.is_none()).map(|step| step.index);
                job.caches.push((step, *decision));
            }),
            Event::CacheSaved { leg, key, size, .. } => self.with(leg, |job| job.saved.push((key, size))),
            _ => {}
        }
    }

    fn with(&mut self, leg: LegId, change: impl FnOnce(&mut JobModel)) {
        if let Some(job) = self.places.get(&leg).and_then(|place| self.jobs.get_mut(*place)) {
            change(job);
        }
    }

    fn with_step(&mut self, leg: LegId, step: u32, change: impl FnOnce(&mut StepModel)) {
        self.with(leg, |job| {
            if let Some(step) = job.steps.iter_mut().rev().find(|one| one.index == step) {
                change(step);
            }
        });
    }

    /// The legs of the jobs that a job needs.
    pub fn needs_of<'a>(&'a self, job: &'a JobModel) -> impl Iterator<Item = &'a JobModel> {
        self.jobs
            .iter()
            .filter(move |other| other.workflow == job.workflow && job.needs.iter().any(|need| need == other.job_key()))
    }

    /// The job of this key in the same workflow, for comparisons between runs.
    #[must_use]
    pub fn same_job(&self, workflow: &str, key: &str) -> Option<&JobModel> {
        self.jobs
            .iter()
            .find(|job| job.key == key && self.workflows.get(&job.workflow).is_some_and(|path| path == workflow))
    }

    /// The path of a job's workflow.
    #[must_use]
    pub fn workflow_of(&self, job: &JobModel) -> &str {
        self.workflows.get(&job.workflow).map_or("", String::as_str)
    }
}

impl JobModel {
    /// `test#2` is a leg of `test`.
    #[must_use]
    pub fn job_key(&self) -> &str {
        self.key.rsplit_once('#').map_or(&self.key, |(job, _)| job)
    }

    /// Whether a user means this job by that word.
    #[must_use]
    pub fn is_called(&self, word: &str) -> bool {
        [self.key.as_str(), self.job_key(), self.name.as_str()].iter().any(|one| one.eq_ignore_ascii_case(word))
    }

    #[must_use]
    pub fn step(&self, index: u32) -> Option<&StepModel> {
        self.steps.iter().find(|step| step.index == index)
    }

    /// From its start to its end, in microseconds; none for one that did not run.
    #[must_use]
    pub fn took(&self) -> Option<i64> {
        Some((self.finished_at? - self.started_at?).max(0))
    }

    /// The step to blame: the innermost of the first that failed and counted.
    #[must_use]
    pub fn failed_step(&self) -> Option<&StepModel> {
        let mut found =
            self.steps.iter().find(|step| step.conclusion == Some(Conclusion::Failure) && step.parent.is_none())?;
        while let Some(inner) = self
            .steps
            .iter()
            .find(|step| step.parent == Some(found.index) && step.conclusion == Some(Conclusion::Failure))
        {
            found = inner;
        }
        Some(found)
    }
}

impl StepModel {
    /// Microseconds.
    #[must_use]
    pub fn took(&self) -> Option<i64> {
        Some((self.finished_at? - self.started_at).max(0))
    }

    /// The exit code that the runner told.
    #[must_use]
    pub fn exit_code(&self) -> Option<i32> {
        let reason = self.reason.as_ref().filter(|reason| reason.code == "exit")?;
        reason.reason.trim_end_matches('.').rsplit(' ').next()?.parse().ok()
    }
}
