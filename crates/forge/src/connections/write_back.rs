//! Telling connected repositories how their commits do.

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::{Value, json};
use store::checks::CheckRun;
use store::comments::Comment;
use store::connections::WriteBack;
use store::{Topic, Tx};

use super::Provider;
use crate::outgoing::Outgo;
use crate::shape::at;
use crate::{Error, Forge, Result};

const ATTEMPTS: i64 = 8;
const FIRST_PAUSE: i64 = 5_000_000;
const CLAIM: i64 = 60_000_000;

/// Queues the news of a check, in the transaction that writes the check.
pub(crate) async fn tell_check(tx: &mut Tx, run: &CheckRun) -> Result<()> {
    let Some(connection) = store::connections::of_repository(tx, run.repo_id).await? else { return Ok(()) };
    if !connection.active {
        return Ok(());
    }
    let body = json!({
        "sha": run.head_sha,
        "name": run.name,
        "status": run.status,
        "conclusion": run.conclusion,
        "details_url": run.details_url,
        "started_at": run.started_at,
        "completed_at": run.completed_at,
        "title": run.output["title"],
        "summary": run.output["summary"],
        "external_id": run.external_id,
    });
    let subject = format!("{}:{}", run.head_sha, run.name);
    if connection.write_statuses {
        store::connections::write_back(tx, connection.id, "status", &subject, &body).await?;
    }
    if connection.write_checks && connection.provider == "github" {
        store::connections::write_back(tx, connection.id, "check", &subject, &body).await?;
    }
    tx.wake(Topic::Deliveries);
    Ok(())
}

/// Queues a comment on a pull request that came from elsewhere.
pub(crate) async fn tell_comment(tx: &mut Tx, number: i64, comment: &Comment) -> Result<()> {
    let Some(connection) = store::connections::of_repository(tx, comment.repo_id).await? else { return Ok(()) };
    if connection.active {
        let body = json!({ "number": number, "body": comment.body });
        store::connections::write_back(tx, connection.id, "comment", &comment.id.to_string(), &body).await?;
        tx.wake(Topic::Deliveries);
    }
    Ok(())
}

/// One request to the other server's API.
struct Request {
    method: Method,
    path: String,
    body: Value,
}

impl Forge {
    /// Writes what is due; how much there was.
    pub async fn write_back(&self) -> Result<usize> {
        // Reading first: a transaction would make everybody wait for nothing.
        if !store::connections::any_write_back(&mut self.store().read()).await? {
            return Ok(0);
        }
        let mut tx = self.store().begin().await?;
        let until = tx.store().now() + CLAIM;
        let claimed = store::connections::claim_write_backs(&mut tx, 10, until).await?;
        tx.commit().await?;
        let count = claimed.len();
        for mut news in claimed {
            let now = self.store().now();
            match self.write_one(&news).await {
                Ok(remote_id) => {
                    "done".clone_into(&mut news.state);
                    news.message.clear();
                    news.remote_id = remote_id.or(news.remote_id);
                }
                Err((error, passing)) => {
                    let again = passing && news.attempts < ATTEMPTS;
                    if again { "waiting" } else { "failed" }.clone_into(&mut news.state);
                    let exponent = u32::try_from(news.attempts - 1).unwrap_or(0);
                    news.next_at = now + FIRST_PAUSE * 4_i64.pow(exponent.min(8));
                    news.message = error.to_string();
                }
            }
            let mut tx = self.store().begin().await?;
            store::connections::finish_write_back(&mut tx, &news).await?;
            tx.commit().await?;
        }
        Ok(count)
    }

