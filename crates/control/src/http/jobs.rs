//! What a runner says of its job. Everything names the claim, and is refused when another has the job.

use std::time::Instant;

use api::wire::{EVENTS_PIECE, Events, EventsStored, Finish, Heartbeat, Orders, Outcome, Progress};
use api::{Event, LegId};
use axum::Json;
use axum::extract::{Path, Query as Parameters, State};
use axum::http::{HeaderMap, StatusCode};
use store::jobs::Job;
use store::{Query as _, Topic, args};

use super::runners::Wait;
use super::{Answer, Refused, runner_of};
use crate::drive::{Ending, Turn};
use crate::settings::micros;
use crate::{Control, Error};

type Claim = Path<(i64, i64)>;

pub(super) async fn heartbeat(
    State(control): State<Control>,
    Path((id, fence)): Claim,
    Parameters(wait): Parameters<Wait>,
    headers: HeaderMap,
    Json(beat): Json<Heartbeat>,
) -> Answer<Json<Orders>> {
    let runner = runner_of(&control, &headers).await?;
    let until = Instant::now() + wait.duration();
    let mut listener = control.store().listen(Topic::Job(id));
    let lease = control.store().now().saturating_add(micros(control.settings().lease));
    let mut tx = control.store().begin().await?;
    // The runner before its job, as a claim does.
    store::runners::seen(&mut tx, runner).await?;
    let mut orders = store::queue::renew(&mut tx, id, fence, runner, lease).await?;
    tx.commit().await?;
    loop {
        let (cancel, kill) = orders.ok_or_else(|| Refused::fenced(id, fence))?;
        let orders_now = Orders { cancel, kill };
        let left = until.saturating_duration_since(Instant::now());
        if orders_now != beat.knows || left.is_zero() || control.parting().is_cancelled() {
            return Ok(Json(orders_now));
        }
        tokio::select! {
            _ = listener.wait(left) => {}
            () = control.parting().cancelled() => {}
        }
        orders = match store::queue::orders(&mut control.store().read(), id, fence, runner).await {
            // The lease was renewed before the database went away: that is what the runner needs to know.
            Err(error) if error.is_passing() => return Ok(Json(orders_now)),
            found => found?,
        };
    }
}

pub(super) async fn events(
    State(control): State<Control>,
    Path((id, fence)): Claim,
    headers: HeaderMap,
    Json(sent): Json<Events>,
) -> Answer<Json<EventsStored>> {
    let runner = runner_of(&control, &headers).await?;
    if sent.events.len() > EVENTS_PIECE {
        return Err(Refused::invalid(format!("at most {EVENTS_PIECE} events come at once")));
    }
    let mut tx = control.store().begin().await?;
    let job = store::queue::held(&mut tx, id, fence, runner).await?.ok_or_else(|| Refused::fenced(id, fence))?;
    let mut last = u64::try_from(job.last_event).unwrap_or_default();
    let mut fresh = Vec::new();
    for mut envelope in sent.events {
        if envelope.seq <= last {
            continue;
        }
        if envelope.seq != last + 1 {
            break;
        }
        check(&mut envelope.event, &job)?;
        last = envelope.seq;
        let json = serde_json::to_string(&envelope.event).map_err(|error| Refused::invalid(error.to_string()))?;
        fresh.push((Some(job.leg), envelope.at, json));
    }
    if !fresh.is_empty() {
        let count = i64::try_from(fresh.len()).unwrap_or(i64::MAX);
        let sql = "UPDATE run_attempts SET next_event = next_event + $3 WHERE run_id = $1 AND attempt = $2 RETURNING next_event";
        let next: i64 = tx.fetch_one(sql, args![job.run_id, job.attempt, count]).await?;
        store::runs::append_events(&mut tx, job.run_id, job.attempt, next - count, &fresh).await?;
        store::queue::set_last_event(&mut tx, id, i64::try_from(last).unwrap_or(i64::MAX)).await?;
        tx.commit().await?;
    }
    Ok(Json(EventsStored { last }))
}

/// A runner tells of its own job only, and nothing that the server decides.
fn check(event: &mut Event, job: &Job) -> Answer<()> {
    if !event.is_of_runner() {
        return Err(Refused::invalid("a runner tells of its job and its steps; the rest is the server's to tell"));
    }
    let leg = event.leg_mut().copied();
    let own = LegId(u32::try_from(job.leg).unwrap_or(u32::MAX));
    if leg.is_none_or(|leg| leg == own) {
        Ok(())
    } else {
        Err(Refused::invalid(format!("this claim is of job {own}, the event tells of another")))
    }
}

pub(super) async fn progress(
    State(control): State<Control>,
    Path((id, fence)): Claim,
    headers: HeaderMap,
) -> Answer<Json<Progress>> {
    let runner = runner_of(&control, &headers).await?;
    let mut read = control.store().read();
    let job = store::jobs::by_id(&mut read, id).await?;
    let held = job.filter(|job| job.fence == fence && job.runner_id == Some(runner) && job.status == "in_progress");
    let job = held.ok_or_else(|| Refused::fenced(id, fence))?;
    let log = store::logs::length(&mut read, id, fence).await?;
    Ok(Json(Progress {
        events: u64::try_from(job.last_event).unwrap_or_default(),
        log: u64::try_from(log).unwrap_or_default(),
    }))
}

pub(super) async fn finish(
    State(control): State<Control>,
    Path((id, fence)): Claim,
    headers: HeaderMap,
    Json(finish): Json<Finish>,
) -> Answer<StatusCode> {
    let runner = runner_of(&control, &headers).await?;
    let job = store::jobs::by_id(&mut control.store().read(), id).await?;
    let run_id = job.map(|job| job.run_id).ok_or_else(|| Error::NotFound(format!("the job {id}")))?;
    let mut slot = control.live().slot(run_id).await;
    let mut tx = control.store().begin().await?;
    let turn = Turn::open(&control, &mut tx, &mut slot, run_id).await?;
    let mut turn = turn.ok_or_else(|| Error::NotFound(format!("the run {run_id}")))?;
    let held = store::queue::held(turn.tx, id, fence, runner).await?;
    let job = held.ok_or_else(|| Refused::fenced(id, fence))?;
    let whole = |stored: i64, sent: u64| i64::try_from(sent).is_ok_and(|sent| stored >= sent);
    if !whole(job.last_event, finish.events) {
        let detail = format!("{} of {} events are here", job.last_event, finish.events);
        return Err(Refused::incomplete(detail));
    }
    let stored = store::logs::length(turn.tx, id, fence).await?;
    if !whole(stored, finish.log) {
        return Err(Refused::incomplete(format!("{stored} of {} bytes of the log are here", finish.log)));
    }
    match finish.outcome {
        Outcome::Executed(report) => {
            let leg = LegId(u32::try_from(job.leg).unwrap_or(u32::MAX));
            control.identity().revoke_job_tokens(turn.tx, id).await.map_err(Error::from)?;
            store::logs::finish(turn.tx, id, fence).await?;
            let ending = Ending {
                reason: report.reason,
                first_error: report.first_error,
                environment_url: report.environment_url,
            };
            turn.ended(leg, report.conclusion, report.outputs.into_iter().collect(), ending);
        }
        Outcome::Lost { reason, .. } => turn.lost(&job, reason).await?,
    }
    turn.settle().await?;
    let live = turn.finish().await?;
    tx.commit().await?;
    slot.keep(live);
    Ok(StatusCode::NO_CONTENT)
}
