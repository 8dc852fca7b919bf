//! Webhooks of repositories and organisations.

use forge::hooks::{HookOwner, PutHook};
use identity::{Level, Permission, Role};
use serde_json::{Map, Value, json};
use store::hooks::Hook;

use crate::acting::actor;
use crate::route::fields::{DELIVERY, HOOK};
use crate::{Access, Answer, Api, Call, Field, Gives, Kind, Problem, Result, Route, handler};

const READ: Access = Access::repo(Permission::RepositoryHooks, Level::Read, Role::Admin);
const WRITE: Access = Access::repo(Permission::RepositoryHooks, Level::Write, Role::Admin);
const ORG_READ: Access = Access::Org(Permission::OrganizationHooks, Level::Read);
const ORG_WRITE: Access = Access::Org(Permission::OrganizationHooks, Level::Write);

const CONFIG: Kind = Kind::Object(&[
    Field::new("url", Kind::String),
    Field::new("content_type", Kind::Choice(&["json", "form"])),
    Field::nullable("secret", Kind::String),
    Field::new("insecure_ssl", Kind::StringOrInteger),
]);

/// The routes below a repository and below an organisation, which are the same.
macro_rules! routes {
    ($base:literal, $read:expr, $write:expr, $whose:literal) => {
        &[
            Route::get(concat!($base, "/hooks"), $read, handler!(list), concat!("Webhooks of ", $whose, "."))
                .list(HOOK),
            Route::post(concat!($base, "/hooks"), $write, handler!(create), "Makes a webhook.")
                .body(&[
                    Field::new("name", Kind::Choice(&["web"])),
                    Field::required("config", CONFIG),
                    Field::new("events", Kind::Array(&Kind::String)),
                    Field::new("active", Kind::Boolean),
                ])
                .gives(201, Gives::Object(HOOK)),
            Route::get(concat!($base, "/hooks/{hook_id}"), $read, handler!(get), "A webhook.")
                .gives(200, Gives::Object(HOOK)),
            Route::patch(concat!($base, "/hooks/{hook_id}"), $write, handler!(change), "Changes a webhook.")
                .body(&[
                    Field::new("config", CONFIG),
                    Field::new("events", Kind::Array(&Kind::String)),
                    Field::new("add_events", Kind::Array(&Kind::String)),
                    Field::new("remove_events", Kind::Array(&Kind::String)),
                    Field::new("active", Kind::Boolean),
                ])
                .gives(200, Gives::Object(HOOK)),
            Route::delete(concat!($base, "/hooks/{hook_id}"), $write, handler!(delete), "Deletes a webhook."),
            Route::get(concat!($base, "/hooks/{hook_id}/config"), $read, handler!(config), "Where a webhook leads."),
            Route::patch(
                concat!($base, "/hooks/{hook_id}/config"),
                $write,
                handler!(change_config),
                "Leads a webhook elsewhere.",
            )
            .body(&[
                Field::new("url", Kind::String),
                Field::new("content_type", Kind::Choice(&["json", "form"])),
                Field::nullable("secret", Kind::String),
                Field::new("insecure_ssl", Kind::StringOrInteger),
            ]),
            Route::post(concat!($base, "/hooks/{hook_id}/pings"), $write, handler!(ping), "Sends a ping.")
                .gives(204, Gives::Nothing),
            Route::get(
                concat!($base, "/hooks/{hook_id}/deliveries"),
                $read,
                handler!(deliveries),
                "Deliveries, newest first.",
            )
            .list(DELIVERY),
            Route::get(concat!($base, "/hooks/{hook_id}/deliveries/{id}"), $read, handler!(delivery), "A delivery.")
                .gives(200, Gives::Object(DELIVERY)),
            Route::post(
                concat!($base, "/hooks/{hook_id}/deliveries/{id}/attempts"),
                $write,
                handler!(redeliver),
                "Sends a delivery once more.",
            )
            .gives(202, Gives::Object(&[])),
        ]
    };
}

pub(crate) const REPOSITORY: &[Route] = routes!("/repos/{owner}/{repo}", READ, WRITE, "a repository");
pub(crate) const ORGANIZATION: &[Route] = routes!("/orgs/{org}", ORG_READ, ORG_WRITE, "an organisation");

/// What a `config` says.
fn put(config: &Map<String, Value>) -> PutHook {
    let text = |name: &str| config.get(name).and_then(Value::as_str).map(str::to_owned);
    let insecure = config.get("insecure_ssl").map(|value| value.as_str() == Some("1") || value.as_i64() == Some(1));
    PutHook {
        url: text("url"),
        content_type: text("content_type"),
        // What was shown as stars is not written back.
        secret: text("secret").filter(|secret| secret != "********"),
        insecure_ssl: insecure,
        active: None,
        events: None,
    }
}

