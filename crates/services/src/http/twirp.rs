//! Twirp: one route, JSON in and out.

use super::answer::Twirp;
use super::{Shared, artifacts, bearer, body, caches};
use crate::backend::{Backend, Job, TokenUse};
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Requests hold names, keys and ids; this is generous.
const MAX_BODY: usize = 256 * 1024;

/// A request's fields, under their proto3 JSON names: `snake_case` or `lowerCamelCase`.
pub(super) struct Request(Map<String, Value>);

impl Request {
    fn field(&self, name: &str) -> Option<&Value> {
        let found = self.0.get(name).or_else(|| self.0.get(&camel_case(name)));
        found.filter(|value| !value.is_null())
    }

    /// A string field; absent reads as empty, as proto3 has it.
    pub(super) fn text(&self, name: &str) -> Result<String, Twirp> {
        match self.field(name) {
            None => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(_) => Err(wrong(name, "a string")),
        }
    }

    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, Twirp> {
        let Some(value) = self.field(name) else {
            return Ok(Vec::new());
        };
        let items = value.as_array().ok_or_else(|| wrong(name, "a list of strings"))?;
        let text = |item: &Value| item.as_str().map(str::to_owned).ok_or_else(|| wrong(name, "a list of strings"));
        items.iter().map(text).collect()
    }

    /// An int64 that is not negative: a string of digits, or a number from clients that are less strict.
    pub(super) fn integer(&self, name: &str) -> Result<Option<u64>, Twirp> {
        match self.field(name) {
            None => Ok(None),
            Some(Value::String(digits)) => digits.parse().map(Some).map_err(|_| wrong(name, "an integer")),
            Some(Value::Number(number)) => number.as_u64().map(Some).ok_or_else(|| wrong(name, "an integer")),
            Some(_) => Err(wrong(name, "an integer")),
        }
    }
}

fn wrong(name: &str, expected: &str) -> Twirp {
    Twirp::new("invalid_argument", format!("{name} must be {expected}"))
}

fn camel_case(name: &str) -> String {
    let mut parts = name.split('_');
    let mut camel = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.extend(letters);
    }
    camel
}

pub(super) async fn call(
    State(backend): State<Shared>,
    Path((service, method)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Twirp> {
    let (asked, given) = (Arc::clone(&backend), headers.clone());
    let job = super::blocking(move || bearer(&*asked, &given, TokenUse::Runtime)).await?;
    let Some(job) = job else {
        return Err(Twirp::new("unauthenticated", "the runtime token is missing, not ours, or its job has ended"));
    };
    let json = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !json.is_some_and(|kind| kind.trim_start().starts_with("application/json")) {
        return Err(Twirp::new("bad_route", "only application/json is understood"));
    }
    let Some(bytes) = body::small(body, MAX_BODY).await else {
        return Err(Twirp::new("malformed", format!("the request is larger than {MAX_BODY} bytes or was cut off")));
    };
    let request: Map<String, Value> = serde_json::from_slice(&bytes)
        .map_err(|error| Twirp::new("malformed", format!("not a JSON object: {error}")))?;
    let call = Call { backend, job, request: Request(request) };
    super::blocked(move || call.dispatch(&service, &method)).await.map(Json)
}

/// One authenticated request.
pub(super) struct Call {
    pub(super) backend: Arc<dyn Backend>,
    pub(super) job: Arc<Job>,
    pub(super) request: Request,
}

impl Call {
    fn dispatch(&self, service: &str, method: &str) -> Result<Value, Twirp> {
        match (service, method) {
            ("github.actions.results.api.v1.ArtifactService", _) => artifacts::dispatch(self, method),
            ("github.actions.results.api.v1.CacheService", _) => caches::dispatch(self, method),
            _ => Err(Twirp::new("bad_route", format!("there is no service {service}"))),
        }
    }
}
