//! Custom gates: a signed request asks, the answer comes by a callback whose token only the gate knows.

use axum::http::{HeaderMap, HeaderValue, Method, header};
use forge::outgoing::Outgo;
use identity::{Aad, TokenHash};
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::json;
use store::environments::{CustomGate, Request};

use crate::drive::Turn;
use crate::{Control, Error, Result};

/// Where a gate answers: `POST` with the token as bearer and `{"state": "approved" | "rejected", "comment": …}`.
pub(crate) const CALLBACK: &str = "/_trunkline/gates/answer";
/// Requests are repeated this often, with pauses that grow from half a minute to half an hour.
const MOST_ATTEMPTS: i64 = 50;

/// Requests on their way at the same time: each waits for a server of somebody else's.
const AT_ONCE: i64 = 8;

fn aad(gate_id: i64, custom_id: i64) -> Aad {
    Aad::new(&["gate token", &gate_id.to_string(), &custom_id.to_string()])
}

/// Writes down what is to be asked.
pub(super) async fn ask(turn: &mut Turn<'_>, gate_id: i64, gates: &[CustomGate]) -> Result<()> {
    for gate in gates {
        let mut bytes = [0_u8; 32];
        SystemRandom::new().fill(&mut bytes).map_err(|_| Error::broken("a gate's token", "there is no randomness"))?;
        let token = format!("tlg_{}", hex::encode(bytes));
        let sealed = turn.control().identity().seal(token.as_bytes(), &aad(gate_id, gate.id))?;
        let hash = TokenHash::of(&token);
        store::environments::insert_request(turn.tx, gate_id, gate, hash.as_str(), &sealed).await?;
    }
    Ok(())
}

/// Sends what is due, a few at a time. Whether there may be more.
pub(crate) async fn deliver(control: &Control) -> Result<bool> {
    let due = store::environments::due_requests(&mut control.store().read(), AT_ONCE).await?;
    let more = i64::try_from(due.len()) == Ok(AT_ONCE);
    let sent = futures_util::future::join_all(due.iter().map(|request| deliver_one(control, request))).await;
    sent.into_iter().collect::<Result<()>>()?;
    Ok(more)
}

async fn deliver_one(control: &Control, request: &Request) -> Result<()> {
    let pause = (30_i64 << request.attempts.min(6)).min(1800) * 1_000_000;
    let mut tx = control.store().begin().await?;
    let until = tx.now() + pause;
    // Whoever has postponed it sends it; other servers pass it over meanwhile.
    let mine = store::environments::postpone_request(&mut tx, request.id, request.attempts, until).await?;
    tx.commit().await?;
    if !mine {
        return Ok(());
    }
    let sent = match send(control, request).await {
        Err(error) if !error.is_passing() => {
            control.trouble(&format!("gate {}", request.gate_id), &error);
            Err(error.to_string())
        }
        sent => sent?,
    };
    let Err(why) = sent else {
        let mut tx = control.store().begin().await?;
        store::environments::set_delivered(&mut tx, request.id).await?;
        return Ok(tx.commit().await?);
    };
    if request.attempts + 1 >= MOST_ATTEMPTS {
        let mut tx = control.store().begin().await?;
        let text = format!("it could not be asked: {why}");
        store::environments::answer_request(&mut tx, request.id, "rejected", &text).await?;
        if let Some(gate) = store::environments::lock_gate(&mut tx, request.gate_id).await? {
            super::settle(&mut tx, &gate).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

/// The outer error is ours, the inner one the gate's.
async fn send(control: &Control, request: &Request) -> Result<Result<(), String>> {
    let mut query = control.store().read();
    let (Some(gate), Some(custom)) = (
        store::environments::gate(&mut query, request.gate_id).await?,
        store::environments::custom_gate(&mut query, request.environment_gate_id).await?,
    ) else {
        return Ok(Err("the gate is gone".to_owned()));
    };
    let token = match &request.sealed_token {
        Some(sealed) => control.identity().open(sealed, &aad(gate.id, custom.id))?,
        None => return Ok(Err("its token is gone".to_owned())),
    };
    let run = store::runs::by_id(&mut query, gate.run_id).await?;
    let Some(run) = run else { return Ok(Err("the run is gone".to_owned())) };
    let repository = control.forge().repository_by_id(gate.repo_id).await?;
    let body = json!({
        "action": "requested",
        "environment": gate.environment,
        "event": run.event_name,
        "deployment_callback_url": format!("{}{CALLBACK}", control.forge().urls().web),
        "token": std::str::from_utf8(&token).unwrap_or_default(),
        "run": { "id": run.id, "attempt": run.attempt, "name": run.workflow_name, "head_sha": run.head_sha, "ref": run.git_ref,
                 "actor": run.actor_login },
        "repository": { "id": repository.id, "full_name": repository.full_name() },
    })
    .to_string();
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("x-github-event", HeaderValue::from_static("deployment_protection_rule"));
    if let Some(sealed) = &custom.sealed {
        let secret = control.identity().open(sealed, &secret_aad(custom.id))?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let signature = format!("sha256={}", hex::encode(hmac::sign(&key, body.as_bytes())));
        if let Ok(value) = HeaderValue::from_str(&signature) {
            headers.insert("x-hub-signature-256", value);
        }
    }
    let outgo = Outgo {
        method: Method::POST,
        url: custom.url.clone(),
        headers,
        body: body.into(),
        insecure: false,
        redirects: 0,
    };
    Ok(match control.forge().outgoing().send(outgo).await {
        Ok(answer) if answer.status.is_success() => Ok(()),
        Ok(answer) => Err(format!("it answered {}", answer.status)),
        Err(error) => Err(error.to_string()),
    })
}

/// What the secret of a custom gate is bound to in its envelope.
#[must_use]
pub fn secret_aad(custom_gate_id: i64) -> Aad {
    Aad::new(&["environment gate", &custom_gate_id.to_string()])
}

/// The answer of a gate, by its token.
///
/// # Errors
/// When the token is none, the answer is none, or it was given before.
pub(crate) async fn answer(control: &Control, token: &str, state: &str, comment: &str) -> Result<()> {
    if !matches!(state, "approved" | "rejected") {
        return Err(Error::invalid("state", "`state` is `approved` or `rejected`"));
    }
    let mut tx = control.store().begin().await?;
    let hash = TokenHash::of(token);
    let request = store::environments::request_by_token(&mut tx, hash.as_str()).await?;
    let request = request.ok_or_else(|| Error::Forbidden("there is no such token".to_owned()))?;
    let gate = store::environments::lock_gate(&mut tx, request.gate_id).await?;
    let gate = gate.ok_or_else(|| Error::NotFound("the gate".to_owned()))?;
    if gate.state != "waiting" || !store::environments::answer_request(&mut tx, request.id, state, comment).await? {
        return Err(Error::Conflict("this was answered before, or nothing waits for it any more".to_owned()));
    }
    super::settle(&mut tx, &gate).await?;
    Ok(tx.commit().await?)
}
