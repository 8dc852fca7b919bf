use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::auth::{Credentials, Keychain, SavedTo};
use image::client::{Client, ClientConfig, RefusalCode, Silent};

use super::fake::Fake;
use super::fixture::{Place, client, client_with, config, keep, linux, noise, reference, serve};
use super::server::{Reply, Request, Server};

/// A registry that takes the token of a token server beside it. The server's answer is made by the function.
fn with_tokens(token: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> (Fake, Server) {
    let tokens = Server::start(token);
    let realm = format!("http://{}/token", tokens.host());
    let fake = Fake::hooked(move |_, request| {
        let allowed = request.header("authorization").is_some_and(|header| header.starts_with("Bearer good"));
        let challenge = format!("Bearer realm=\"{realm}\",service=\"fake\",scope=\"repository:wrong:pull\"");
        (!allowed)
            .then(|| Reply::error(401, "UNAUTHORIZED", "authentication required").header("WWW-Authenticate", challenge))
    });
    (fake, tokens)
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

#[tokio::test]
async fn one_token_serves_a_whole_pull() {
    let (fake, tokens) = with_tokens(|_| Reply::new(200).body(r#"{"token":"good"}"#));
    serve(&fake.registry, "o/a", "1", &[noise(1, 10), noise(2, 10), noise(3, 10)]);
    let place = Place::new();
    client().pull(&reference(&fake.host(), "o/a:1"), &linux(), &place.store, &Silent).await.unwrap();
    let asked = tokens.seen();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].target, "/token?service=fake&scope=repository%3Ao%2Fa%3Apull");
    assert_eq!(asked[0].header("authorization"), None);
    assert_eq!(fake.seen().iter().filter(|request| request.header("authorization").is_none()).count(), 1);
}

#[tokio::test]
async fn credentials_go_to_the_token_server_alone() {
    let (fake, tokens) = with_tokens(|_| Reply::new(200).body(r#"{"access_token":"good","expires_in":3600}"#));
    let place = Place::new();
    let auth = STANDARD.encode("ann:hunter2");
    let config = format!(r#"{{"auths":{{"{}":{{"auth":"{auth}"}}}}}}"#, fake.host());
    let descriptor = keep(&place.store, &[noise(1, 10)], "amd64");
    client_with(&place, &config)
        .push(&reference(&fake.host(), "o/a:1"), &descriptor, &place.store, &Silent)
        .await
        .unwrap();
    let asked = tokens.seen();
    assert_eq!(asked.len(), 1, "one token for the whole push");
    assert_eq!(asked[0].header("authorization"), Some(basic("ann", "hunter2").as_str()));
    assert_eq!(asked[0].query("scope").as_deref(), Some("repository:o/a:pull,push"));
    assert_eq!(asked[0].query("account").as_deref(), Some("ann"));
    let headers: Vec<String> =
        fake.seen().iter().filter_map(|r| r.header("authorization").map(str::to_owned)).collect();
    assert!(headers.iter().all(|header| header == "Bearer good"), "{headers:?}");
}

#[tokio::test]
async fn a_token_that_ran_out_is_renewed() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let tokens = Server::start(move |_: &Request| {
        let number = counted.fetch_add(1, Ordering::Relaxed);
        Reply::new(200).body(format!(r#"{{"token":"t{number}","expires_in":3600}}"#))
    });
    let realm = format!("http://{}/token", tokens.host());
    // The first token is taken for the manifest alone.
    let fake = Fake::hooked(move |_, request| {
        let wanted = if request.path().contains("/manifests/") { "Bearer t0" } else { "Bearer t1" };
        let challenge = format!("Bearer realm=\"{realm}\",error=\"invalid_token\"");
        (request.header("authorization") != Some(wanted)).then(|| Reply::new(401).header("WWW-Authenticate", challenge))
    });
    serve(&fake.registry, "a", "1", &[noise(1, 10), noise(2, 10), noise(3, 10)]);
    let place = Place::new();
    client().pull(&reference(&fake.host(), "a:1"), &linux(), &place.store, &Silent).await.unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 2, "blobs that are refused together ask once");
}

#[tokio::test]
async fn a_refresh_token_is_posted() {
    let (fake, tokens) = with_tokens(|request| {
        let form = String::from_utf8(request.body.clone()).unwrap();
        if request.method == "POST" && form.contains("refresh_token=r%2F1") {
            Reply::new(200).body(r#"{"access_token":"good"}"#)
        } else {
            Reply::new(401)
        }
    });
    serve(&fake.registry, "o/a", "1", &[noise(1, 10)]);
    let place = Place::new();
    let config = format!(r#"{{"auths":{{"{}":{{"identitytoken":"r/1"}}}}}}"#, fake.host());
    client_with(&place, &config)
        .pull(&reference(&fake.host(), "o/a:1"), &linux(), &place.store, &Silent)
        .await
        .unwrap();
    let form = String::from_utf8(tokens.seen()[0].body.clone()).unwrap();
    assert_eq!(
        form,
        "grant_type=refresh_token&service=fake&client_id=trunkline&scope=repository%3Ao%2Fa%3Apull&refresh_token=r%2F1"
    );
}

#[tokio::test]
async fn basic_is_answered_when_there_are_credentials() {
    let fake = Fake::hooked(|_, request| {
        let challenge = Reply::new(401).header("WWW-Authenticate", "Basic realm=\"x\"");
        (request.header("authorization") != Some(basic("ann", "hunter2").as_str())).then_some(challenge)
    });
    serve(&fake.registry, "a", "1", &[noise(1, 10)]);
    let (place, name) = (Place::new(), reference(&fake.host(), "a:1"));

    let error = client().pull(&name, &linux(), &place.store, &Silent).await.unwrap_err();
    assert_eq!(error.refusal().unwrap().code, RefusalCode::Unauthorized);
    let host = fake.host();
    let expected = format!(
        "{host}: cannot pull a:1: the registry answered with HTTP status 401; no credentials for {host} are known; log in \
         with `docker login {host}`"
    );
    assert_eq!(error.to_string(), expected);

    for (password, works) in [("hunter3", false), ("hunter2", true)] {
        let keychain = Keychain::empty().with(&host, Credentials::basic("ann", password));
        let client = Client::new(ClientConfig { keychain, ..config() }).unwrap();
        let pulled = client.pull(&name, &linux(), &place.store, &Silent).await;
        assert_eq!(pulled.is_ok(), works);
        if let Err(error) = pulled {
            assert!(error.to_string().contains("the credentials of `ann` from given by the caller are not accepted"));
        }
    }
}

/// Nothing a person can see holds what was secret, whatever a registry says.
#[tokio::test]
async fn secrets_are_in_no_message() {
    const SECRETS: [&str; 4] = ["hunter2", "s3cret", "aHVudGVyMg", "YW5uOmh1bnRlcjI"];
    for (status, path) in
        [(401, "/token"), (403, "/token"), (500, "/token"), (403, "/v2/"), (500, "/v2/"), (404, "/v2/")]
    {
        let (fake, tokens) = with_tokens(move |_| match path {
            "/token" => Reply::new(status),
            _ => Reply::new(200).body(r#"{"token":"good-s3cret"}"#),
        });
        let realm = format!("http://{}/token?key=s3cret", tokens.host());
        let fake = if path == "/token" {
            fake
        } else {
            Fake::hooked(move |_, request| match request.header("authorization") {
                None => Some(Reply::new(401).header("WWW-Authenticate", format!("Bearer realm=\"{realm}\""))),
                Some(_) => Some(Reply::new(status)),
            })
        };
        let keychain = Keychain::empty().with(&fake.host(), Credentials::basic("ann", "hunter2"));
        let client = Client::new(ClientConfig { keychain, retries: 0, ..config() }).unwrap();
        let error = client.manifest(&reference(&fake.host(), "a:1")).await.unwrap_err();
        let mut shown = format!("{error} {error:?} {client:?}");
        let mut source = std::error::Error::source(&error);
        while let Some(error) = source {
            shown.push_str(&error.to_string());
            source = error.source();
        }
        for secret in SECRETS {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}

#[tokio::test]
async fn a_refusal_names_the_right_that_is_missing() {
    let fake = Fake::hooked(|_, request| {
        let denied = Reply::error(403, "DENIED", "requested access to the resource is denied");
        (request.method == "POST").then_some(denied)
    });
    let place = Place::new();
    let descriptor = keep(&place.store, &[noise(1, 10)], "amd64");
    let error = client().push(&reference(&fake.host(), "o/a:1"), &descriptor, &place.store, &Silent).await.unwrap_err();
    assert_eq!(error.refusal().unwrap().code, RefusalCode::Denied);
    let error = error.to_string();
    assert!(error.contains("DENIED: requested access to the resource is denied (HTTP status 403)"), "{error}");
    assert!(error.contains("`docker login"), "{error}");
    assert!(fake.registry.manifests.lock().unwrap().is_empty());
}

/// `docker-credential-test`: keeps what it is given in a file beside itself.
const HELPER: &str = r#"#!/bin/sh
set -e
dir=$(dirname "$0")
input=$(cat)
echo "$1 $input" >> "$dir/log"
case "$1" in
get)
  if [ "$input" = broken.example ]; then echo "the vault is locked"; exit 1; fi
  if [ -f "$dir/kept" ]; then cat "$dir/kept"; else echo "credentials not found in native keychain"; exit 1; fi ;;
store) printf '%s' "$input" > "$dir/kept" ;;
erase) rm -f "$dir/kept" ;;
esac
"#;

#[tokio::test]
async fn a_credential_helper_is_asked_and_told() {
    let fake = Fake::hooked(|_, request| {
        let challenge = Reply::new(401).header("WWW-Authenticate", "Basic realm=\"x\"");
        (request.header("authorization") != Some(basic("ann", "hunter2").as_str())).then_some(challenge)
    });
    serve(&fake.registry, "a", "1", &[noise(1, 10)]);
    let (place, host) = (Place::new(), fake.host());
    let name = reference(&host, "a:1");
    let client = client_with(&place, r#"{"credsStore": "test"}"#);
    let directory = place.dir.path().join("docker");

    let error = client.pull(&name, &linux(), &place.store, &Silent).await.unwrap_err().to_string();
    assert!(error.contains("`docker-credential-test` is named in") && error.contains("not on PATH"), "{error}");

    let helper = directory.join("docker-credential-test");
    std::fs::write(&helper, HELPER).unwrap();
    std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).unwrap();
    let error = client.pull(&name, &linux(), &place.store, &Silent).await.unwrap_err();
    assert_eq!(error.refusal().unwrap().code, RefusalCode::Unauthorized);

    let login = client.login(&host, &Credentials::basic("ann", "hunter2")).await.unwrap();
    assert_eq!(login.saved, SavedTo::Helper("docker-credential-test".to_owned()));
    let kept = std::fs::read_to_string(directory.join("kept")).unwrap();
    assert_eq!(kept, format!(r#"{{"ServerURL":"{host}","Username":"ann","Secret":"hunter2"}}"#));
    let written = std::fs::read_to_string(directory.join("config.json")).unwrap();
    assert!(written.contains(&host) && !written.contains("auth\":"), "{written}");
    client.pull(&name, &linux(), &place.store, &Silent).await.unwrap();

    assert!(client.logout(&host).await.unwrap());
    assert!(!directory.join("kept").exists());
    let error = client.keychain().find("broken.example", "x").await.unwrap_err().to_string();
    assert_eq!(error, "`docker-credential-test get` failed for broken.example: the vault is locked");
}

#[tokio::test]
async fn a_login_is_tried_before_it_is_kept() {
    let fake = Fake::hooked(|_, request| {
        let challenge = Reply::new(401).header("WWW-Authenticate", "Basic realm=\"x\"");
        (request.header("authorization") != Some(basic("ann", "hunter2").as_str())).then_some(challenge)
    });
    let (place, host) = (Place::new(), fake.host());
    let client = client_with(&place, "{}");
    let path = place.dir.path().join("docker/config.json");
    let error = client.login(&host, &Credentials::basic("ann", "hunter3")).await.unwrap_err().to_string();
    assert!(error.contains("the credentials of `ann` are not accepted"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "{}");
    let url = format!("http://{host}/v2/");
    let login = client.login(&url, &Credentials::basic("ann", "hunter2")).await.unwrap();
    assert_eq!((login.registry, login.saved), (host.clone(), SavedTo::File(path.clone())));
    let written: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(written["auths"][&host]["auth"], STANDARD.encode("ann:hunter2"));
    assert!(client.logout(&host).await.unwrap());
    assert!(!client.logout(&host).await.unwrap());
}

#[tokio::test]
async fn a_login_may_give_a_refresh_token() {
    let (fake, tokens) = with_tokens(|request| {
        if request.header("authorization") == Some(basic("ann", "hunter2").as_str()) {
            Reply::new(200).body(r#"{"token":"good","refresh_token":"again"}"#)
        } else {
            Reply::new(400).body(r#"{"details":"incorrect username or password"}"#)
        }
    });
    let (place, host) = (Place::new(), fake.host());
    let client = client_with(&place, "{}");
    client.login(&host, &Credentials::basic("ann", "hunter2")).await.unwrap();
    assert_eq!(tokens.seen()[0].query("offline_token").as_deref(), Some("true"));
    let kept = client.keychain().find(&host, "x").await.unwrap().unwrap();
    assert_eq!(kept.credentials, Credentials::Identity { token: "again".to_owned() });
    let error = client.login(&host, &Credentials::basic("ann", "no")).await.unwrap_err().to_string();
    assert!(error.contains("cannot log in: incorrect username or password"), "{error}");
}
