//! Reviews of pull requests.

use forge::reviews::{NewReviewComment, ReviewEvent};
use identity::{Level, Permission, Role};
use serde_json::{Value, json};
use store::issues::Issue;
use store::reviews::{Review, ReviewComment};

use crate::acting::actor;
use crate::conditions;
use crate::issues::user_ids;
use crate::pulls::find;
use crate::route::fields::{PULL, REVIEW, REVIEW_COMMENT};
use crate::{Access, Answer, Api, Call, Field, Gives, Kind, Problem, Result, Route, handler};

const READ: Access = Access::repo(Permission::PullRequests, Level::Read, Role::Read);
const SPEAK: Access = Access::repo(Permission::PullRequests, Level::Write, Role::Read);
const WRITE: Access = Access::repo(Permission::PullRequests, Level::Write, Role::Write);
const EVENT: Kind = Kind::Choice(&["APPROVE", "REQUEST_CHANGES", "COMMENT"]);

const PLACE: &[Field] = &[
    Field::new("path", Kind::String),
    Field::required("body", Kind::String),
    Field::nullable("position", Kind::Integer),
    Field::nullable("line", Kind::Integer),
    Field::new("side", Kind::Choice(&["LEFT", "RIGHT"])),
    Field::nullable("start_line", Kind::Integer),
    Field::nullable("start_side", Kind::String),
    Field::new("commit_id", Kind::String),
    Field::new("in_reply_to", Kind::Integer),
    Field::new("subject_type", Kind::Choice(&["line", "file"])),
];

const REVIEWERS: &[Field] =
    &[Field::new("reviewers", Kind::Array(&Kind::String)), Field::new("team_reviewers", Kind::Array(&Kind::String))];

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/repos/{owner}/{repo}/pulls/{number}/reviews", READ, handler!(list), "Reviews of a pull request.")
        .list(REVIEW),
    Route::post("/repos/{owner}/{repo}/pulls/{number}/reviews", SPEAK, handler!(create), "Reviews a pull request.")
        .body(&[
            Field::nullable("commit_id", Kind::String),
            Field::nullable("body", Kind::String),
            Field::new("event", EVENT),
            Field::new("comments", Kind::Array(&Kind::Object(PLACE))),
        ])
        .gives(200, Gives::Object(REVIEW)),
    Route::get("/repos/{owner}/{repo}/pulls/{number}/reviews/{id}", READ, handler!(get), "A review.")
        .gives(200, Gives::Object(REVIEW)),
    Route::delete(
        "/repos/{owner}/{repo}/pulls/{number}/reviews/{id}",
        SPEAK,
        handler!(delete),
        "Throws an own pending review away.",
    )
    .gives(200, Gives::Object(REVIEW)),
    Route::post(
        "/repos/{owner}/{repo}/pulls/{number}/reviews/{id}/events",
        SPEAK,
        handler!(submit),
        "Submits an own pending review.",
    )
    .body(&[Field::nullable("body", Kind::String), Field::required("event", EVENT)])
    .gives(200, Gives::Object(REVIEW)),
    Route::put(
        "/repos/{owner}/{repo}/pulls/{number}/reviews/{id}/dismissals",
        WRITE,
        handler!(dismiss),
        "Takes the weight from a review.",
    )
    .body(&[Field::required("message", Kind::String), Field::new("event", Kind::String)])
    .gives(200, Gives::Object(REVIEW)),
    Route::get(
        "/repos/{owner}/{repo}/pulls/{number}/reviews/{id}/comments",
        READ,
        handler!(comments_of_review),
        "Comments of a review.",
    )
    .list(REVIEW_COMMENT),
    Route::get("/repos/{owner}/{repo}/pulls/{number}/comments", READ, handler!(comments), "Comments on lines.")
        .list(REVIEW_COMMENT),
    Route::post("/repos/{owner}/{repo}/pulls/{number}/comments", SPEAK, handler!(comment), "Comments on a line.")
        .body(PLACE)
        .gives(201, Gives::Object(REVIEW_COMMENT)),
    Route::post(
        "/repos/{owner}/{repo}/pulls/{number}/comments/{id}/replies",
        SPEAK,
        handler!(reply),
        "Replies to a comment on a line.",
    )
    .body(&[Field::required("body", Kind::String)])
    .gives(201, Gives::Object(REVIEW_COMMENT)),
    Route::get("/repos/{owner}/{repo}/pulls/comments/{id}", READ, handler!(get_comment), "A comment on a line.")
        .gives(200, Gives::Object(REVIEW_COMMENT)),
    Route::patch("/repos/{owner}/{repo}/pulls/comments/{id}", SPEAK, handler!(change_comment), "Changes a comment.")
        .body(&[Field::required("body", Kind::String)])
        .gives(200, Gives::Object(REVIEW_COMMENT)),
    Route::delete("/repos/{owner}/{repo}/pulls/comments/{id}", SPEAK, handler!(delete_comment), "Deletes a comment."),
    Route::get(
        "/repos/{owner}/{repo}/pulls/{number}/requested_reviewers",
        READ,
        handler!(requested),
        "Who is asked for a review.",
    ),
    Route::post(
        "/repos/{owner}/{repo}/pulls/{number}/requested_reviewers",
        WRITE,
        handler!(request),
        "Asks for reviews.",
    )
    .body(REVIEWERS)
    .gives(201, Gives::Object(PULL)),
    Route::delete(
        "/repos/{owner}/{repo}/pulls/{number}/requested_reviewers",
        WRITE,
        handler!(unrequest),
        "Asks for reviews no more.",
    )
    .body(REVIEWERS)
    .gives(200, Gives::Object(PULL)),
];

