//! What all routes have in common.

use serde_json::{Value, json};

use crate::fixture::Server;

#[tokio::test]
async fn answers_have_githubs_headers() {
    let server = Server::start().await;
    server.user("ann", false).await;
    let token = server.token("ann", "repo read:org").await;
    let answered = server.get("/user", &token).await;
    assert_eq!((answered.status, answered.json()["login"].as_str()), (200, Some("ann")));
    assert_eq!(answered.header("x-oauth-scopes"), "read:org, repo");
    assert_eq!(answered.header("x-github-media-type"), "github.v3; format=json");
    assert_eq!(answered.header("x-github-request-id").len(), 4 + 6 + 8 + 8 + 3);
    for name in ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-ratelimit-used"] {
        assert!(answered.header(name).parse::<i64>().is_ok(), "{name}");
    }
}

#[tokio::test]
async fn conditional_requests_and_heads() {
    let server = Server::start().await;
    server.user("ann", false).await;
    let token = server.token("ann", "").await;
    let first = server.get("/user", &token).await;
    let etag = first.header("etag").to_owned();
    assert!(etag.starts_with("W/\""), "{etag}");
    let request = server.client.get(server.url("/user")).bearer_auth(&token).header("if-none-match", &etag);
    let again = server.send(request).await;
    assert_eq!((again.status, again.text.as_str(), again.header("etag")), (304, "", etag.as_str()));
    let head = server.send(server.client.head(server.url("/user")).bearer_auth(&token)).await;
    assert_eq!((head.status, head.text.as_str(), head.header("etag")), (200, "", etag.as_str()));
}

