//! The audit log.

use identity::{Level, Permission, Role};
use serde_json::{Value, json};
use store::audit::{Entry, Filter};

use crate::route::fields::AUDIT_ENTRY;
use crate::{Access, Answer, Api, Call, Param, Result, Route, handler};

const PARAMS: &[Param] = &[
    Param::text("action", "Only this action, or all that begin with it and a dot: `secret`."),
    Param::text("actor", "Only what this login did."),
    Param::text("before", "Only entries before this one's `_document_id`."),
];

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/audit-log", Access::SiteAdmin, handler!(server), "What was done on the server, newest first.")
        .params(PARAMS)
        .list(AUDIT_ENTRY),
    Route::get(
        "/orgs/{org}/audit-log",
        Access::Org(Permission::OrganizationAdministration, Level::Read),
        handler!(organization),
        "What was done in an organisation, newest first.",
    )
    .params(PARAMS)
    .list(AUDIT_ENTRY),
    Route::get(
        "/repos/{owner}/{repo}/audit-log",
        Access::repo(Permission::Administration, Level::Read, Role::Admin),
        handler!(repository),
        "What was done in a repository, newest first.",
    )
    .params(PARAMS)
    .list(AUDIT_ENTRY),
];

async fn server(api: &Api, call: &mut Call) -> Result {
    entries(api, call, Filter::default()).await
}

async fn organization(api: &Api, call: &mut Call) -> Result {
    let org_id = Some(call.org()?.id);
    entries(api, call, Filter { org_id, ..Filter::default() }).await
}

async fn repository(api: &Api, call: &mut Call) -> Result {
    let repo_id = Some(call.repo()?.id);
    entries(api, call, Filter { repo_id, ..Filter::default() }).await
}

async fn entries(api: &Api, call: &Call, filter: Filter) -> Result {
    let page = call.page();
    let filter = Filter {
        action: call.query("action").map(str::to_owned),
        actor: call.query("actor").map(str::to_owned),
        before: call.query("before").and_then(|before| before.parse().ok()),
        ..filter
    };
    let limit = page.sql_limit().saturating_add(page.sql_offset());
    let found = store::audit::list(&mut api.store().read(), &filter, limit).await?;
    Ok(Answer::page(call, page, found.iter().skip(page.offset()).map(shape).collect()))
}

fn shape(entry: &Entry) -> Value {
    json!({
        "@timestamp": entry.at.div_euclid(1000),
        "_document_id": entry.id.to_string(),
        "action": entry.action,
        "actor": entry.actor,
        "actor_id": entry.actor_id,
        "actor_kind": entry.actor_kind,
        "allowed": entry.allowed,
        "subject": entry.subject,
        "repo_id": entry.repo_id,
        "org_id": entry.org_id,
        "details": entry.details,
        "hash": entry.hash,
    })
}
