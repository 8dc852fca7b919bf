//! From a request to its answer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use control::Control;
use depot::Depot;
use forge::Forge;
use identity::{Caller, Credentials, Identity, Via};
use serde_json::{Map, Value};
use store::Store;

use crate::edge::bounds::Bounds;
use crate::edge::conditional;
use crate::edge::media::Media;
use crate::edge::rate::{self, Budget, Limits, Rate};
use crate::route::{self, Access, Found, Matcher, Route};
use crate::{Call, Problem};

/// What the API is made over.
#[derive(Clone, Debug)]
pub struct Parts {
    pub identity: Identity,
    pub forge: Forge,
    pub control: Control,
    pub depot: Depot,
    pub settings: Settings,
}

/// What the administrator decided.
#[derive(Clone, Debug)]
pub struct Settings {
    pub limits: Limits,
    /// How long a query of GraphQL may take. GitHub's may take ten seconds.
    pub query_time: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { limits: Limits::default(), query_time: Duration::from_secs(30) }
    }
}

/// The API. Cheap to clone.
#[derive(Clone)]
pub struct Api(Arc<Inner>);

struct Inner {
    parts: Parts,
    routes: Vec<Route>,
    matcher: Matcher,
    rate: Rate,
    bounds: Bounds,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Api({} routes)", self.0.routes.len())
    }
}

/// What the answer's headers say of the request.
struct Seen {
    scopes: Option<String>,
    budget: Option<Budget>,
}

