//! The server itself: what it is, what is left of the hour, its own description.

use serde_json::{Value, json};

use crate::route::openapi;
use crate::{Access, Answer, Api, Call, Field, Gives, Kind, Result, Route, handler};

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/", Access::Anybody, handler!(root), "Addresses of the API."),
    Route::get("/meta", Access::Anybody, handler!(meta), "What this server is.").gives(200, Gives::Object(META)),
    Route::get("/versions", Access::Anybody, handler!(versions), "Versions of the API.").gives(200, Gives::List(&[])),
    Route::get("/zen", Access::Anybody, handler!(zen), "A sentence.").gives(200, Gives::Bytes),
    Route::get("/rate_limit", Access::Anybody, handler!(rate_limit), "What is left of the hour; costs nothing.")
        .gives(200, Gives::Object(RATE_LIMIT)),
    Route::get("/openapi.json", Access::Anybody, handler!(description), "This API in the form of OpenAPI 3.1."),
];

const META: &[Field] = &[
    Field::required("verifiable_password_authentication", Kind::Boolean),
    Field::required("installed_version", Kind::String),
];
const BUDGET: &[Field] = &[
    Field::required("limit", Kind::Integer),
    Field::required("used", Kind::Integer),
    Field::required("remaining", Kind::Integer),
    Field::required("reset", Kind::Integer),
];
const RATE_LIMIT: &[Field] =
    &[Field::required("resources", Kind::Object(&[])), Field::required("rate", Kind::Object(BUDGET))];

async fn root(api: &Api, _: &mut Call) -> Result {
    let base = &api.forge().urls().api;
    Ok(Answer::json(json!({
        "current_user_url": format!("{base}/user"),
        "emojis_url": format!("{base}/emojis"),
        "organization_url": format!("{base}/orgs/{{org}}"),
        "organization_repositories_url": format!("{base}/orgs/{{org}}/repos{{?type,page,per_page,sort}}"),
        "rate_limit_url": format!("{base}/rate_limit"),
        "repository_url": format!("{base}/repos/{{owner}}/{{repo}}"),
        "user_url": format!("{base}/users/{{user}}"),
        "user_organizations_url": format!("{base}/user/orgs"),
        "user_repositories_url": format!("{base}/users/{{user}}/repos{{?type,page,per_page,sort}}"),
    })))
}

async fn meta(api: &Api, _: &mut Call) -> Result {
    let passwords = api.identity().settings().basic_passwords;
    Ok(Answer::json(json!({
        "verifiable_password_authentication": passwords,
        "installed_version": env!("CARGO_PKG_VERSION"),
    })))
}

async fn versions(_: &Api, _: &mut Call) -> Result {
    Ok(Answer::json(["2022-11-28"]))
}

async fn zen(_: &Api, _: &mut Call) -> Result {
    Ok(Answer::bytes("text/plain; charset=utf-8", "Every decision has a reason."))
}

async fn rate_limit(api: &Api, call: &mut Call) -> Result {
    let (budget, _) = api.rate().take(&call.caller, &call.from, api.store().now(), 0);
    let budget: Value = json!({
        "limit": budget.limit, "used": budget.used, "remaining": budget.remaining(), "reset": budget.reset, "resource": "core",
    });
    Ok(Answer::json(json!({ "resources": { "core": budget, "graphql": budget }, "rate": budget })))
}

async fn description(api: &Api, _: &mut Call) -> Result {
    Ok(Answer::json(openapi::description(api.routes(), &api.forge().urls().api)))
}
