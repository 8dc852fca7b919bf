use std::sync::{Mutex, PoisonError};

use axum::http::HeaderMap;
use identity::{Caller, Need, RepoRef};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use store::repositories::Repository;
use store::users::User;

use super::media::Media;
use super::page::Page;
use crate::{Api, Problem};

/// A request on its way to its handler: whoever it is from may do what the route is for.
pub struct Call {
    pub caller: Caller,
    /// `GET`, `POST`, …; a `HEAD` is a `GET`.
    pub method: &'static str,
    /// The route's path, with its names.
    pub route: &'static str,
    /// Values of the path's names, decoded.
    pub params: Vec<(&'static str, String)>,
    /// Pairs of the query, decoded.
    pub query: Vec<(String, String)>,
    /// The JSON body, checked against the route's fields; empty where the route takes none.
    pub json: Map<String, Value>,
    /// The address without its query.
    pub url: String,
    /// The client's address.
    pub from: String,
    pub headers: HeaderMap,
    pub media: Media,
    pub(crate) repo: Option<Repository>,
    pub(crate) org: Option<User>,
    /// Behind a lock only because a body cannot be shared by threads, while a call is.
    pub(crate) body: Mutex<Option<axum::body::Body>>,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Call({})", self.url)
    }
}

impl Call {
    /// A name's value; empty when the path has no such name.
    #[must_use]
    pub fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    }

    /// A name's value as a number. What is no number is not there.
    pub fn id(&self, name: &str) -> Result<i64, Problem> {
        self.param(name).parse().map_err(|_| Problem::not_found())
    }

    /// A parameter of the query; the last one counts, and an empty one is none.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().rev().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    #[must_use]
    pub fn page(&self) -> Page {
        Page::of(&self.query)
    }

    /// The repository of `{owner}/{repo}`.
    pub fn repo(&self) -> Result<&Repository, Problem> {
        self.repo.as_ref().ok_or_else(|| Problem::internal("a route without repository asked for one"))
    }

    /// The same for decisions.
    pub fn repo_ref(&self) -> Result<RepoRef, Problem> {
        self.repo().map(forge::repo_ref)
    }

    /// The organisation of `{org}`.
    pub fn org(&self) -> Result<&User, Problem> {
        self.org.as_ref().ok_or_else(|| Problem::internal("a route without organisation asked for one"))
    }

    /// A string of the body; an empty one counts.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.json.get(name).and_then(Value::as_str)
    }

    /// A string of the body that must be there.
    pub fn required(&self, name: &str) -> Result<&str, Problem> {
        self.text(name).ok_or_else(|| Problem::invalid(name, format!("`{name}` is missing")))
    }

    #[must_use]
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.json.get(name).and_then(Value::as_bool)
    }

    #[must_use]
    pub fn integer(&self, name: &str) -> Option<i64> {
        self.json.get(name).and_then(Value::as_i64)
    }

    /// Strings of an array of the body; `None` when it is not there.
    #[must_use]
    pub fn texts(&self, name: &str) -> Option<Vec<String>> {
        let items = self.json.get(name)?.as_array()?;
        Some(items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// Whole numbers of an array of the body; `None` when it is not there.
    #[must_use]
    pub fn integers(&self, name: &str) -> Option<Vec<i64>> {
        let items = self.json.get(name)?.as_array()?;
        Some(items.iter().filter_map(Value::as_i64).collect())
    }

    /// The whole body as a struct.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_value(Value::Object(self.json.clone()))
            .map_err(|error| Problem::unprocessable(error.to_string()))
    }

    /// The body of a raw route; once.
    pub fn take_body(&mut self) -> axum::body::Body {
        self.body.get_mut().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
    }

    /// Asks again, for what only the handler knows: a refusal is an answer and an entry in the audit log.
    pub async fn allow(&self, api: &Api, need: Need) -> Result<(), Problem> {
        Ok(api.identity().allow_need(&self.caller, &self.repo_ref()?, need).await?)
    }

    /// Whether the caller could do it; no refusal.
    pub async fn could(&self, api: &Api, need: Need) -> Result<bool, Problem> {
        Ok(api.identity().decide(&self.caller, &self.repo_ref()?, need).await?.is_ok())
    }
}