impl Api {
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let routes = route::all();
        let matcher = Matcher::new(&routes);
        let rate = Rate::new(parts.settings.limits);
        Self(Arc::new(Inner { parts, routes, matcher, rate, bounds: Bounds::default() }))
    }

    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.0.parts.identity
    }

    #[must_use]
    pub fn forge(&self) -> &Forge {
        &self.0.parts.forge
    }

    #[must_use]
    pub fn control(&self) -> &Control {
        &self.0.parts.control
    }

    #[must_use]
    pub fn depot(&self) -> &Depot {
        &self.0.parts.depot
    }

    #[must_use]
    pub fn store(&self) -> &Store {
        self.0.parts.identity.store()
    }

    /// Every route there is, in the order of the reference page.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.0.routes
    }

    /// The page of the documentation that lists the routes.
    #[must_use]
    pub fn reference(&self) -> String {
        route::reference::page(&self.0.routes)
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.parts.settings
    }

    pub(crate) fn rate(&self) -> &Rate {
        &self.0.rate
    }

    /// The addresses below which the API lies: `/api/v3` and `/api/graphql`.
    pub fn router(&self) -> axum::Router {
        let rest = {
            let api = self.clone();
            move |request: Request| {
                let api = api.clone();
                async move { api.handle(request).await }
            }
        };
        let graphql = {
            let api = self.clone();
            move |request: Request| {
                let api = api.clone();
                async move { api.handle_graphql(request).await }
            }
        };
        axum::Router::new()
            .route("/api/v3", axum::routing::any(rest.clone()))
            .route("/api/v3/", axum::routing::any(rest.clone()))
            .route("/api/v3/{*path}", axum::routing::any(rest.clone()))
            .route("/api/uploads/{*path}", axum::routing::any(rest))
            .route("/api/graphql", axum::routing::any(graphql))
    }

    /// Answers a request to the host `api.…`, where both lie at the root.
    pub async fn handle_host(&self, request: Request) -> Response {
        if request.uri().path() == "/graphql" { self.handle_graphql(request).await } else { self.handle(request).await }
    }

    /// Answers a request to `/api/v3/…`, or to `/…` of the host `api.…`.
    pub async fn handle(&self, request: Request) -> Response {
        let id = request_id();
        let head = request.method() == Method::HEAD;
        let mut seen = Seen { scopes: None, budget: None };
        let mut response = match self.answer(request, &mut seen).await {
            Ok(response) => response,
            Err(problem) => problem.into_response(),
        };
        dress(response.headers_mut(), &seen, &id);
        if head {
            *response.body_mut() = axum::body::Body::empty();
        }
        response
    }

    /// Answers a request to `/api/graphql`, or to `/graphql` of the host `api.…`.
    pub async fn handle_graphql(&self, request: Request) -> Response {
        let id = request_id();
        let mut seen = Seen { scopes: None, budget: None };
        let mut response = match self.answer_graphql(request, &mut seen).await {
            Ok(answer) => answer.into_response(),
            Err(problem) => problem.into_response(),
        };
        dress(response.headers_mut(), &seen, &id);
        response
    }

    async fn answer_graphql(&self, request: Request, seen: &mut Seen) -> Result<crate::Answer, Problem> {
        let (parts, body) = request.into_parts();
        let from = self.client(&parts.extensions, &parts.headers);
        let caller = self.caller(&parts.headers, &from).await;
        self.count(caller.as_ref().unwrap_or(&Caller::Anonymous), &from, true, seen)?;
        let caller = caller?;
        if caller.is_anonymous() {
            return Err(Problem::new(StatusCode::UNAUTHORIZED, "This endpoint requires you to be authenticated."));
        }
        if parts.method != Method::POST {
            return Err(
                Problem::new(StatusCode::METHOD_NOT_ALLOWED, "GraphQL takes POST.").header(header::ALLOW, "POST")
            );
        }
        let given = parts.headers.get("x-csrf-token").and_then(|value| value.to_str().ok());
        if !Identity::csrf_holds(&caller, given) {
            return Err(Problem::forbidden("A session needs its `X-CSRF-Token` here; use a token instead."));
        }
        let _under_way = self.0.bounds.begin(&rate::key(&caller, &from))?;
        let bytes = axum::body::to_bytes(body, 1024 * 1024)
            .await
            .map_err(|_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "The body is larger than a megabyte."))?;
        crate::graphql::answer(self, &caller, &from, &bytes).await
    }

    /// Counts a request; refuses it when there was none left.
    fn count(&self, caller: &Caller, from: &str, counted: bool, seen: &mut Seen) -> Result<(), Problem> {
        let (budget, within) = self.0.rate.take(caller, from, self.store().now(), u64::from(counted));
        seen.budget = Some(budget);
        if let Some(Via::Classic { scopes, .. }) = caller.user().map(|user| &user.via) {
            seen.scopes = Some(scopes.to_string());
        }
        if within { Ok(()) } else { Err(rate_exceeded(caller, from, budget)) }
    }

    /// Whether a request gets past everything that is asked before its body is read: route, caller, access. Nothing is
    /// executed.
    pub async fn admits(&self, request: Request) -> Result<(), Problem> {
        let (parts, _) = request.into_parts();
        self.prepare(parts, &mut Seen { scopes: None, budget: None }).await.map(|_| ())
    }

    async fn answer(&self, request: Request, seen: &mut Seen) -> Result<Response, Problem> {
        let (parts, body) = request.into_parts();
        let (route, mut call) = self.prepare(parts, seen).await?;
        let under_way = self.0.bounds.begin(&rate::key(&call.caller, &call.from))?;
        let in_memory = !route.raw && route.writes();
        let _place = if in_memory { under_way.body(&call.headers, route.limit).await? } else { None };
        if route.raw {
            call.body = Mutex::new(Some(body));
        } else if in_memory {
            call.json = read_json(body, &route).await?;
        }
        let answer = (route.handler)(self, &mut call).await?;
        let answer = if route.writes() { answer } else { conditional::tag(answer, &call.headers) };
        Ok(answer.into_response())
    }

    /// The route of a request, and the call for its handler: the caller may do what the route is for.
    async fn prepare(&self, parts: axum::http::request::Parts, seen: &mut Seen) -> Result<(Route, Call), Problem> {
        let from = self.client(&parts.extensions, &parts.headers);
        let caller = self.caller(&parts.headers, &from).await;
        let path = path_of(&parts.uri);
        // Asking what is left costs nothing.
        let counted = path != "/rate_limit";
        self.count(caller.as_ref().unwrap_or(&Caller::Anonymous), &from, counted, seen)?;
        let caller = caller?;
        let (route, params) = match self.0.matcher.find(parts.method.as_str(), path) {
            Found::Route(route, params) => (route, params),
            // As on GitHub: what cannot be done to a thing is not there.
            Found::OtherMethod | Found::Nothing => return Err(unknown_path(self, &caller)),
        };
        check_csrf(&caller, &route, &parts.headers)?;
        let media = Media::of(text(&parts.headers, header::ACCEPT))?;
        check_version(&parts.headers)?;
        let mut call = Call {
            caller,
            method: route.method,
            route: route.path,
            params,
            query: pairs(parts.uri.query().unwrap_or_default())?,
            json: Map::new(),
            url: format!("{}{path}", self.forge().urls().api),
            headers: parts.headers,
            media,
            repo: None,
            org: None,
            body: Mutex::new(None),
            from,
        };
        self.admit(&route, &mut call).await?;
        Ok((route, call))
    }

    /// Who asks; also for what is not in the table.
    pub(crate) async fn caller(&self, headers: &HeaderMap, from: &str) -> Result<Caller, Problem> {
        let bad = |_| Problem::new(StatusCode::UNAUTHORIZED, "Bad credentials");
        let credentials =
            Credentials::from_headers(text(headers, header::AUTHORIZATION), text(headers, header::COOKIE));
        Ok(self.identity().authenticate(&credentials.map_err(bad)?, from).await?)
    }

    /// The client's address, for counting.
    fn client(&self, extensions: &axum::http::Extensions, headers: &HeaderMap) -> String {
        forge::client_address(self.identity(), extensions, headers)
    }

    /// Looks up what the path names and asks whether the caller may.
    async fn admit(&self, route: &Route, call: &mut Call) -> Result<(), Problem> {
        let identity = self.identity();
        match route.access {
            Access::Anybody => Ok(()),
            Access::Reader if call.caller.is_anonymous() && !identity.settings().open => Err(Problem::requires_login()),
            Access::Reader => Ok(()),
            Access::User(scope) => Ok(identity.allow_user(&call.caller, scope).map(|_| ())?),
            Access::Login => Ok(identity.allow_login(&call.caller).map(|_| ())?),
            Access::SiteAdmin => Ok(identity.allow_site_admin(&call.caller)?),
            Access::Repo(need) => {
                let (owner, name) = (call.param("owner"), call.param("repo"));
                let name = name.strip_suffix(".git").unwrap_or(name);
                let Some(repo) = store::repositories::by_name(&mut self.store().read(), owner, name).await? else {
                    return Err(unknown_path(self, &call.caller));
                };
                identity.allow_need(&call.caller, &forge::repo_ref(&repo), need).await?;
                call.repo = Some(repo);
                Ok(())
            }
            Access::Org(permission, level) => {
                let found = store::users::by_login(&mut self.store().read(), call.param("org")).await?;
                let Some(org) = found.filter(|user| user.kind == "Organization") else {
                    return Err(unknown_path(self, &call.caller));
                };
                identity.allow_org(&call.caller, org.id, permission, level).await?;
                call.org = Some(org);
                Ok(())
            }
        }
    }
}

