//! Issues, their comments and labels; pull requests are issues too.

use forge::issues::ChangeIssue;
use identity::{Level, Need, Permission, Role};
use serde_json::Value;
use store::issues::{Issue, IssueFilter};

use crate::acting::actor;
use crate::conditions;
use crate::route::fields::{COMMENT, ISSUE, LABEL};
use crate::{Access, Answer, Api, Call, Field, Gives, Kind, Param, Problem, Result, Route, handler};

const READ: Access = Access::repo(Permission::Issues, Level::Read, Role::Read);
/// Whoever reads may open issues and comment; a token needs the permission all the same.
const SPEAK: Access = Access::repo(Permission::Issues, Level::Write, Role::Read);
/// The same of what may be a pull request.
const READ_EITHER: Access = Access::issue_or_pull(Level::Read, Role::Read);
const SPEAK_EITHER: Access = Access::issue_or_pull(Level::Write, Role::Read);
const WRITE_EITHER: Access = Access::issue_or_pull(Level::Write, Role::Triage);
/// Locking conversations, and which labels there are.
const MANAGE_EITHER: Access = Access::issue_or_pull(Level::Write, Role::Write);

const NAMES: Kind = Kind::Array(&Kind::StringOrObject(&[Field::required("name", Kind::String)]));

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/repos/{owner}/{repo}/issues", READ, handler!(list), "Issues and pull requests, newest first.")
        .params(&[
            Param::text("state", "`open`, `closed` or `all`"),
            Param::text("labels", "names with commas between them"),
            Param::text("creator", "a login"),
            Param::text("sort", "`created` or `updated`"),
            Param::text("direction", "`asc` or `desc`"),
            Param::text("since", "a time"),
        ])
        .list(ISSUE),
    Route::post("/repos/{owner}/{repo}/issues", SPEAK, handler!(create), "Opens an issue.")
        .body(&[
            Field::required("title", Kind::StringOrInteger),
            Field::nullable("body", Kind::String),
            Field::new("labels", NAMES),
            Field::new("assignees", Kind::Array(&Kind::String)),
        ])
        .gives(201, Gives::Object(ISSUE)),
    Route::get("/repos/{owner}/{repo}/issues/{number}", READ_EITHER, handler!(get), "An issue.")
        .gives(200, Gives::Object(ISSUE)),
    Route::patch("/repos/{owner}/{repo}/issues/{number}", SPEAK_EITHER, handler!(change), "Changes an issue.")
        .body(&[
            Field::nullable("title", Kind::StringOrInteger),
            Field::nullable("body", Kind::String),
            Field::new("state", Kind::Choice(&["open", "closed"])),
            Field::nullable("state_reason", Kind::String),
            Field::new("labels", NAMES),
            Field::new("assignees", Kind::Array(&Kind::String)),
        ])
        .gives(200, Gives::Object(ISSUE)),
    Route::put(
        "/repos/{owner}/{repo}/issues/{number}/lock",
        MANAGE_EITHER,
        handler!(lock),
        "Stops comments on an issue.",
    )
    .body(&[Field::nullable("lock_reason", Kind::String)])
    .gives(204, Gives::Nothing),
    Route::delete(
        "/repos/{owner}/{repo}/issues/{number}/lock",
        MANAGE_EITHER,
        handler!(unlock),
        "Allows comments again.",
    ),
    Route::get(
        "/repos/{owner}/{repo}/issues/{number}/comments",
        READ_EITHER,
        handler!(comments),
        "Comments on an issue.",
    )
    .list(COMMENT),
    Route::post(
        "/repos/{owner}/{repo}/issues/{number}/comments",
        SPEAK_EITHER,
        handler!(comment),
        "Comments on an issue.",
    )
    .body(&[Field::required("body", Kind::String)])
    .gives(201, Gives::Object(COMMENT)),
    Route::get("/repos/{owner}/{repo}/issues/comments", READ, handler!(all_comments), "Comments of a repository.")
        .list(COMMENT),
    Route::get("/repos/{owner}/{repo}/issues/comments/{id}", READ_EITHER, handler!(get_comment), "A comment.")
        .gives(200, Gives::Object(COMMENT)),
    Route::patch(
        "/repos/{owner}/{repo}/issues/comments/{id}",
        SPEAK_EITHER,
        handler!(change_comment),
        "Changes a comment.",
    )
    .body(&[Field::required("body", Kind::String)])
    .gives(200, Gives::Object(COMMENT)),
    Route::delete(
        "/repos/{owner}/{repo}/issues/comments/{id}",
        SPEAK_EITHER,
        handler!(delete_comment),
        "Deletes a comment.",
    ),
    Route::get("/repos/{owner}/{repo}/issues/{number}/labels", READ_EITHER, handler!(labels), "Labels of an issue.")
        .list(LABEL),
    Route::post(
        "/repos/{owner}/{repo}/issues/{number}/labels",
        WRITE_EITHER,
        handler!(add_labels),
        "Gives an issue labels.",
    )
    .body(&[Field::new("labels", NAMES)])
    .gives(200, Gives::List(LABEL)),
    Route::put(
        "/repos/{owner}/{repo}/issues/{number}/labels",
        WRITE_EITHER,
        handler!(set_labels),
        "Sets the labels of an issue.",
    )
    .body(&[Field::new("labels", NAMES)])
    .gives(200, Gives::List(LABEL)),
    Route::delete(
        "/repos/{owner}/{repo}/issues/{number}/labels",
        WRITE_EITHER,
        handler!(clear_labels),
        "Takes all labels off.",
    ),
    Route::delete(
        "/repos/{owner}/{repo}/issues/{number}/labels/{name}",
        WRITE_EITHER,
        handler!(remove_label),
        "Takes a label off.",
    )
    .gives(200, Gives::List(LABEL)),
    Route::post("/repos/{owner}/{repo}/issues/{number}/assignees", WRITE_EITHER, handler!(assign), "Adds assignees.")
        .body(&[Field::required("assignees", Kind::Array(&Kind::String))])
        .gives(201, Gives::Object(ISSUE)),
    Route::delete(
        "/repos/{owner}/{repo}/issues/{number}/assignees",
        WRITE_EITHER,
        handler!(unassign),
        "Takes assignees off.",
    )
    .body(&[Field::required("assignees", Kind::Array(&Kind::String))])
    .gives(200, Gives::Object(ISSUE)),
    Route::get("/repos/{owner}/{repo}/labels", READ_EITHER, handler!(all_labels), "Labels of a repository.")
        .list(LABEL),
    Route::post("/repos/{owner}/{repo}/labels", MANAGE_EITHER, handler!(make_label), "Makes a label.")
        .body(&[
            Field::required("name", Kind::String),
            Field::new("color", Kind::String),
            Field::nullable("description", Kind::String),
        ])
        .gives(201, Gives::Object(LABEL)),
    Route::get("/repos/{owner}/{repo}/labels/{name}", READ_EITHER, handler!(get_label), "A label.")
        .gives(200, Gives::Object(LABEL)),
    Route::patch("/repos/{owner}/{repo}/labels/{name}", MANAGE_EITHER, handler!(change_label), "Changes a label.")
        .body(&[
            Field::new("new_name", Kind::String),
            Field::new("color", Kind::String),
            Field::nullable("description", Kind::String),
        ])
        .gives(200, Gives::Object(LABEL)),
    Route::delete("/repos/{owner}/{repo}/labels/{name}", MANAGE_EITHER, handler!(delete_label), "Deletes a label."),
];

