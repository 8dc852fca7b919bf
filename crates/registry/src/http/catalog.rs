use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::dispatch::Call;
use super::query::encode;
use crate::problem::Problem;
use crate::storage::Storage;

/// `GET /v2/_catalog`: the repositories that the client may pull from.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let (registry, identity) = (call.registry.clone(), call.identity.clone());
    let all = call.registry.blocking(Storage::repositories).await?;
    let names = all
        .into_iter()
        .filter(|name| registry.access().lists(&identity, name))
        .map(|name| name.as_str().to_owned())
        .collect();
    let page = Page::of(names, &call)?;
    Ok(page.answer("/v2/_catalog", |names| json!({ "repositories": names })))
}

/// A part of a sorted list.
pub(crate) struct Page {
    names: Vec<String>,
    /// The size asked for, when more follows.
    next: Option<usize>,
}

impl Page {
    /// What the parameters `n` and `last` ask for.
    pub(crate) fn of(mut names: Vec<String>, call: &Call) -> Result<Self, Problem> {
        let size = call.query.get("n").map(|n| {
            let bad =
                || Problem::new(axum::http::StatusCode::BAD_REQUEST, "PAGINATION_NUMBER_INVALID", "n is a number");
            if n.is_empty() || !n.bytes().all(|byte| byte.is_ascii_digit()) {
                Err(bad())
            } else {
                Ok(n.parse().unwrap_or(usize::MAX))
            }
        });
        if let Some(last) = call.query.get("last") {
            names.drain(..names.partition_point(|name| name.as_str() <= last));
        }
        let mut next = None;
        if let Some(size) = size.transpose()?
            && names.len() > size
        {
            names.truncate(size);
            next = (size > 0).then_some(size);
        }
        Ok(Self { names, next })
    }

    pub(crate) fn answer(self, path: &str, body: impl FnOnce(&[String]) -> serde_json::Value) -> Response {
        let mut response = axum::Json(body(&self.names)).into_response();
        if let (Some(size), Some(last)) = (self.next, self.names.last())
            && let Ok(link) = format!("<{path}?n={size}&last={}>; rel=\"next\"", encode(last)).parse()
        {
            response.headers_mut().insert(header::LINK, link);
        }
        response
    }
}