/// The path below the API's root.
fn path_of(uri: &Uri) -> &str {
    let path = uri.path();
    // Files of releases are sent beside the API, as `upload_url` says.
    let path = path.strip_prefix("/api/v3").or_else(|| path.strip_prefix("/api/uploads")).unwrap_or(path);
    if path.is_empty() { "/" } else { path }
}

/// A server that shows nothing to strangers does not tell them what is not there either.
fn unknown_path(api: &Api, caller: &Caller) -> Problem {
    if caller.is_anonymous() && !api.identity().settings().open {
        Problem::requires_login()
    } else {
        Problem::not_found()
    }
}

fn check_csrf(caller: &Caller, route: &Route, headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get("x-csrf-token").and_then(|value| value.to_str().ok());
    if !route.writes() || Identity::csrf_holds(caller, given) {
        return Ok(());
    }
    Err(Problem::forbidden("A session changes something only with its `X-CSRF-Token`; use a token instead."))
}

/// `X-GitHub-Api-Version` is a date; there is one version here.
fn check_version(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(version) = headers.get("x-github-api-version") else {
        return Ok(());
    };
    let date = version.to_str().ok().filter(|text| text.parse::<jiff::civil::Date>().is_ok());
    if date.is_some() {
        return Ok(());
    }
    Err(Problem::bad_request("The X-GitHub-Api-Version header is no version; this server speaks 2022-11-28."))
}

