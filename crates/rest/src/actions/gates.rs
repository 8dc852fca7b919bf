//! Custom gates of environments: webhooks that are asked before a job starts.

use axum::http::StatusCode;
use identity::Action;
use serde_json::{Value, json};
use store::environments::CustomGate;

use super::environments::{READ, WRITE};
use super::scope::environment;
use crate::route::fields::GATE;
use crate::{Answer, Api, Call, Field, FieldError, Gives, Kind, Problem, Result, Route, handler};

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/repos/{owner}/{repo}/environments/{environment_name}/deployment_protection_rules",
        READ,
        handler!(list),
        "Custom gates of an environment.",
    )
    .gives(
        200,
        Gives::Object(&[Field::required("custom_deployment_protection_rules", Kind::Array(&Kind::Object(GATE)))]),
    ),
    Route::post(
        "/repos/{owner}/{repo}/environments/{environment_name}/deployment_protection_rules",
        WRITE,
        handler!(create),
        "Adds a custom gate: an address that is asked, and answers by its callback.",
    )
    .body(&[
        Field::required("name", Kind::String),
        Field::required("url", Kind::String),
        Field::new("secret", Kind::String),
    ])
    .gives(201, Gives::Object(GATE)),
    Route::get(
        "/repos/{owner}/{repo}/environments/{environment_name}/deployment_protection_rules/{protection_rule_id}",
        READ,
        handler!(get),
        "A custom gate.",
    )
    .gives(200, Gives::Object(GATE)),
    Route::delete(
        "/repos/{owner}/{repo}/environments/{environment_name}/deployment_protection_rules/{protection_rule_id}",
        WRITE,
        handler!(delete),
        "Deletes a custom gate.",
    ),
];

fn shape(gate: &CustomGate) -> Value {
    json!({
        "id": gate.id,
        "node_id": forge::ids::node_id("Gate", gate.id),
        "enabled": gate.enabled,
        "app": { "id": gate.id, "slug": gate.name, "integration_url": gate.url, "node_id": "" },
        "name": gate.name,
        "url": gate.url,
    })
}

async fn list(api: &Api, call: &mut Call) -> Result {
    let environment = environment(api, call).await?;
    let found = store::environments::custom_gates(&mut api.store().read(), environment.id).await?;
    let rules: Vec<Value> = found.iter().map(shape).collect();
    Ok(Answer::json(json!({ "total_count": rules.len(), "custom_deployment_protection_rules": rules })))
}

async fn get(api: &Api, call: &mut Call) -> Result {
    let (environment, id) = (environment(api, call).await?, call.id("protection_rule_id")?);
    let found = store::environments::custom_gates(&mut api.store().read(), environment.id).await?;
    Ok(Answer::json(shape(found.iter().find(|gate| gate.id == id).ok_or_else(Problem::not_found)?)))
}

async fn create(api: &Api, call: &mut Call) -> Result {
    let (repo, environment) = (call.repo()?, environment(api, call).await?);
    let (name, url) = (call.required("name")?, call.required("url")?);
    if name.trim().is_empty() || name.len() > 100 {
        return Err(Problem::invalid("name", "a gate's name has 1 to 100 characters"));
    }
    let address: Option<axum::http::Uri> = url.parse().ok();
    let web = address.is_some_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some());
    if !web || url.len() > 2000 {
        return Err(Problem::invalid("url", "expected an address that begins with `https://` or `http://`"));
    }
    let mut tx = api.store().begin().await?;
    let id = store::environments::insert_custom_gate(&mut tx, environment.id, name, url).await.map_err(|error| {
        if error.is_taken() { Problem::validation(vec![FieldError::exists("Gate", "name")]) } else { error.into() }
    })?;
    if let Some(secret) = call.text("secret").filter(|secret| !secret.is_empty()) {
        let sealed = api.identity().seal(secret.as_bytes(), &control::gate_secret_aad(id))?;
        store::environments::set_custom_gate_secret(&mut tx, id, &sealed).await?;
    }
    let details = json!({ "gate": name, "url": url });
    let action = Action::new("environment.gate.add", &environment.name).repo(repo.id).details(details);
    api.identity().audit(&mut tx, &call.caller, action).await?;
    tx.commit().await?;
    let gate = store::environments::custom_gate(&mut api.store().read(), id).await?.ok_or_else(Problem::not_found)?;
    Ok(Answer::with_status(StatusCode::CREATED, shape(&gate)))
}

async fn delete(api: &Api, call: &mut Call) -> Result {
    let (repo, environment, id) = (call.repo()?, environment(api, call).await?, call.id("protection_rule_id")?);
    let mut tx = api.store().begin().await?;
    if !store::environments::delete_custom_gate(&mut tx, environment.id, id).await? {
        return Err(Problem::not_found());
    }
    let action = Action::new("environment.gate.remove", &environment.name).repo(repo.id);
    api.identity().audit(&mut tx, &call.caller, action).await?;
    tx.commit().await?;
    Ok(Answer::empty())
}