/// Text that may have been given as a number.
fn text_of(call: &Call, name: &str) -> Option<String> {
    match call.json.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Names that are strings or objects with a name.
fn names_of(call: &Call, field: &str) -> Option<Vec<String>> {
    let items = call.json.get(field)?.as_array()?;
    let name = |item: &Value| item.as_str().or_else(|| item["name"].as_str()).map(str::to_owned);
    Some(items.iter().filter_map(name).collect())
}

pub(crate) async fn user_ids(api: &Api, logins: &[String]) -> Result<Vec<i64>> {
    let mut ids = Vec::new();
    for login in logins {
        let user = store::users::by_login(&mut api.store().read(), login).await?;
        ids.push(user.ok_or_else(|| Problem::invalid("assignees", format!("there is no user {login}")))?.id);
    }
    Ok(ids)
}

async fn list(api: &Api, call: &mut Call) -> Result {
    let (page, repository) = (call.page(), call.repo()?);
    let creator = match call.query("creator") {
        Some(login) => match store::users::by_login(&mut api.store().read(), login).await? {
            Some(user) => Some(user.id),
            None => return Ok(Answer::page(call, page, Vec::new())),
        },
        None => None,
    };
    let labels: Vec<String> = call
        .query("labels")
        .into_iter()
        .flat_map(|text| text.split(','))
        .map(|name| name.trim().to_lowercase())
        .filter(|name| !name.is_empty())
        .collect();
    let since = match call.query("since") {
        Some(text) => {
            let time: jiff::Timestamp = text.parse().map_err(|_| Problem::invalid("since", "a time is expected"))?;
            Some(time.as_microsecond())
        }
        None => None,
    };
    let state = call.query("state").unwrap_or("open");
    let filter = IssueFilter {
        state: Some(state).filter(|state| *state != "all"),
        is_pull: None,
        author_id: creator,
        labels: &labels,
        sort: call.query("sort").unwrap_or("created"),
        ascending: call.query("direction") == Some("asc"),
        since,
    };
    let mut query = api.store().read();
    let issues = store::issues::list(&mut query, repository.id, &filter, page.sql_limit(), page.sql_offset()).await?;
    let mut shape = api.forge().shape();
    let mut items = Vec::new();
    for issue in &issues {
        items.push(shape.issue(repository, issue).await?);
    }
    Ok(Answer::page(call, page, items))
}

async fn shape(api: &Api, call: &Call, issue: &Issue) -> Result<Value> {
    Ok(api.forge().shape().issue(call.repo()?, issue).await?)
}

/// Labels and people are for those who sort issues; others' wishes are passed over, as on GitHub.
async fn may_sort(api: &Api, call: &Call) -> Result<bool> {
    call.could(api, Need::new(Permission::Issues, Level::Write)).await
}

async fn create(api: &Api, call: &mut Call) -> Result {
    let sorts = may_sort(api, call).await?;
    let labels = names_of(call, "labels").filter(|_| sorts).unwrap_or_default();
    let assignees = match call.texts("assignees").filter(|_| sorts) {
        Some(logins) => user_ids(api, &logins).await?,
        None => Vec::new(),
    };
    let title = text_of(call, "title").unwrap_or_default();
    let body = call.text("body").unwrap_or_default();
    let issue = api.forge().create_issue(call.repo()?, &actor(call)?, &title, body, &labels, &assignees).await?;
    Ok(Answer::created(shape(api, call, &issue).await?))
}

/// The issue or pull request of the path, for those who may do with it what the condition says.
async fn find(api: &Api, call: &Call, condition: impl FnOnce(&Issue) -> Need) -> Result<Issue> {
    let issue = api.forge().issue(call.repo()?, call.id("number")?).await?;
    call.allow(api, condition(&issue)).await?;
    Ok(issue)
}

async fn get(api: &Api, call: &mut Call) -> Result {
    let issue = find(api, call, conditions::read).await?;
    Ok(Answer::json(shape(api, call, &issue).await?))
}

async fn change(api: &Api, call: &mut Call) -> Result {
    let only_state = !call.json.contains_key("title") && !call.json.contains_key("body");
    let issue = find(api, call, |issue| conditions::change(issue, &call.caller, only_state)).await?;
    let sorts = call.could(api, conditions::sort(&issue)).await?;
    let assignees = match call.texts("assignees").filter(|_| sorts) {
        Some(logins) => Some(user_ids(api, &logins).await?),
        None => None,
    };
    let wanted = ChangeIssue {
        title: text_of(call, "title"),
        body: call.text("body").map(str::to_owned),
        state: call.text("state").map(str::to_owned),
        state_reason: call.text("state_reason").map(str::to_owned),
        assignees,
        locked: None,
    };
    let (repository, actor) = (call.repo()?, actor(call)?);
    let mut issue = api.forge().change_issue(repository, &actor, issue.number, wanted).await?;
    if let Some(names) = names_of(call, "labels").filter(|_| sorts) {
        api.forge().label_issue(repository, &actor, issue.number, &names, true).await?;
        issue = find(api, call, conditions::read).await?;
    }
    Ok(Answer::json(shape(api, call, &issue).await?))
}

async fn set_lock(api: &Api, call: &Call, locked: bool) -> Result {
    let issue = find(api, call, conditions::lock).await?;
    let change = ChangeIssue { locked: Some(locked), ..ChangeIssue::default() };
    api.forge().change_issue(call.repo()?, &actor(call)?, issue.number, change).await?;
    Ok(Answer::empty())
}

async fn lock(api: &Api, call: &mut Call) -> Result {
    set_lock(api, call, true).await
}

async fn unlock(api: &Api, call: &mut Call) -> Result {
    set_lock(api, call, false).await
}

async fn comments(api: &Api, call: &mut Call) -> Result {
    let (issue, page) = (find(api, call, conditions::read).await?, call.page());
    let mut query = api.store().read();
    let found = store::comments::of_issue(&mut query, issue.id, page.sql_limit(), page.sql_offset()).await?;
    let mut shape = api.forge().shape();
    let mut items = Vec::new();
    for comment in &found {
        items.push(shape.comment(call.repo()?, &issue, comment).await?);
    }
    Ok(Answer::page(call, page, items))
}

async fn all_comments(api: &Api, call: &mut Call) -> Result {
    let (repository, page) = (call.repo()?, call.page());
    let mut query = api.store().read();
    let found = store::comments::of_repository(&mut query, repository.id, page.sql_limit(), page.sql_offset()).await?;
    let mut shape = api.forge().shape();
    let mut items = Vec::new();
    for comment in &found {
        if let Some(issue) = store::issues::by_id(&mut query, comment.issue_id).await? {
            items.push(shape.comment(repository, &issue, comment).await?);
        }
    }
    Ok(Answer::page(call, page, items))
}

async fn comment(api: &Api, call: &mut Call) -> Result {
    let issue = find(api, call, conditions::comment).await?;
    let repository = call.repo()?;
    let (issue, comment) =
        api.forge().create_comment(repository, &actor(call)?, issue.number, call.required("body")?).await?;
    Ok(Answer::created(api.forge().shape().comment(repository, &issue, &comment).await?))
}

async fn get_comment(api: &Api, call: &mut Call) -> Result {
    let (issue, comment) = api.forge().comment(call.repo()?, call.id("id")?).await?;
    call.allow(api, conditions::read(&issue)).await?;
    Ok(Answer::json(api.forge().shape().comment(call.repo()?, &issue, &comment).await?))
}

/// One's own, or any with write access.
async fn allow_comment(api: &Api, call: &Call) -> Result<i64> {
    let (issue, comment) = api.forge().comment(call.repo()?, call.id("id")?).await?;
    call.allow(api, conditions::change_comment(&issue, &call.caller, comment.author_id)).await?;
    Ok(comment.id)
}

async fn change_comment(api: &Api, call: &mut Call) -> Result {
    let id = allow_comment(api, call).await?;
    let repository = call.repo()?;
    let (issue, comment) = api.forge().change_comment(repository, &actor(call)?, id, call.required("body")?).await?;
    Ok(Answer::json(api.forge().shape().comment(repository, &issue, &comment).await?))
}

async fn delete_comment(api: &Api, call: &mut Call) -> Result {
    let id = allow_comment(api, call).await?;
    api.forge().delete_comment(call.repo()?, &actor(call)?, id).await?;
    Ok(Answer::empty())
}

async fn shown_labels(api: &Api, call: &Call, labels: &[store::issues::Label]) -> Result<Vec<Value>> {
    let full_name = call.repo()?.full_name();
    let shape = api.forge().shape();
    Ok(labels.iter().map(|label| shape.label(&full_name, label)).collect())
}

async fn labels(api: &Api, call: &mut Call) -> Result {
    let issue = find(api, call, conditions::read).await?;
    let labels = store::issues::labels_of(&mut api.store().read(), issue.id).await?;
    let items = shown_labels(api, call, &labels).await?;
    Ok(Answer::whole(call, call.page(), items))
}

async fn label(api: &Api, call: &Call, names: &[String], alone: bool) -> Result {
    let issue = find(api, call, conditions::sort).await?;
    let labels = api.forge().label_issue(call.repo()?, &actor(call)?, issue.number, names, alone).await?;
    Ok(Answer::json(shown_labels(api, call, &labels).await?))
}

async fn add_labels(api: &Api, call: &mut Call) -> Result {
    label(api, call, &names_of(call, "labels").unwrap_or_default(), false).await
}

async fn set_labels(api: &Api, call: &mut Call) -> Result {
    label(api, call, &names_of(call, "labels").unwrap_or_default(), true).await
}

async fn clear_labels(api: &Api, call: &mut Call) -> Result {
    label(api, call, &[], true).await?;
    Ok(Answer::empty())
}

async fn remove_label(api: &Api, call: &mut Call) -> Result {
    let issue = find(api, call, conditions::sort).await?;
    let labels = api.forge().unlabel_issue(call.repo()?, &actor(call)?, issue.number, call.param("name")).await?;
    Ok(Answer::json(shown_labels(api, call, &labels).await?))
}

async fn set_assignees(api: &Api, call: &Call, add: bool) -> Result<Value> {
    let issue = find(api, call, conditions::sort).await?;
    let named = user_ids(api, &call.texts("assignees").unwrap_or_default()).await?;
    let mut ids: Vec<i64> = issue.assignees.as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
    if add {
        ids.extend(named.iter().filter(|id| !ids.contains(id)).copied().collect::<Vec<_>>());
        ids.truncate(10);
    } else {
        ids.retain(|id| !named.contains(id));
    }
    let change = ChangeIssue { assignees: Some(ids), ..ChangeIssue::default() };
    let issue = api.forge().change_issue(call.repo()?, &actor(call)?, issue.number, change).await?;
    shape(api, call, &issue).await
}

async fn assign(api: &Api, call: &mut Call) -> Result {
    Ok(Answer::created(set_assignees(api, call, true).await?))
}

async fn unassign(api: &Api, call: &mut Call) -> Result {
    Ok(Answer::json(set_assignees(api, call, false).await?))
}

async fn all_labels(api: &Api, call: &mut Call) -> Result {
    let labels = store::issues::labels(&mut api.store().read(), call.repo()?.id).await?;
    let items = shown_labels(api, call, &labels).await?;
    Ok(Answer::whole(call, call.page(), items))
}

async fn make_label(api: &Api, call: &mut Call) -> Result {
    let (name, color) = (call.required("name")?, call.text("color").unwrap_or("ededed"));
    let made = api.forge().create_label(call.repo()?, &actor(call)?, name, color, call.text("description")).await?;
    Ok(Answer::created(api.forge().shape().label(&call.repo()?.full_name(), &made)))
}

async fn find_label(api: &Api, call: &Call) -> Result<store::issues::Label> {
    let found = store::issues::label(&mut api.store().read(), call.repo()?.id, call.param("name")).await?;
    found.ok_or_else(Problem::not_found)
}

async fn get_label(api: &Api, call: &mut Call) -> Result {
    let label = find_label(api, call).await?;
    Ok(Answer::json(api.forge().shape().label(&call.repo()?.full_name(), &label)))
}

async fn change_label(api: &Api, call: &mut Call) -> Result {
    let mut label = find_label(api, call).await?;
    if let Some(name) = call.text("new_name") {
        name.clone_into(&mut label.name);
    }
    if let Some(color) = call.text("color") {
        label.color = color.trim_start_matches('#').to_lowercase();
    }
    if let Some(description) = call.json.get("description") {
        label.description = description.as_str().map(str::to_owned);
    }
    api.forge().change_label(call.repo()?, &actor(call)?, &label).await?;
    Ok(Answer::json(api.forge().shape().label(&call.repo()?.full_name(), &label)))
}

async fn delete_label(api: &Api, call: &mut Call) -> Result {
    let label = find_label(api, call).await?;
    api.forge().delete_label(call.repo()?, &actor(call)?, &label).await?;
    Ok(Answer::empty())
}
