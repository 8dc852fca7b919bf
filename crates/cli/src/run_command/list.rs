//! `--list` and `--dry-run`.

use std::fmt::Write as _;

use trigger::Event;
use workflow::{Job, JobKind, Template, Workflow};

use super::drive;
use super::plan::Plan;
use crate::args::RunArgs;
use crate::failure::Failure;
use crate::project::Project;

/// Workflows, their events and jobs, as the files say it.
pub(crate) fn print(project: &Project, args: &RunArgs) -> Result<(), Failure> {
    if args.output.json {
        let all: Vec<_> = project.workflows.iter().map(|workflow| as_json(workflow)).collect();
        return out(&format!("{}\n", serde_json::Value::from(all)));
    }
    let mut text = String::new();
    for workflow in &project.workflows {
        if args.event.as_ref().is_some_and(|event| workflow.on.event(event).is_none()) {
            continue;
        }
        let events: Vec<&str> = workflow.on.events.iter().map(|event| event.name.value.as_ref()).collect();
        let _ = writeln!(text, "{}  {}  on {}", workflow.display_name(), workflow.path, events.join(", "));
        let width = workflow.jobs.iter().map(|job| job.id.value.chars().count()).max().unwrap_or_default();
        for job in &workflow.jobs {
            let _ = writeln!(text, "  {:width$}  {}", job.id.value, describe(job));
        }
    }
    out(&text)
}

fn describe(job: &Job) -> String {
    let mut parts = Vec::new();
    if let Some(name) = job.name.as_ref().and_then(Template::source_text) {
        parts.push(format!("\"{name}\""));
    }
    match &job.kind {
        JobKind::Steps(steps) => {
            if let Some(runs_on) = steps.runs_on.source_text() {
                parts.push(runs_on.into_owned());
            }
            let count = steps.steps.len();
            parts.push(format!("{count} step{}", if count == 1 { "" } else { "s" }));
        }
        JobKind::Call(call) => parts.push(format!("calls {}", call.uses.value)),
    }
    if job.strategy.as_ref().is_some_and(|strategy| strategy.matrix.is_some()) {
        parts.push("matrix".to_owned());
    }
    if !job.needs.is_empty() {
        let needs: Vec<&str> = job.needs.iter().map(|need| need.value.as_ref()).collect();
        parts.push(format!("needs {}", needs.join(", ")));
    }
    parts.join(" · ")
}

fn as_json(workflow: &Workflow) -> serde_json::Value {
    let jobs: Vec<_> = workflow
        .jobs
        .iter()
        .map(|job| {
            let needs: Vec<&str> = job.needs.iter().map(|need| need.value.as_ref()).collect();
            serde_json::json!({ "id": job.id.value.as_ref(), "needs": needs })
        })
        .collect();
    let events: Vec<&str> = workflow.on.events.iter().map(|event| event.name.value.as_ref()).collect();
    serde_json::json!({
        "path": workflow.path.as_ref(), "name": workflow.display_name(), "on": events, "jobs": jobs,
    })
}

/// What would run, with the reason for each workflow. Jobs whose matrix or condition waits for another job's result
/// are shown when they can be known.
pub(crate) fn print_plan(project: &Project, event: &Event, plan: &Plan, args: &RunArgs) -> Result<(), Failure> {
    let rehearsed = drive::rehearse(project, event, plan, args)?;
    if args.output.json {
        let mut lines = String::new();
        for considered in &plan.considered {
            let event = api::Event::WorkflowConsidered(considered.clone());
            let _ = writeln!(lines, "{}", serde_json::to_string(&event).map_err(Failure::broken)?);
        }
        for event in &rehearsed {
            let _ = writeln!(lines, "{}", serde_json::to_string(event).map_err(Failure::broken)?);
        }
        return out(&lines);
    }
    let mut text = format!("{} on {} at {}\n", event.name, event.full_ref(), event.sha.get(..7).unwrap_or(&event.sha));
    for considered in &plan.considered {
        let place = considered.reason.location.as_ref();
        let place = place.map(|at| format!(" ({}:{}:{})", at.file, at.line, at.column)).unwrap_or_default();
        let verdict = if considered.runs { "runs" } else { "left out" };
        let _ = writeln!(text, "{}  {verdict}: {}{place}", considered.path, considered.reason.reason);
    }
    for event in &rehearsed {
        match event {
            api::Event::JobPlanned(job) => {
                let needs =
                    if job.needs.is_empty() { String::new() } else { format!("  needs {}", job.needs.join(", ")) };
                let _ = writeln!(text, "  {}{needs}", job.name);
            }
            api::Event::JobFinished(job) => {
                if let Some(reason) = &job.reason {
                    let _ = writeln!(text, "    {}: {}", job.conclusion, reason.reason);
                }
            }
            _ => {}
        }
    }
    out(&text)
}

/// To standard output; a reader that has gone away is no error of ours.
fn out(text: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::broken(error)),
        _ => Ok(()),
    }
}
