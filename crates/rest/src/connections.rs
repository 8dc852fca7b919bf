//! Repositories of other forges that run here. These routes are this server's own.

use forge::connections::NewConnection;
use identity::{Level, Permission, Role};
use serde_json::{Value, json};
use store::connections::Connection;

use crate::{Access, Answer, Api, Call, Field, Gives, Kind, Problem, Result, Route, handler};

const READ: Access = Access::repo(Permission::Administration, Level::Read, Role::Admin);
const WRITE: Access = Access::repo(Permission::Administration, Level::Write, Role::Admin);

const CONNECTION: &[Field] = &[
    Field::required("id", Kind::Integer),
    Field::required("provider", Kind::String),
    Field::required("url", Kind::String),
    Field::required("remote", Kind::String),
    Field::required("hook_url", Kind::String),
];

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/repos/{owner}/{repo}/connection",
        READ,
        handler!(get),
        "The repository elsewhere that this one follows.",
    )
    .gives(200, Gives::Object(CONNECTION)),
    Route::post(
        "/repos/{owner}/{repo}/connection",
        WRITE,
        handler!(create),
        "Lets a repository follow one of GitHub, Gitea or Forgejo. The answer has the webhook's secret, once.",
    )
    .body(&[
        Field::required("provider", Kind::Choice(&["github", "gitea", "forgejo"])),
        Field::required("url", Kind::String),
        Field::nullable("api_url", Kind::String),
        Field::required("remote", Kind::String),
        Field::nullable("token", Kind::String),
        Field::new("write_statuses", Kind::Boolean),
        Field::new("write_checks", Kind::Boolean),
    ])
    .gives(201, Gives::Object(CONNECTION)),
    Route::delete(
        "/repos/{owner}/{repo}/connection",
        WRITE,
        handler!(delete),
        "Ends a connection; what was fetched stays.",
    ),
    Route::get(
        "/repos/{owner}/{repo}/connection/write-backs",
        READ,
        handler!(write_backs),
        "What the other server was told.",
    )
    .list(&[]),
];

fn shape(api: &Api, connection: &Connection) -> Value {
    json!({
        "id": connection.id,
        "provider": connection.provider,
        "url": connection.web_url,
        "api_url": connection.api_url,
        "remote": connection.remote,
        "hook_url": api.forge().hook_address(connection),
        "write_statuses": connection.write_statuses,
        "write_checks": connection.write_checks,
        "has_token": connection.token_sealed.is_some(),
        "trouble": connection.trouble,
        "fetched_at": connection.fetched_at.map(forge::shape::at),
    })
}

async fn find(api: &Api, call: &Call) -> Result<Connection> {
    let found = store::connections::of_repository(&mut api.store().read(), call.repo()?.id).await?;
    found.ok_or_else(Problem::not_found)
}

async fn get(api: &Api, call: &mut Call) -> Result {
    Ok(Answer::json(shape(api, &find(api, call).await?)))
}

async fn create(api: &Api, call: &mut Call) -> Result {
    let new = NewConnection {
        provider: call.required("provider")?,
        url: call.required("url")?,
        api_url: call.text("api_url"),
        remote: call.required("remote")?,
        token: call.text("token"),
        write_statuses: call.flag("write_statuses").unwrap_or(true),
        write_checks: call.flag("write_checks").unwrap_or(false),
    };
    let (connection, secret) = api.forge().connect(&call.caller, call.repo()?, &new).await?;
    let mut body = shape(api, &connection);
    body["hook_secret"] = secret.into();
    Ok(Answer::created(body))
}

async fn delete(api: &Api, call: &mut Call) -> Result {
    api.forge().disconnect(&call.caller, call.repo()?).await?;
    Ok(Answer::empty())
}

async fn write_backs(api: &Api, call: &mut Call) -> Result {
    let connection = find(api, call).await?;
    let found = store::connections::write_backs(&mut api.store().read(), connection.id, 200).await?;
    let items = found
        .iter()
        .map(|news| {
            json!({
                "id": news.id, "kind": news.kind, "subject": news.subject, "state": news.state, "attempts": news.attempts,
                "message": news.message, "remote_id": news.remote_id,
            })
        })
        .collect();
    Ok(Answer::whole(call, call.page(), items))
}
