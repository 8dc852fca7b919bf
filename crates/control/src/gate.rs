//! The gate between a job and its environment: branch policy, reviewers, wait timer, custom gates.

mod custom;
mod policy;

use api::{LegId, Reason};
use store::Tx;
use store::environments::{Environment, Gate, Review};

use crate::drive::{StoredInput, Turn};
use crate::{Control, Result, deployment};

pub use custom::secret_aad;
pub(crate) use custom::{CALLBACK, answer, deliver};

/// Nobody is waited for longer, as on GitHub: 30 days.
pub(crate) const LONGEST_WAIT: store::Micros = 30 * 24 * 3600 * 1_000_000;
/// When a gate with which something is wrong is looked at again.
const LATER: store::Micros = 60_000_000;

/// A job asks for its environment. The answer is given at once, or a gate waits.
pub(crate) async fn ask(turn: &mut Turn<'_>, leg: LegId, name: &str, deploys: bool) -> Result<()> {
    let job_id = turn.job_row(leg)?;
    let repo_id = turn.run.repo_id;
    let environment = store::environments::put(turn.tx, repo_id, name).await?;
    store::jobs::set_environment(turn.tx, job_id, &environment.name, None).await?;
    if let Some(refused) = policy::refusal(turn.tx, &environment, &turn.run.git_ref).await? {
        turn.push(StoredInput::Gate { leg, refused: Some(refused) });
        return Ok(());
    }
    let reviewers = store::environments::reviewers(turn.tx, environment.id).await?;
    let approvals = if reviewers.is_empty() { 0 } else { environment.approvals.max(1) };
    let custom: Vec<_> = store::environments::custom_gates(turn.tx, environment.id)
        .await?
        .into_iter()
        .filter(|gate| gate.enabled)
        .collect();
    let waits = approvals > 0 || environment.wait_minutes > 0 || !custom.is_empty();
    if deploys {
        let id = deployment::create(turn, job_id, &environment.name, waits).await?;
        store::jobs::set_environment(turn.tx, job_id, &environment.name, Some(id)).await?;
    }
    if !waits {
        turn.push(StoredInput::Gate { leg, refused: None });
        return Ok(());
    }
    let now = turn.tx.now();
    let timer = (environment.wait_minutes > 0).then(|| now + environment.wait_minutes * 60_000_000);
    let gate = Gate {
        id: 0,
        job_id,
        run_id: turn.run.id,
        attempt: turn.run.attempt,
        leg: i64::from(leg.0),
        repo_id,
        environment_id: environment.id,
        environment: environment.name.clone(),
        state: "waiting".to_owned(),
        approvals_needed: approvals,
        wait_until: timer,
        waiting_since: now,
        decided_at: None,
    };
    let gate_id = store::environments::insert_gate(turn.tx, &gate).await?;
    custom::ask(turn, gate_id, &custom).await?;
    let mut waits_for = Vec::new();
    if approvals > 0 {
        waits_for.push(if approvals == 1 { "an approval".to_owned() } else { format!("{approvals} approvals") });
    }
    if timer.is_some() {
        waits_for.push(format!("{} minutes to pass", environment.wait_minutes));
    }
    waits_for.extend(custom.iter().map(|gate| format!("the gate `{}`", gate.name)));
    let (control, became) = (turn.control(), crate::report::Became::Waiting);
    crate::report::job(control, turn.tx, &turn.run, job_id, became, None).await?;
    let text = format!("waits for {} of the environment `{}`", waits_for.join(" and "), environment.name);
    turn.waits(leg, Reason { code: "environment".to_owned(), reason: text, location: None }).await
}

/// Whether a gate is decided by what is known of it now.
pub(crate) async fn decision(tx: &mut Tx, gate: &Gate) -> Result<Option<Result<(), String>>> {
    let reviews = store::environments::reviews(tx, gate.id).await?;
    if let Some(no) = reviews.iter().find(|review| review.state == "rejected") {
        return Ok(Some(Err(rejected(gate, &no.login, &no.comment))));
    }
    if reviews.iter().any(|review| review.state == "bypassed") {
        return Ok(Some(Ok(())));
    }
    let requests = store::environments::requests(tx, gate.id).await?;
    if let Some(no) = requests.iter().find(|request| request.state == "rejected") {
        return Ok(Some(Err(rejected(gate, &format!("the gate `{}`", no.name), &no.comment))));
    }
    let approved = count_approvals(&reviews) >= gate.approvals_needed;
    let timer_over = gate.wait_until.is_none_or(|until| until <= tx.now());
    let answered = requests.iter().all(|request| request.state == "approved");
    if approved && timer_over && answered {
        return Ok(Some(Ok(())));
    }
    let given_up = tx.now().saturating_sub(gate.waiting_since) >= LONGEST_WAIT;
    let text = || format!("nobody let the deployment to `{}` go within 30 days", gate.environment);
    Ok(given_up.then(|| Err(text())))
}

fn rejected(gate: &Gate, who: &str, comment: &str) -> String {
    let said = if comment.is_empty() { String::new() } else { format!(": {comment}") };
    format!("{who} refused the deployment to `{}`{said}", gate.environment)
}

fn count_approvals(reviews: &[Review]) -> i64 {
    i64::try_from(reviews.iter().filter(|review| review.state == "approved").count()).unwrap_or(i64::MAX)
}

/// Lets the job go, or ends it, where its gate is decided now. The input goes by the run's inbox.
pub(crate) async fn settle(tx: &mut Tx, gate: &Gate) -> Result<bool> {
    if gate.state != "waiting" {
        return Ok(false);
    }
    let Some(decided) = decision(tx, gate).await? else { return Ok(false) };
    let state = if decided.is_ok() { "approved" } else { "rejected" };
    store::environments::decide_gate(tx, gate.id, state).await?;
    let leg = LegId(u32::try_from(gate.leg).unwrap_or(u32::MAX));
    let input = StoredInput::Gate { leg, refused: decided.err() };
    store::runs::send(tx, gate.run_id, gate.attempt, &input.to_json()).await?;
    Ok(true)
}

/// Gates whose wait timer is over, and those that waited for too long.
pub(crate) async fn timers(control: &Control) -> Result<()> {
    let stale = control.store().now().saturating_sub(LONGEST_WAIT);
    for id in store::environments::due_gates(&mut control.store().read(), stale, 100).await? {
        match timer_over(control, id).await {
            Err(error) if !error.is_passing() => {
                control.trouble(&format!("gate {id}"), &error);
                let mut tx = control.store().begin().await?;
                let until = tx.now().saturating_add(LATER);
                store::environments::look_later(&mut tx, id, until).await?;
                tx.commit().await?;
            }
            done => done?,
        }
    }
    Ok(())
}

async fn timer_over(control: &Control, id: i64) -> Result<()> {
    let mut tx = control.store().begin().await?;
    let Some(gate) = store::environments::lock_gate(&mut tx, id).await? else { return Ok(()) };
    if !settle(&mut tx, &gate).await? {
        store::environments::clear_timer(&mut tx, id).await?;
    }
    Ok(tx.commit().await?)
}

/// Who may decide about deployments to an environment.
pub(crate) async fn is_reviewer(tx: &mut Tx, environment: &Environment, user_id: i64) -> Result<bool> {
    for reviewer in store::environments::reviewers(tx, environment.id).await? {
        let is = match reviewer.kind.as_str() {
            "Team" => store::environments::is_in_team_of_owner(tx, environment, reviewer.reviewer_id, user_id).await?,
            _ => reviewer.reviewer_id == user_id,
        };
        if is {
            return Ok(true);
        }
    }
    Ok(false)
}
