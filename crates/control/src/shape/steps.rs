use std::collections::{BTreeMap, HashMap};

use serde_json::{Value as Json, json};
use store::Query;
use store::jobs::Job;
use store::runs::RunEvent;

use crate::Result;

/// A step as it was reported.
#[derive(Debug, Default)]
struct Step {
    name: String,
    /// Part of a composite action: not shown by itself.
    inner: bool,
    started_at: Option<i64>,
    completed_at: Option<i64>,
    conclusion: Option<&'static str>,
}

/// The steps of jobs of one attempt of a run, by the jobs' legs, from what the run told. One query however many jobs there are.
///
/// # Errors
/// When the database is away.
pub async fn steps_json(query: &mut impl Query, jobs: &[&Job]) -> Result<HashMap<i64, Json>> {
    let Some(first) = jobs.first() else { return Ok(HashMap::new()) };
    let legs: Vec<i64> = jobs.iter().map(|job| job.leg).collect();
    let mut events: HashMap<i64, Vec<RunEvent>> = legs.iter().map(|leg| (*leg, Vec::new())).collect();
    for event in store::runs::events_of_legs(query, first.run_id, first.attempt, &legs).await? {
        if let Some(of_leg) = event.leg.and_then(|leg| events.get_mut(&leg)) {
            of_leg.push(event);
        }
    }
    Ok(events.into_iter().map(|(leg, events)| (leg, steps_of(events))).collect())
}

fn steps_of(events: Vec<RunEvent>) -> Json {
    let mut steps: BTreeMap<u32, Step> = BTreeMap::new();
    for row in events {
        // An event of a newer server says nothing about steps that we know.
        let Ok(event) = serde_json::from_str::<api::Event>(&row.json) else { continue };
        match event {
            // A job that was lost and started again begins with its steps anew.
            api::Event::JobStarted(_) => steps.clear(),
            api::Event::StepStarted(started) => {
                let inner = started.parent.is_some();
                let step = Step { name: started.name, inner, started_at: Some(row.at), ..Step::default() };
                steps.insert(started.step, step);
            }
            api::Event::StepFinished(finished) => {
                let step = steps.entry(finished.step).or_default();
                step.completed_at = Some(row.at);
                step.conclusion = Some(finished.conclusion.as_str());
            }
            _ => {}
        }
    }
    let shown = steps.into_values().filter(|step| !step.inner).enumerate();
    shown
        .map(|(index, step)| {
            json!({
                "name": step.name,
                "number": index + 1,
                "status": if step.conclusion.is_some() { "completed" } else { "in_progress" },
                "conclusion": step.conclusion,
                "started_at": step.started_at.map(forge::shape::at),
                "completed_at": step.completed_at.map(forge::shape::at),
            })
        })
        .collect()
}