fn event(call: &Call) -> Result<Option<ReviewEvent>> {
    Ok(match call.text("event") {
        Some(text) => Some(ReviewEvent::parse(text)?),
        None => None,
    })
}

fn place(value: &Value) -> NewReviewComment {
    let text = |name: &str| value[name].as_str().map(str::to_owned);
    NewReviewComment {
        path: text("path").unwrap_or_default(),
        body: text("body").unwrap_or_default(),
        line: value["line"].as_i64(),
        position: value["position"].as_i64(),
        start_line: value["start_line"].as_i64(),
        side: text("side"),
        start_side: text("start_side"),
        commit: text("commit_id"),
        in_reply_to: value["in_reply_to"].as_i64(),
        on_file: value["subject_type"] == "file",
    }
}

async fn shape(api: &Api, call: &Call, issue: &Issue, review: &Review) -> Result<Value> {
    Ok(api.forge().shape().review(call.repo()?, issue, review).await?)
}

async fn list(api: &Api, call: &mut Call) -> Result {
    let (issue, _) = find(api, call).await?;
    let me = call.caller.account_id();
    let mut items = Vec::new();
    for review in store::reviews::of_issue(&mut api.store().read(), issue.id).await? {
        // A pending one is its author's.
        if review.state != "PENDING" || me == Some(review.author_id) {
            items.push(shape(api, call, &issue, &review).await?);
        }
    }
    Ok(Answer::whole(call, call.page(), items))
}

async fn create(api: &Api, call: &mut Call) -> Result {
    let (issue, _) = find(api, call).await?;
    let comments: Vec<NewReviewComment> =
        call.json.get("comments").and_then(Value::as_array).into_iter().flatten().map(place).collect();
    let (body, commit) = (call.text("body").unwrap_or_default(), call.text("commit_id"));
    let (repository, actor) = (call.repo()?, actor(call)?);
    let review =
        api.forge().create_review(repository, &actor, issue.number, event(call)?, body, commit, &comments).await?;
    Ok(Answer::json(shape(api, call, &issue, &review).await?))
}

async fn find_review(api: &Api, call: &Call) -> Result<(Issue, Review)> {
    let (issue, _) = find(api, call).await?;
    let review = api.forge().review(&issue, call.id("id")?).await?;
    if review.state == "PENDING" && call.caller.account_id() != Some(review.author_id) {
        return Err(Problem::not_found());
    }
    Ok((issue, review))
}

async fn get(api: &Api, call: &mut Call) -> Result {
    let (issue, review) = find_review(api, call).await?;
    Ok(Answer::json(shape(api, call, &issue, &review).await?))
}

async fn delete(api: &Api, call: &mut Call) -> Result {
    let (issue, review) = find_review(api, call).await?;
    api.forge().delete_review(call.repo()?, &actor(call)?, issue.number, review.id).await?;
    Ok(Answer::json(shape(api, call, &issue, &review).await?))
}

async fn submit(api: &Api, call: &mut Call) -> Result {
    let (issue, review) = find_review(api, call).await?;
    let event = event(call)?.ok_or_else(|| Problem::invalid("event", "`event` is missing"))?;
    let (repository, actor, body) = (call.repo()?, actor(call)?, call.text("body"));
    let review = api.forge().submit_review(repository, &actor, issue.number, review.id, event, body).await?;
    Ok(Answer::json(shape(api, call, &issue, &review).await?))
}

async fn dismiss(api: &Api, call: &mut Call) -> Result {
    let (issue, review) = find_review(api, call).await?;
    let (repository, actor, message) = (call.repo()?, actor(call)?, call.required("message")?);
    let review = api.forge().dismiss_review(repository, &actor, issue.number, review.id, message).await?;
    Ok(Answer::json(shape(api, call, &issue, &review).await?))
}

async fn shown(api: &Api, call: &Call, issue: &Issue, comments: Vec<ReviewComment>) -> Result<Vec<Value>> {
    let mut shape = api.forge().shape();
    let mut items = Vec::new();
    for comment in &comments {
        items.push(shape.review_comment(call.repo()?, issue, comment).await?);
    }
    Ok(items)
}

