//! What is known of a run so far, folded from its events.

use std::collections::BTreeMap;

use api::{Annotation, Conclusion, Envelope, Event, LegId, Reason, RunStarted, Stage, WorkflowIndex};

/// The state that every report stands on. Times are microseconds since the Unix epoch.
#[derive(Debug, Default)]
pub(crate) struct RunView {
    pub(crate) started: Option<RunStarted>,
    pub(crate) started_at: i64,
    pub(crate) finished: Option<(Conclusion, i64)>,
    /// Those that run, by their index.
    pub(crate) workflows: BTreeMap<WorkflowIndex, WorkflowView>,
    pub(crate) jobs: BTreeMap<LegId, JobView>,
    pub(crate) annotations: Vec<(LegId, Annotation)>,
    pub(crate) summaries: Vec<SummaryView>,
}

#[derive(Debug)]
pub(crate) struct WorkflowView {
    pub(crate) name: String,
    pub(crate) conclusion: Option<Conclusion>,
    pub(crate) reason: Option<Reason>,
}

#[derive(Debug)]
pub(crate) struct JobView {
    pub(crate) leg: LegId,
    pub(crate) workflow: WorkflowIndex,
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) started_at: Option<i64>,
    pub(crate) finished_at: Option<i64>,
    pub(crate) conclusion: Option<Conclusion>,
    pub(crate) reason: Option<Reason>,
    pub(crate) first_error: Option<String>,
    pub(crate) environment_url: Option<String>,
    pub(crate) steps: BTreeMap<u32, StepView>,
}

#[derive(Debug)]
pub(crate) struct StepView {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) stage: Stage,
    /// How many composite actions it lies in.
    pub(crate) depth: usize,
    pub(crate) started_at: i64,
    pub(crate) conclusion: Option<Conclusion>,
}

#[derive(Debug)]
pub(crate) struct SummaryView {
    pub(crate) leg: LegId,
    pub(crate) markdown: String,
}

impl RunView {
    pub(crate) fn apply(&mut self, envelope: &Envelope) {
        let at = envelope.at;
        match &envelope.event {
            Event::RunStarted(started) => {
                self.started = Some(started.clone());
                self.started_at = at;
            }
            Event::WorkflowStarted(started) => {
                let view = WorkflowView { name: started.name.clone(), conclusion: None, reason: None };
                self.workflows.insert(started.workflow, view);
            }
            Event::JobPlanned(planned) => {
                let view = JobView {
                    leg: planned.leg,
                    workflow: planned.workflow,
                    key: planned.job.clone(),
                    name: planned.name.clone(),
                    started_at: None,
                    finished_at: None,
                    conclusion: None,
                    reason: None,
                    first_error: None,
                    environment_url: None,
                    steps: BTreeMap::new(),
                };
                self.jobs.insert(planned.leg, view);
            }
            Event::JobStarted(started) => {
                if let Some(job) = self.jobs.get_mut(&started.leg) {
                    job.started_at = Some(at);
                }
            }
            Event::StepStarted(started) => {
                if let Some(job) = self.jobs.get_mut(&started.leg) {
                    let parent = started.parent.and_then(|parent| job.steps.get(&parent));
                    let step = StepView {
                        id: started.id.clone(),
                        name: started.name.clone(),
                        stage: started.stage,
                        depth: parent.map_or(0, |parent| parent.depth + 1),
                        started_at: at,
                        conclusion: None,
                    };
                    job.steps.insert(started.step, step);
                }
            }
            Event::StepFinished(finished) => {
                if let Some(step) = self.jobs.get_mut(&finished.leg).and_then(|job| job.steps.get_mut(&finished.step)) {
                    step.conclusion = Some(finished.conclusion);
                }
            }
            Event::Annotation { leg, annotation, .. } => {
                self.annotations.push((*leg, annotation.clone()));
            }
            Event::Summary { leg, markdown, .. } => {
                let summary = SummaryView { leg: *leg, markdown: markdown.clone() };
                self.summaries.push(summary);
            }
            Event::JobFinished(finished) => {
                if let Some(job) = self.jobs.get_mut(&finished.leg) {
                    job.finished_at = Some(at);
                    job.conclusion = Some(finished.conclusion);
                    job.reason.clone_from(&finished.reason);
                    job.first_error.clone_from(&finished.first_error);
                    job.environment_url.clone_from(&finished.environment_url);
                }
            }
            Event::WorkflowFinished(finished) => {
                if let Some(workflow) = self.workflows.get_mut(&finished.workflow) {
                    workflow.conclusion = Some(finished.conclusion);
                    workflow.reason.clone_from(&finished.reason);
                }
            }
            Event::RunFinished(finished) => self.finished = Some((finished.conclusion, at)),
            // Nothing that is shown while a run goes on.
            _ => {}
        }
    }

    pub(crate) fn job(&self, leg: LegId) -> Option<&JobView> {
        self.jobs.get(&leg)
    }

    pub(crate) fn running(&self) -> impl Iterator<Item = &JobView> {
        self.jobs.values().filter(|job| job.started_at.is_some() && job.conclusion.is_none())
    }

    /// The job's name, with its workflow's before it where several run.
    pub(crate) fn full_name(&self, job: &JobView) -> String {
        match self.workflows.get(&job.workflow) {
            Some(workflow) if self.workflows.len() > 1 => {
                format!("{} / {}", workflow.name, job.name)
            }
            _ => job.name.clone(),
        }
    }
}

impl JobView {
    /// Microseconds; up to `now` while it runs.
    pub(crate) fn elapsed(&self, now: i64) -> Option<i64> {
        Some(self.finished_at.unwrap_or(now) - self.started_at?)
    }

    /// The step that began last of those that still run.
    pub(crate) fn current_step(&self) -> Option<&StepView> {
        self.steps.values().rev().find(|step| step.conclusion.is_none())
    }
}

/// The job that an event is about.
pub(crate) fn leg_of(event: &Event) -> Option<LegId> {
    match event {
        Event::JobPlanned(event) => Some(event.leg),
        Event::JobStarted(event) => Some(event.leg),
        Event::StepStarted(event) => Some(event.leg),
        Event::StepFinished(event) => Some(event.leg),
        Event::JobFinished(event) => Some(event.leg),
        Event::Log(event) => Some(event.leg),
        Event::JobWaiting { leg, .. } | Event::Annotation { leg, .. } | Event::Summary { leg, .. } => Some(*leg),
        Event::StepProcess(event) => Some(event.leg),
        Event::ActionUsed(event) => Some(event.leg),
        Event::ImageUsed(event) => Some(event.leg),
        Event::FilesHashed(event) => Some(event.leg),
        Event::CacheLooked { leg, .. } | Event::CacheSaved { leg, .. } => Some(*leg),
        Event::RunStarted(_)
        | Event::Tools { .. }
        | Event::WorkflowConsidered(_)
        | Event::WorkflowStarted(_)
        | Event::WorkflowFinished(_)
        | Event::RunFinished(_)
        | Event::Notice { .. } => None,
    }
}
