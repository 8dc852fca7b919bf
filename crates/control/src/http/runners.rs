//! Runners come, ask for work, and go.

use std::time::{Duration, Instant};

use api::wire::{Claim, ErrorCode, Hello, LONGEST_WAIT, Registered, Registration, Secret, Settings};
use axum::Json;
use axum::extract::{Query as Parameters, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use identity::{Action, Caller, Purpose, RunnerCaller};
use serde::Deserialize;
use store::runners::Runner;
use store::{Topic, Tx};

use super::{Answer, Refused, bearer, runner_of};
use crate::claim::Offer;
use crate::settings::micros;
use crate::{Control, Error};

/// The group of runners that name none.
const DEFAULT_GROUP: &str = "Default";
const MOST_LABELS: usize = 100;
/// How long a claim waits before it looks again although nobody woke it.
const SLOWLY: Duration = Duration::from_secs(5);

#[derive(Debug, Deserialize)]
pub(super) struct Wait {
    #[serde(default)]
    wait: u64,
}

impl Wait {
    pub(super) fn duration(&self) -> Duration {
        Duration::from_secs(self.wait.min(LONGEST_WAIT))
    }
}

fn settings(control: &Control) -> Settings {
    let settings = control.settings();
    Settings { lease_seconds: settings.lease.as_secs(), heartbeat_seconds: settings.heartbeat.as_secs() }
}

fn check(machine: &Hello) -> Answer<()> {
    let fine = |text: &str| !text.is_empty() && text.chars().count() <= 256 && !text.contains(char::is_control);
    if machine.labels.len() > MOST_LABELS || !machine.labels.iter().all(|label| fine(label)) {
        return Err(Refused::invalid(format!("a runner has at most {MOST_LABELS} labels of 1 to 256 characters")));
    }
    if ![&machine.os, &machine.arch, &machine.version].into_iter().all(|text| fine(text)) {
        return Err(Refused::invalid("`os`, `arch` and `version` have 1 to 256 characters"));
    }
    if !(1..=1024).contains(&machine.slots) {
        return Err(Refused::invalid("`slots` is between 1 and 1024"));
    }
    Ok(())
}

pub(super) async fn register(
    State(control): State<Control>,
    headers: HeaderMap,
    Json(wanted): Json<Registration>,
) -> Answer<Json<Registered>> {
    let token = bearer(&headers)?;
    check(&wanted.machine)?;
    if wanted.name.trim().is_empty() || wanted.name.chars().count() > 64 || wanted.name.contains(char::is_control) {
        return Err(Refused::invalid("a runner's name has 1 to 64 characters"));
    }
    let mut tx = control.store().begin().await?;
    let scope = control.identity().take_runner_token(&mut tx, &token, Purpose::Register).await.map_err(Error::from)?;
    let (scope_name, scope_id) = scope.columns();
    let group = wanted.group.as_deref().map(str::trim).filter(|name| !name.is_empty()).unwrap_or(DEFAULT_GROUP);
    let group = store::runners::put_group(&mut tx, scope_name, scope_id, group, "all").await?;
    let name = free_name(&control, &mut tx, group.id, wanted.name.trim()).await?;
    let mut runner = Runner {
        id: 0,
        name,
        group_id: group.id,
        scope: scope_name.to_owned(),
        scope_id,
        labels: serde_json::to_string(&wanted.machine.labels).unwrap_or_default(),
        os: wanted.machine.os,
        arch: wanted.machine.arch,
        version: wanted.machine.version,
        slots: i64::from(wanted.machine.slots),
        ephemeral: wanted.ephemeral,
        draining: false,
        used: false,
        given_up: false,
        seen_at: 0,
        created_at: 0,
    };
    runner.id = store::runners::insert(&mut tx, &runner).await?;
    let secret = control.identity().issue_runner_secret(&mut tx, runner.id).await.map_err(Error::from)?;
    let caller = Caller::Runner(RunnerCaller { id: runner.id });
    let details = serde_json::json!({ "labels": wanted.machine.labels, "ephemeral": wanted.ephemeral });
    let action = Action::new("runner.register", &runner.name).details(details);
    control.identity().audit(&mut tx, &caller, action).await.map_err(Error::from)?;
    tx.commit().await?;
    Ok(Json(Registered {
        runner_id: runner.id,
        name: runner.name,
        secret: Secret::new(secret.text.to_string()),
        settings: settings(&control),
    }))
}

/// The name as asked for, or with a number when a runner that is away has it.
async fn free_name(control: &Control, tx: &mut Tx, group_id: i64, wanted: &str) -> Answer<String> {
    let Some(known) = store::runners::by_name(tx, group_id, wanted).await? else { return Ok(wanted.to_owned()) };
    let unseen = tx.now() - known.seen_at > micros(control.settings().lease);
    let idle = store::queue::of_runner(tx, known.id).await?.is_empty();
    if !(unseen && idle) {
        let detail = format!("a runner named {wanted} is at work in this group");
        return Err(Refused::new(409, ErrorCode::NameTaken, "the name is taken", detail));
    }
    for number in 2..10_000 {
        let name = format!("{wanted}-{number}");
        if store::runners::by_name(tx, group_id, &name).await?.is_none() {
            return Ok(name);
        }
    }
    Err(Refused::new(409, ErrorCode::NameTaken, "the name is taken", wanted))
}

pub(super) async fn hello(
    State(control): State<Control>,
    headers: HeaderMap,
    Json(machine): Json<Hello>,
) -> Answer<Json<Settings>> {
    let id = runner_of(&control, &headers).await?;
    check(&machine)?;
    let mut tx = control.store().begin().await?;
    let known = store::runners::by_id(&mut tx, id).await?;
    let mut runner = known.ok_or_else(|| Refused::unauthorized("this runner was removed"))?;
    runner.labels = serde_json::to_string(&machine.labels).unwrap_or_default();
    runner.os = machine.os;
    runner.arch = machine.arch;
    runner.version = machine.version;
    runner.slots = i64::from(machine.slots);
    store::runners::hello(&mut tx, &runner).await?;
    tx.commit().await?;
    if let Some(has) = &machine.jobs {
        control.runner_has(id, has).await?;
    }
    Ok(Json(settings(&control)))
}

/// A long poll. Who gives up while it waits has taken nothing.
pub(super) async fn claim(
    State(control): State<Control>,
    headers: HeaderMap,
    Parameters(wait): Parameters<Wait>,
    Json(claim): Json<Claim>,
) -> Answer<Response> {
    let id = runner_of(&control, &headers).await?;
    if claim.id.as_ref().is_some_and(|id| id.is_empty() || id.len() > 64 || id.contains(char::is_control)) {
        return Err(Refused::invalid("a claim's `id` has 1 to 64 characters"));
    }
    if claim.free == 0 {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let runner = note_seen(&control, id).await?;
    if runner.ephemeral && runner.used && store::queue::of_runner(&mut control.store().read(), id).await?.is_empty() {
        return Err(Refused::unauthorized("this runner was for one job, which it has had"));
    }
    let until = Instant::now() + wait.duration();
    let mut listener = control.store().listen(Topic::Queue);
    loop {
        if control.parting().is_cancelled() {
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
        match control.claim(id, claim.id.as_deref()).await? {
            Offer::Job(spec) => return Ok(Json(spec).into_response()),
            Offer::Nothing => {}
            Offer::GivenUp => return Ok(StatusCode::NO_CONTENT.into_response()),
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
        tokio::select! {
            _ = listener.wait(left.min(SLOWLY)) => {}
            () = control.parting().cancelled() => {}
        }
    }
}

/// Written down no more often than a third of a lease.
async fn note_seen(control: &Control, id: i64) -> Answer<Runner> {
    let known = store::runners::by_id(&mut control.store().read(), id).await?;
    let known = known.ok_or_else(|| Refused::unauthorized("this runner was removed"))?;
    if known.given_up || control.store().now() - known.seen_at > micros(control.settings().lease) / 3 {
        let mut tx = control.store().begin().await?;
        store::runners::seen(&mut tx, id).await?;
        tx.commit().await?;
    }
    Ok(known)
}

pub(super) async fn drain(State(control): State<Control>, headers: HeaderMap) -> Answer<StatusCode> {
    let id = runner_of(&control, &headers).await?;
    let mut tx = control.store().begin().await?;
    store::runners::drain(&mut tx, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn forget(State(control): State<Control>, headers: HeaderMap) -> Answer<StatusCode> {
    let id = runner_of(&control, &headers).await?;
    let mut tx = control.store().begin().await?;
    control.identity().revoke_runner(&mut tx, id).await.map_err(Error::from)?;
    store::runners::delete(&mut tx, id).await?;
    let caller = Caller::Runner(RunnerCaller { id });
    let action = Action::new("runner.remove", "runner");
    control.identity().audit(&mut tx, &caller, action).await.map_err(Error::from)?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
pub(super) struct GateAnswer {
    state: String,
    #[serde(default)]
    comment: String,
}

pub(super) async fn gate_answer(
    State(control): State<Control>,
    headers: HeaderMap,
    Json(answer): Json<GateAnswer>,
) -> Answer<StatusCode> {
    let token = bearer(&headers)?;
    crate::gate::answer(&control, &token, &answer.state, &answer.comment).await?;
    Ok(StatusCode::NO_CONTENT)
}