/// Whose webhooks the path is about.
fn owner(call: &Call) -> Result<HookOwner<'_>> {
    match call.route.starts_with("/orgs/") {
        true => Ok(call.org()?.into()),
        false => Ok(call.repo()?.into()),
    }
}

fn shape(api: &Api, call: &Call, hook: &Hook) -> Result<Value> {
    Ok(forge::shape::hook(api.forge().urls(), owner(call)?, hook))
}

async fn list(api: &Api, call: &mut Call) -> Result {
    let mut items = Vec::new();
    for hook in api.forge().hooks_of(owner(call)?).await? {
        items.push(shape(api, call, &hook)?);
    }
    Ok(Answer::whole(call, call.page(), items))
}

fn config_of(call: &Call) -> Map<String, Value> {
    call.json.get("config").and_then(Value::as_object).cloned().unwrap_or_default()
}

async fn create(api: &Api, call: &mut Call) -> Result {
    let wanted = PutHook { events: call.texts("events"), active: call.flag("active"), ..put(&config_of(call)) };
    let hook = api.forge().create_hook(&call.caller, &actor(call)?, owner(call)?, &wanted).await?;
    Ok(Answer::created(shape(api, call, &hook)?))
}

async fn find(api: &Api, call: &Call) -> Result<Hook> {
    Ok(api.forge().hook(owner(call)?, call.id("hook_id")?).await?)
}

async fn get(api: &Api, call: &mut Call) -> Result {
    let hook = find(api, call).await?;
    Ok(Answer::json(shape(api, call, &hook)?))
}

async fn change(api: &Api, call: &mut Call) -> Result {
    let hook = find(api, call).await?;
    let mut events = call.texts("events");
    let (add, remove) = (call.texts("add_events"), call.texts("remove_events"));
    if add.is_some() || remove.is_some() {
        let known = hook.events.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
        let mut list = events.take().unwrap_or_else(|| known.collect());
        list.extend(add.unwrap_or_default());
        list.retain(|event| !remove.as_ref().is_some_and(|remove| remove.contains(event)));
        list.dedup();
        events = Some(list);
    }
    let wanted = PutHook { events, active: call.flag("active"), ..put(&config_of(call)) };
    let hook = api.forge().change_hook(&call.caller, owner(call)?, hook, &wanted).await?;
    Ok(Answer::json(shape(api, call, &hook)?))
}

async fn delete(api: &Api, call: &mut Call) -> Result {
    let hook = find(api, call).await?;
    api.forge().delete_hook(&call.caller, owner(call)?, &hook).await?;
    Ok(Answer::empty())
}

async fn config(api: &Api, call: &mut Call) -> Result {
    let hook = find(api, call).await?;
    Ok(Answer::json(&shape(api, call, &hook)?["config"]))
}

async fn change_config(api: &Api, call: &mut Call) -> Result {
    let hook = find(api, call).await?;
    let hook = api.forge().change_hook(&call.caller, owner(call)?, hook, &put(&call.json)).await?;
    Ok(Answer::json(&shape(api, call, &hook)?["config"]))
}

async fn ping(api: &Api, call: &mut Call) -> Result {
    let hook = find(api, call).await?;
    api.forge().ping_hook(&actor(call)?, owner(call)?, &hook).await?;
    Ok(Answer::empty())
}

async fn deliveries(api: &Api, call: &mut Call) -> Result {
    let hook = find(api, call).await?;
    let page = call.page();
    let before = call.query("cursor").and_then(|cursor| cursor.parse().ok());
    let found = store::hooks::deliveries(&mut api.store().read(), hook.id, before, page.sql_limit()).await?;
    let items = found.iter().map(|delivery| forge::shape::delivery(delivery, &hook.url, false)).collect();
    Ok(Answer::page(call, page, items))
}

async fn delivery(api: &Api, call: &mut Call) -> Result {
    let hook = find(api, call).await?;
    let found = api.forge().delivery(&hook, call.id("id")?).await?;
    Ok(Answer::json(forge::shape::delivery(&found, &hook.url, true)))
}

async fn redeliver(api: &Api, call: &mut Call) -> Result {
    let hook = find(api, call).await?;
    let found = api.forge().delivery(&hook, call.id("id")?).await?;
    if found.state == "queued" || found.state == "sending" {
        return Err(Problem::unprocessable("The delivery is under way."));
    }
    api.forge().redeliver(&hook, &found).await?;
    Ok(Answer::accepted(json!({})))
}
