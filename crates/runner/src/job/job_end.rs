//! The end of a job: its outputs, its address, what it left running.

use std::collections::BTreeMap;

use api::{Conclusion, Stage};
use indexmap::IndexMap;
use workflow::StepsJob;

use super::frame::Frame;
use super::shared::Job;
use super::step::{Failure, processor};
use super::step_context::StepContext;
use crate::log::StepLog;
use crate::request::JobReport;
use crate::result::TaskResult;

pub(crate) fn report(job: &Job, steps: &StepsJob, frame: &mut Frame, failure: Option<Failure>) -> JobReport {
    let status = job.status(frame.status);
    let mut failure = failure;
    let mut outputs = BTreeMap::new();
    let mut environment_url = None;
    {
        let context = StepContext::of_frame(job, frame, status);
        for (name, template) in &steps.outputs {
            match template.evaluate(&context) {
                Ok(value) => {
                    let text = value.to_display_string().into_owned();
                    if job.masker.found_in(&text) {
                        job.warn(&format!("the job's output `{}` is left out: it may hold a secret", name.value));
                    } else if !text.is_empty() {
                        outputs.insert(name.value.to_string(), text);
                    }
                }
                Err(error) => failure = failure.or(Some(error.into())),
            }
        }
        if let Some((_, Some(url))) = &job.request.environment {
            match url.evaluate(&context) {
                Ok(value) => {
                    let text = value.to_display_string().into_owned();
                    if job.masker.found_in(&text) {
                        job.warn("the environment's url is left out: it may hold a secret");
                    } else {
                        environment_url = Some(text).filter(|text| !text.is_empty());
                    }
                }
                Err(error) => job.warn(&format!("the environment's url could not be evaluated: {}", error.message)),
            }
        }
    }
    let conclusion = match status {
        TaskResult::Success if failure.is_some() => Conclusion::Failure,
        status => status.into(),
    };
    let timed_out = job.timed_out.is_cancelled().then(|| {
        let minutes = job.request.timeout_minutes.unwrap_or(super::DEFAULT_TIMEOUT);
        job.reason("timeout", format!("the job has exceeded its maximum execution time of {minutes} minutes"), None)
    });
    let failure = failure.map(|failure| job.reason(failure.code, failure.text, failure.span));
    if let Some(reason) = timed_out.as_ref().or(failure.as_ref()) {
        job.note_error(&reason.reason);
    }
    JobReport { conclusion, reason: timed_out.or(failure), outputs, first_error: job.first_error(), environment_url }
}

/// Shows what services wrote, and says that they end: a step of its own.
pub(crate) fn stop_containers(job: &Job) {
    let Some(containers) = &job.containers else { return };
    let index = job.take_step();
    let frame = super::first_frame(job);
    let log = StepLog::start(job.log.clone(), index, processor(job, &frame, &IndexMap::new()));
    job.step_started(index, "__stop_containers", "Stop containers", Stage::Post, None);
    super::containers::stop(containers, &log);
    let _ = log.finish();
    job.step_finished(index, TaskResult::Success, TaskResult::Success, None, None, &IndexMap::new());
}

/// Ends and names the processes that steps left behind.
pub(crate) async fn end_orphans(job: &Job) {
    let Ok(left) = job.sandbox.processes().await else {
        return;
    };
    for process in left {
        job.warn(&format!("Terminate orphan process: pid ({}) ({})", process.pid, process.name));
    }
}