    /// The remote's id of what was written. An error says whether trying again may help.
    async fn write_one(&self, news: &WriteBack) -> Result<Option<String>, (Error, bool)> {
        let kept = |error: Error| (error, true);
        let connection = store::connections::by_id(&mut self.store().read(), news.connection_id).await;
        let Some(connection) = connection.map_err(|error| kept(error.into()))? else { return Ok(None) };
        let provider = Provider::parse(&connection.provider).map_err(|error| (error, false))?;
        let request = request(news)
            .ok_or_else(|| (Error::Internal(format!("`{}` is nothing that is written back", news.kind)), false))?;
        let mut headers = HeaderMap::new();
        let accept = if provider == Provider::GitHub { "application/vnd.github+json" } else { "application/json" };
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(token) = self.connection_token(&connection).map_err(|error| (error, false))? {
            let mut value = HeaderValue::from_str(&provider.authorization(&token))
                .map_err(|_| (Error::Conflict("the token has characters that no token has".to_owned()), false))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let outgo = Outgo {
            method: request.method,
            url: format!("{}/repos/{}{}", connection.api_url, connection.remote, request.path),
            headers,
            body: Bytes::from(request.body.to_string()),
            insecure: false,
            redirects: 0,
        };
        let income = self.outgoing().send(outgo).await.map_err(kept)?;
        let status = income.status.as_u16();
        if income.status.is_success() {
            let answer: Value = serde_json::from_slice(&income.body).unwrap_or_default();
            return Ok(answer["id"].as_i64().map(|id| id.to_string()));
        }
        let said = String::from_utf8_lossy(&income.body[..income.body.len().min(300)]).into_owned();
        // A request that is refused for what it is will be refused again.
        let passing = matches!(status, 408 | 425 | 429) || status >= 500;
        Err((Error::Remote(format!("{} answered {status}: {said}", connection.web_url)), passing))
    }
}

/// A request in the shape of the API, which is the same for statuses and comments everywhere.
fn request(news: &WriteBack) -> Option<Request> {
    let body = &news.body;
    let sha = body["sha"].as_str().unwrap_or_default();
    Some(match news.kind.as_str() {
        "status" => Request {
            method: Method::POST,
            path: format!("/statuses/{sha}"),
            body: json!({
                "context": body["name"],
                "state": state(body),
                "target_url": body["details_url"],
                "description": description(body),
            }),
        },
        "check" => {
            let mut check = json!({
                "name": body["name"],
                "head_sha": sha,
                "status": match body["status"].as_str() { Some("in_progress") => "in_progress", Some("completed") => "completed", _ => "queued" },
                "details_url": body["details_url"],
                "external_id": body["external_id"],
                "output": { "title": body["title"].as_str().unwrap_or("Trunkline"), "summary": body["summary"].as_str().unwrap_or_default() },
            });
            for (name, value) in [("started_at", &body["started_at"]), ("completed_at", &body["completed_at"])] {
                if let Some(time) = value.as_i64() {
                    check[name] = at(time).into();
                }
            }
            if let Some(conclusion) = body["conclusion"].as_str() {
                check["conclusion"] = conclusion.into();
            }
            match &news.remote_id {
                Some(id) => Request { method: Method::PATCH, path: format!("/check-runs/{id}"), body: check },
                None => Request { method: Method::POST, path: "/check-runs".to_owned(), body: check },
            }
        }
        "comment" => {
            let text = json!({ "body": body["body"] });
            match &news.remote_id {
                Some(id) => Request { method: Method::PATCH, path: format!("/issues/comments/{id}"), body: text },
                None => Request {
                    method: Method::POST,
                    path: format!("/issues/{}/comments", body["number"].as_i64()?),
                    body: text,
                },
            }
        }
        _ => return None,
    })
}

/// The state of a status, from a check's.
fn state(check: &Value) -> &'static str {
    match (check["status"].as_str(), check["conclusion"].as_str()) {
        (Some("completed"), Some("success" | "neutral" | "skipped")) => "success",
        (Some("completed"), Some("failure" | "timed_out")) => "failure",
        (Some("completed"), _) => "error",
        _ => "pending",
    }
}

/// At most 140 characters, as GitHub takes.
fn description(check: &Value) -> String {
    let words = check["title"].as_str().filter(|title| !title.is_empty());
    let status = check["conclusion"].as_str().or(check["status"].as_str()).unwrap_or_default();
    words.unwrap_or(status).chars().take(140).collect()
}
