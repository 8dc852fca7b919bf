//! Jobs of runs, with their steps.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};
use store::jobs::Job;
use store::runs::Run;

use super::workflows::READ;
use crate::route::fields::JOB;
use crate::{Answer, Api, Call, Gives, Kind, Param, Problem, Result, Route, handler};

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/repos/{owner}/{repo}/actions/runs/{run_id}/jobs", READ, handler!(of_run), "Jobs of a run.")
        .params(&[Param::new("filter", Kind::Choice(&["latest", "all"]), "Of the latest attempt, or of all.")])
        .wrapped("jobs", JOB),
    Route::get(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}/jobs",
        READ,
        handler!(of_attempt),
        "Jobs of one attempt of a run.",
    )
    .wrapped("jobs", JOB),
    Route::get("/repos/{owner}/{repo}/actions/jobs/{job_id}", READ, handler!(get), "A job with its steps.")
        .gives(200, Gives::Object(JOB)),
];

/// The job of `{job_id}`, which is of the path's repository.
pub(crate) async fn found(api: &Api, call: &Call) -> Result<Job> {
    let job = store::jobs::by_id(&mut api.store().read(), call.id("job_id")?).await?;
    let repo = call.repo()?.id;
    job.filter(|job| job.repo_id == repo).ok_or_else(Problem::not_found)
}

pub(crate) async fn shape(api: &Api, full_name: &str, run: &Run, job: &Job) -> Result<Value> {
    let shaped = shapes(api, full_name, run, &[job]).await?;
    shaped.into_iter().next().ok_or_else(Problem::not_found)
}

/// Jobs of one run, with as few questions for many as for one.
async fn shapes(api: &Api, full_name: &str, run: &Run, jobs: &[&Job]) -> Result<Vec<Value>> {
    let mut query = api.store().read();
    let mut attempts: BTreeMap<i64, Vec<&Job>> = BTreeMap::new();
    for job in jobs {
        attempts.entry(job.attempt).or_default().push(job);
    }
    let mut steps = HashMap::new();
    for (attempt, jobs) in attempts {
        let of_attempt = control::steps_json(&mut query, &jobs).await?;
        steps.extend(of_attempt.into_iter().map(|(leg, steps)| ((attempt, leg), steps)));
    }
    let mut groups: HashMap<i64, Option<i64>> = HashMap::new();
    let mut shaped = Vec::with_capacity(jobs.len());
    for job in jobs {
        let group = match job.runner_id {
            None => None,
            Some(id) => match groups.get(&id) {
                Some(known) => *known,
                None => {
                    let group = store::runners::by_id(&mut query, id).await?.map(|runner| runner.group_id);
                    *groups.entry(id).or_insert(group)
                }
            },
        };
        let mut value = control::job_json(api.forge().urls(), full_name, run, job);
        if let Some(object) = value.as_object_mut() {
            object.insert("steps".to_owned(), steps.remove(&(job.attempt, job.leg)).unwrap_or_else(|| json!([])));
            object.insert("runner_group_id".to_owned(), json!(group));
            object.insert("runner_group_name".to_owned(), json!(job.runner_group));
            if let Some(reason) = job.reason.as_deref().and_then(|reason| serde_json::from_str::<Value>(reason).ok()) {
                object.insert("reason".to_owned(), reason);
            }
        }
        shaped.push(value);
    }
    Ok(shaped)
}

async fn of_run(api: &Api, call: &mut Call) -> Result {
    let run = super::runs::found(api, call).await?;
    let mut query = api.store().read();
    let jobs = if call.query("filter") == Some("all") {
        store::jobs::of_run(&mut query, run.id).await?
    } else {
        store::jobs::of_attempt(&mut query, run.id, run.attempt).await?
    };
    page(api, call, &run, jobs).await
}

async fn of_attempt(api: &Api, call: &mut Call) -> Result {
    let (run, number) = (super::runs::found(api, call).await?, call.id("attempt_number")?);
    let mut query = api.store().read();
    store::runs::attempt(&mut query, run.id, number).await?.ok_or_else(Problem::not_found)?;
    let jobs = store::jobs::of_attempt(&mut query, run.id, number).await?;
    page(api, call, &run, jobs).await
}

/// A call of a reusable workflow is no job that GitHub knows: its jobs are.
async fn page(api: &Api, call: &Call, run: &Run, mut jobs: Vec<Job>) -> Result {
    jobs.retain(|job| !job.call);
    let (page, full_name) = (call.page(), call.repo()?.full_name());
    let total = i64::try_from(jobs.len()).unwrap_or(i64::MAX);
    let shown: Vec<&Job> = jobs.iter().skip(page.offset()).take(page.per_page).collect();
    let items = shapes(api, &full_name, run, &shown).await?;
    Ok(Answer::wrapped(call, page, "jobs", items, total))
}

async fn get(api: &Api, call: &mut Call) -> Result {
    let job = found(api, call).await?;
    let run = store::runs::by_id(&mut api.store().read(), job.run_id).await?.ok_or_else(Problem::not_found)?;
    Ok(Answer::json(shape(api, &call.repo()?.full_name(), &run, &job).await?))
}
