use serde_json::{Value, json};

use crate::run::{JobModel, RunModel};
use crate::schedule::Schedule;

/// The run in the trace event format: a process for each workflow, a thread for each job, slices for queues, jobs and steps.
/// Perfetto and `chrome://tracing` open it.
#[must_use]
pub fn trace(run: &RunModel) -> Value {
    let mut events = Vec::new();
    let name = |kind: &str, process: u32, thread: u32, name: &str| json!({ "name": kind, "ph": "M", "pid": process, "tid": thread, "args": { "name": name } });
    for (number, path) in &run.workflows {
        events.push(name("process_name", number + 1, 0, path));
    }
    for span in Schedule::of(run).spans {
        let job = span.job;
        let (process, thread) = (job.workflow + 1, job.leg.0 + 1);
        events.push(name("thread_name", process, thread, &job.name));
        if span.queued() > 0 {
            events.push(json!({
                "name": "queued", "cat": "queue", "ph": "X", "ts": span.ready, "dur": span.queued(), "pid": process, "tid": thread,
            }));
        }
        events.push(json!({
            "name": job.name, "cat": "job", "ph": "X", "ts": span.start, "dur": span.ran(), "pid": process, "tid": thread,
            "args": {
                "job": job.key,
                "conclusion": job.conclusion,
                "critical": span.critical,
                "slack_us": span.slack,
                "needs": job.needs,
            },
        }));
        events.extend(steps(run, job, process, thread));
    }
    json!({
        "displayTimeUnit": "ms",
        "otherData": { "run": run.number, "event": run.event, "ref": run.git_ref, "sha": run.sha },
        "traceEvents": events,
    })
}

fn steps<'a>(run: &'a RunModel, job: &'a JobModel, process: u32, thread: u32) -> impl Iterator<Item = Value> + 'a {
    job.steps.iter().map(move |step| {
        let start = step.started_at - run.started_at;
        let end = step.finished_at.unwrap_or(run.finished_at) - run.started_at;
        json!({
            "name": step.name, "cat": "step", "ph": "X", "ts": start, "dur": (end - start).max(0), "pid": process, "tid": thread,
            "args": { "conclusion": step.conclusion, "stage": step.stage },
        })
    })
}
