//! Labels of runners, by which jobs find them.

use serde_json::json;
use store::runners::Runner;

use super::runners::{self, ORG_READ, ORG_WRITE, REPO_READ, REPO_WRITE};
use crate::{Answer, Api, Call, Field, Kind, Problem, Result, Route, handler};

const LABELS: &[Field] = &[Field::required("labels", Kind::Array(&Kind::String))];

macro_rules! group {
    ($base:literal, $read:expr, $write:expr) => {
        [
            Route::get($base, $read, handler!(list), "Labels of a runner.").wrapped("labels", &[]),
            Route::post($base, $write, handler!(add), "Adds labels to a runner.").body(LABELS).status(200),
            Route::put($base, $write, handler!(set), "Sets the labels of a runner, beside its own.").body(LABELS),
            Route::delete($base, $write, handler!(clear), "Takes all labels from a runner but its own.").status(200),
            Route::delete(concat!($base, "/{name}"), $write, handler!(remove), "Takes a label from a runner.")
                .status(200),
        ]
    };
}

pub(crate) const REPOSITORY: &[Route] =
    &group!("/repos/{owner}/{repo}/actions/runners/{runner_id}/labels", REPO_READ, REPO_WRITE);
pub(crate) const ORGANIZATION: &[Route] =
    &group!("/orgs/{org}/actions/runners/{runner_id}/labels", ORG_READ, ORG_WRITE);

fn answer(runner: &Runner) -> Answer {
    let labels = runners::label_shapes(runner);
    Answer::json(json!({ "total_count": labels.as_array().map_or(0, Vec::len), "labels": labels }))
}

async fn write(api: &Api, call: &Call, mut runner: Runner, labels: Vec<String>) -> Result {
    for label in &labels {
        if label.trim().is_empty() || label.len() > 256 || label.contains(',') {
            return Err(Problem::invalid("labels", "a label has 1 to 256 characters and no comma"));
        }
    }
    if labels.len() > 100 {
        return Err(Problem::invalid("labels", "a runner has 100 labels at most"));
    }
    runner.labels = json!(labels).to_string();
    let mut tx = api.store().begin().await?;
    store::runners::set_labels(&mut tx, runner.id, &runner.labels).await?;
    let action = runners::action(call, "runner.labels", &runner.name).details(json!({ "labels": labels }));
    api.identity().audit(&mut tx, &call.caller, action).await?;
    tx.wake(store::Topic::Queue);
    tx.commit().await?;
    Ok(answer(&runner))
}

/// What a runner has by itself, then these, without repetition.
fn with_own(runner: &Runner, more: impl IntoIterator<Item = String>) -> Vec<String> {
    let own = runners::own_labels(runner);
    let mut labels: Vec<String> =
        runners::labels(runner).into_iter().filter(|label| own.contains(&label.to_lowercase())).collect();
    for label in more {
        if !labels.iter().any(|known| known.eq_ignore_ascii_case(&label)) {
            labels.push(label);
        }
    }
    labels
}

async fn list(api: &Api, call: &mut Call) -> Result {
    Ok(answer(&runners::found(api, call).await?))
}

async fn add(api: &Api, call: &mut Call) -> Result {
    let runner = runners::found(api, call).await?;
    let more = runners::labels(&runner).into_iter().chain(call.texts("labels").unwrap_or_default());
    let labels = with_own(&runner, more);
    write(api, call, runner, labels).await
}

async fn set(api: &Api, call: &mut Call) -> Result {
    let runner = runners::found(api, call).await?;
    let labels = with_own(&runner, call.texts("labels").unwrap_or_default());
    write(api, call, runner, labels).await
}

async fn clear(api: &Api, call: &mut Call) -> Result {
    let runner = runners::found(api, call).await?;
    let labels = with_own(&runner, []);
    write(api, call, runner, labels).await
}

async fn remove(api: &Api, call: &mut Call) -> Result {
    let runner = runners::found(api, call).await?;
    let name = call.param("name").to_lowercase();
    if runners::own_labels(&runner).contains(&name) {
        return Err(Problem::unprocessable(format!("The label `{name}` is the runner's own and stays.")));
    }
    let mut labels = runners::labels(&runner);
    let before = labels.len();
    labels.retain(|label| label.to_lowercase() != name);
    if labels.len() == before {
        return Err(Problem::not_found());
    }
    write(api, call, runner, labels).await
}