async fn comments_of_review(api: &Api, call: &mut Call) -> Result {
    let (issue, review) = find_review(api, call).await?;
    let comments = store::reviews::comments_of_review(&mut api.store().read(), review.id).await?;
    let items = shown(api, call, &issue, comments).await?;
    Ok(Answer::whole(call, call.page(), items))
}

async fn comments(api: &Api, call: &mut Call) -> Result {
    let (issue, _) = find(api, call).await?;
    let me = call.caller.account_id();
    let mut query = api.store().read();
    let reviews = store::reviews::of_issue(&mut query, issue.id).await?;
    let hidden = |id: i64| reviews.iter().any(|r| r.id == id && r.state == "PENDING" && me != Some(r.author_id));
    let comments = store::reviews::comments_of_issue(&mut query, issue.id).await?;
    let comments = comments.into_iter().filter(|comment| !hidden(comment.review_id)).collect();
    let items = shown(api, call, &issue, comments).await?;
    Ok(Answer::whole(call, call.page(), items))
}

async fn comment(api: &Api, call: &mut Call) -> Result {
    let (issue, _) = find(api, call).await?;
    let new = place(&Value::Object(call.json.clone()));
    let made = api.forge().create_review_comment(call.repo()?, &actor(call)?, issue.number, &new).await?;
    Ok(Answer::created(api.forge().shape().review_comment(call.repo()?, &issue, &made).await?))
}

async fn reply(api: &Api, call: &mut Call) -> Result {
    let (issue, _) = find(api, call).await?;
    let body = call.required("body")?.to_owned();
    let new = NewReviewComment { body, in_reply_to: Some(call.id("id")?), ..NewReviewComment::default() };
    let made = api.forge().create_review_comment(call.repo()?, &actor(call)?, issue.number, &new).await?;
    Ok(Answer::created(api.forge().shape().review_comment(call.repo()?, &issue, &made).await?))
}

async fn find_comment(api: &Api, call: &Call) -> Result<(Issue, ReviewComment)> {
    let mut query = api.store().read();
    let comment = store::reviews::comment(&mut query, call.repo()?.id, call.id("id")?).await?;
    let comment = comment.ok_or_else(Problem::not_found)?;
    let issue = store::issues::by_id(&mut query, comment.issue_id).await?;
    Ok((issue.ok_or_else(Problem::not_found)?, comment))
}

async fn get_comment(api: &Api, call: &mut Call) -> Result {
    let (issue, comment) = find_comment(api, call).await?;
    Ok(Answer::json(api.forge().shape().review_comment(call.repo()?, &issue, &comment).await?))
}

async fn allow_comment(api: &Api, call: &Call) -> Result<(Issue, ReviewComment)> {
    let (issue, comment) = find_comment(api, call).await?;
    call.allow(api, conditions::change_review_comment(&call.caller, comment.author_id)).await?;
    Ok((issue, comment))
}

async fn change_comment(api: &Api, call: &mut Call) -> Result {
    let (issue, mut comment) = allow_comment(api, call).await?;
    call.required("body")?.clone_into(&mut comment.body);
    let mut tx = api.store().begin().await?;
    store::reviews::set_comment_body(&mut tx, comment.id, &comment.body).await?;
    tx.commit().await?;
    Ok(Answer::json(api.forge().shape().review_comment(call.repo()?, &issue, &comment).await?))
}

async fn delete_comment(api: &Api, call: &mut Call) -> Result {
    let (_, comment) = allow_comment(api, call).await?;
    let mut tx = api.store().begin().await?;
    store::reviews::delete_comment(&mut tx, comment.id).await?;
    tx.commit().await?;
    Ok(Answer::empty())
}

async fn requested(api: &Api, call: &mut Call) -> Result {
    let (issue, pull) = find(api, call).await?;
    let shape = api.forge().shape().pull(call.repo()?, &issue, &pull).await?;
    Ok(Answer::json(json!({ "users": shape["requested_reviewers"], "teams": shape["requested_teams"] })))
}

async fn set_requests(api: &Api, call: &Call, ask: bool) -> Result<Value> {
    let (issue, _) = find(api, call).await?;
    let users = user_ids(api, &call.texts("reviewers").unwrap_or_default()).await?;
    let mut teams = Vec::new();
    for slug in call.texts("team_reviewers").unwrap_or_default() {
        let team = store::teams::by_slug(&mut api.store().read(), call.repo()?.owner_id, &slug).await?;
        let missing = || Problem::invalid("team_reviewers", format!("there is no team {slug}"));
        teams.push(team.ok_or_else(missing)?.id);
    }
    let (repository, actor) = (call.repo()?, actor(call)?);
    let (issue, pull) = api.forge().request_reviews(repository, &actor, issue.number, &users, &teams, ask).await?;
    Ok(api.forge().shape().pull(repository, &issue, &pull).await?)
}

async fn request(api: &Api, call: &mut Call) -> Result {
    Ok(Answer::created(set_requests(api, call, true).await?))
}

async fn unrequest(api: &Api, call: &mut Call) -> Result {
    Ok(Answer::json(set_requests(api, call, false).await?))
}