/// Pairs of a query. What holds a NUL is refused: databases cannot keep it.
fn pairs(query: &str) -> Result<Vec<(String, String)>, Problem> {
    let mut pairs = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        pairs.push((decode(name)?, decode(value)?));
    }
    Ok(pairs)
}

fn decode(text: &str) -> Result<String, Problem> {
    let text = text.replace('+', " ");
    let decoded = percent_encoding::percent_decode_str(&text).decode_utf8();
    let decoded = decoded.map_err(|_| Problem::bad_request("The query is no UTF-8."))?;
    if decoded.contains('\0') {
        return Err(Problem::bad_request("The query has a NUL in it."));
    }
    Ok(decoded.into_owned())
}

async fn read_json(body: axum::body::Body, route: &Route) -> Result<Map<String, Value>, Problem> {
    let bytes = axum::body::to_bytes(body, route.limit).await.map_err(|_| {
        let message = format!("The body is larger than the {} bytes allowed here, or was cut off.", route.limit);
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, message)
    })?;
    let Some(fields) = route.body else {
        return Ok(Map::new());
    };
    let object = if bytes.iter().all(u8::is_ascii_whitespace) {
        Map::new()
    } else {
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(object)) => object,
            Ok(Value::Null) => Map::new(),
            Ok(_) => return Err(Problem::bad_request("Body should be a JSON object")),
            Err(_) => return Err(Problem::bad_request("Problems parsing JSON")),
        }
    };
    if object.iter().any(|(name, value)| name.contains('\0') || has_nul(value)) {
        return Err(Problem::unprocessable("The body has a NUL in a string."));
    }
    route::validate(fields, &object)?;
    Ok(object)
}

pub(crate) fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(object) => object.iter().any(|(name, value)| name.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn rate_exceeded(caller: &Caller, from: &str, budget: Budget) -> Problem {
    let who = match caller.login() {
        Some(login) => format!("user {login}"),
        None => format!("{from}; log in for a higher limit"),
    };
    Problem::forbidden(format!("API rate limit exceeded for {who}."))
        .header(HeaderName::from_static("x-ratelimit-reset"), &budget.reset.to_string())
}

/// What every answer has.
fn dress(headers: &mut HeaderMap, seen: &Seen, id: &str) {
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set("x-github-request-id", id);
    set("x-github-media-type", "github.v3; format=json");
    set("x-github-api-version-selected", "2022-11-28");
    set("x-content-type-options", "nosniff");
    set("content-security-policy", "default-src 'none'");
    set("vary", "Accept, Authorization, Cookie");
    if let Some(scopes) = &seen.scopes {
        set("x-oauth-scopes", scopes);
    }
    if let Some(budget) = seen.budget {
        set("x-ratelimit-limit", &budget.limit.to_string());
        set("x-ratelimit-remaining", &budget.remaining().to_string());
        set("x-ratelimit-used", &budget.used.to_string());
        set("x-ratelimit-reset", &budget.reset.to_string());
        set("x-ratelimit-resource", "core");
    }
}

/// Four groups of hexadecimal digits, as people know them from GitHub.
fn request_id() -> String {
    let id = uuid::Uuid::new_v4().simple().to_string().to_uppercase();
    format!("{}:{}:{}:{}", &id[..4], &id[4..10], &id[10..18], &id[18..26])
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