#[tokio::test]
async fn mistakes_are_told_as_github_tells_them() {
    let server = Server::start().await;
    let ann = server.user("ann", true).await;
    server.repository("ann", ann, "app", "private").await;
    let token = server.token("ann", "repo user site_admin").await;
    let table: &[(&str, &str, &str, &str, u16, &str)] = &[
        ("GET", "/user", "", "", 401, "Requires authentication"),
        ("GET", "/user", "tlp_forged", "", 401, "Bad credentials"),
        ("GET", "/none", "", "", 401, "Requires authentication"),
        ("GET", "/none", "T", "", 404, "Not Found"),
        ("DELETE", "/user", "T", "", 404, "Not Found"),
        ("GET", "/repos/ann/none", "T", "", 404, "Not Found"),
        ("GET", "/repos/ann/app/actions/runs/x", "T", "", 404, "Not Found"),
        ("GET", "/repos/ann/app/actions/runs/99999999999999999999", "T", "", 404, "Not Found"),
        ("GET", "/repos/ann/..%2f..%2fetc/actions/runs", "T", "", 404, "Not Found"),
        ("GET", "/repos/ann/app%00/actions/runs", "T", "", 404, "Not Found"),
        ("GET", "/users?since=%00", "T", "", 400, "The query has a NUL in it."),
        ("PATCH", "/user", "T", "{", 400, "Problems parsing JSON"),
        ("PATCH", "/user", "T", "[]", 400, "Body should be a JSON object"),
        ("PATCH", "/user", "T", r#"{"name":1}"#, 422, "Validation Failed"),
        ("PATCH", "/user", "T", "{\"name\":\"a\\u0000b\"}", 422, "The body has a NUL in a string."),
        ("POST", "/admin/users", "T", "{}", 422, "Validation Failed"),
        ("POST", "/admin/users", "T", r#"{"login":"../x"}"#, 422, "Validation Failed"),
        ("POST", "/admin/users", "T", r#"{"login":"Ann"}"#, 422, "Validation Failed"),
    ];
    for (method, path, with, body, status, message) in table {
        let mut request = server.client.request(method.parse().unwrap(), server.url(path));
        match *with {
            "" => {}
            "T" => request = request.bearer_auth(&token),
            other => request = request.bearer_auth(other),
        }
        let answered = server.send(request.body((*body).to_owned())).await;
        let told = answered.json();
        assert_eq!((answered.status, told["message"].as_str()), (*status, Some(*message)), "{method} {path} {told}");
        assert_eq!(told["status"], status.to_string());
        assert!(told["documentation_url"].is_string());
    }
    let answered = server.call("POST", "/admin/users", &token, json!({ "login": 1, "site_admin": "no" })).await;
    let fields: Vec<Value> = answered.json()["errors"].as_array().unwrap().iter().map(|e| e["field"].clone()).collect();
    assert_eq!(fields, ["login", "site_admin"]);
    for (name, value, status) in [
        ("accept", "image/png", 415),
        ("accept", "application/vnd.github.v3+json", 200),
        ("x-github-api-version", "2022-11-28", 200),
        ("x-github-api-version", "yesterday", 400),
    ] {
        let request = server.client.get(server.url("/user")).bearer_auth(&token).header(name, value);
        assert_eq!(server.send(request).await.status, status, "{name}: {value}");
    }
    let large = server.client.patch(server.url("/user")).bearer_auth(&token).body(vec![b' '; 1024 * 1024 + 1]);
    assert_eq!(server.send(large).await.status, 413);
}

#[tokio::test]
async fn lists_come_in_pages() {
    let server = Server::start().await;
    for number in 0..5 {
        server.user(&format!("user{number}"), false).await;
    }
    let token = server.token("user0", "").await;
    let first = server.get("/users?per_page=2", &token).await;
    let link = first.header("link").to_owned();
    assert!(link.contains("per_page=2&page=2>; rel=\"next\"") && !link.contains("rel=\"prev\""), "{link}");
    let mut logins = Vec::new();
    for page in 1..=4 {
        let answered = server.get(&format!("/users?per_page=2&page={page}"), &token).await;
        logins
            .extend(answered.json().as_array().unwrap().iter().map(|user| user["login"].as_str().unwrap().to_owned()));
        assert_eq!(answered.header("link").contains("rel=\"next\""), page < 3, "page {page}");
    }
    assert_eq!(logins, ["github-actions[bot]", "user0", "user1", "user2", "user3", "user4"]);
}

#[tokio::test]
async fn a_session_changes_something_with_its_token_only() {
    let server = Server::start().await;
    server.user("ann", false).await;
    let session = server.identity.login("ann", crate::fixture::PASSWORD, "::1", None).await.unwrap();
    let cookie = format!("{}={}", identity::SESSION_COOKIE, &*session.cookie);
    let patch = |csrf: Option<&str>| {
        let request = server.client.patch(server.url("/user")).header("cookie", &cookie).body(r#"{"name":"Ann"}"#);
        match csrf {
            Some(csrf) => request.header("x-csrf-token", csrf),
            None => request,
        }
    };
    let get = server.client.get(server.url("/user")).header("cookie", &cookie);
    assert_eq!(server.send(get).await.status, 200);
    assert_eq!(server.send(patch(None)).await.status, 403);
    assert_eq!(server.send(patch(Some("0"))).await.status, 403);
    assert_eq!(server.send(patch(Some(&session.csrf))).await.json()["name"], "Ann");
}

#[tokio::test]
async fn who_asks_too_often_waits() {
    let server = Server::start().await;
    let limits = rest::Limits { known: 2, anonymous: 1 };
    let parts = rest::Parts {
        identity: server.identity.clone(),
        forge: server.forge.clone(),
        control: server.api.control().clone(),
        depot: server.api.depot().clone(),
        settings: rest::Settings { limits, ..Default::default() },
    };
    let api = rest::Api::new(parts);
    let ask = async |path: &str| {
        let request = axum::extract::Request::get(path).body(axum::body::Body::empty()).unwrap();
        let response = api.handle(request).await;
        let remaining = response.headers()["x-ratelimit-remaining"].to_str().unwrap().to_owned();
        (response.status().as_u16(), remaining)
    };
    assert_eq!(ask("/meta").await, (200, "0".to_owned()));
    assert_eq!(ask("/meta").await, (403, "0".to_owned()));
    assert_eq!(ask("/rate_limit").await, (200, "0".to_owned()), "asking what is left costs nothing");
}

#[tokio::test]
async fn the_description_is_of_this_api() {
    let server = Server::start().await;
    let description = server.get("/openapi.json", "").await.json();
    assert_eq!(description["openapi"], "3.1.0");
    let paths = description["paths"].as_object().unwrap();
    let operations: usize = paths.values().map(|item| item.as_object().unwrap().len()).sum();
    assert_eq!(operations, server.api.routes().len(), "each route is one operation");
    let mut ids = std::collections::HashSet::new();
    for operation in paths.values().flat_map(|item| item.as_object().unwrap().values()) {
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{operation}");
    }
}
