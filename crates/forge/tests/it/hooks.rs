//! Webhooks out: what arrives, how it is signed, and what happens when nobody is there.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use forge::hooks::{PutHook, verify_signature};
use store::testing::{Database, on_both};
use store::{Clock, Query as _};

use crate::world::World;

#[derive(Clone, Default)]
pub(crate) struct Received(pub(crate) Arc<Mutex<Vec<(HeaderMap, String)>>>, Arc<Mutex<Vec<u16>>>);

impl Received {
    fn events(&self) -> Vec<String> {
        let all = self.0.lock().unwrap();
        all.iter().map(|(headers, _)| headers["x-github-event"].to_str().unwrap().to_owned()).collect()
    }
}

async fn take(State(received): State<Received>, headers: HeaderMap, body: String) -> StatusCode {
    received.0.lock().unwrap().push((headers, body));
    let status = received.1.lock().unwrap().pop().unwrap_or(200);
    StatusCode::from_u16(status).unwrap()
}

/// A server that takes webhooks, answering with these statuses first (from the last).
async fn receiver(statuses: &[u16]) -> (String, Received) {
    let received = Received::default();
    received.1.lock().unwrap().extend(statuses);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let app = axum::Router::new().route("/hook", post(take)).with_state(received.clone());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, received)
}

/// Until everything is given to hooks and sent, as far as it is due.
async fn settle(world: &World) {
    loop {
        while world.forge.fan_out().await.unwrap() > 0 {}
        while world.forge.deliver().await.unwrap() > 0 {}
        let sql = "SELECT COUNT(*) FROM deliveries WHERE state = 'sending' OR (state = 'queued' AND next_at <= $1)";
        let now = world.store.now();
        let left: i64 = world.store.read().fetch_one(sql, store::args![now]).await.unwrap();
        let told: i64 = world
            .store
            .read()
            .fetch_one(
                "SELECT (SELECT COALESCE(MAX(id), 0) FROM events) - COALESCE((SELECT event_id FROM hook_progress WHERE id = 1), 0)",
                store::args![],
            )
            .await
            .unwrap();
        if left == 0 && told == 0 {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_is_told_signed_and_once() {
    on_both("hooks_signed", async |database| {
        let world = World::new(database).await;
        let alice = world.person("alice").await;
        let repository = world.repository(&alice, "app").await;
        let (url, received) = receiver(&[]).await;
        let put = PutHook {
            url: Some(url.clone()),
            content_type: Some("json".to_owned()),
            secret: Some("hunter2".to_owned()),
            events: Some(vec!["push".to_owned()]),
            ..PutHook::default()
        };
        let hook = world.forge.create_hook(&alice.caller, &alice.actor, (&repository).into(), &put).await.unwrap();
        let sealed = hook.secret_sealed.clone().unwrap();
        assert!(!sealed.windows(7).any(|window| window == b"hunter2"), "the secret is sealed");
        let work = world.work(&alice, "alice/app", "work");
        let head = work.commit("a", "1", "one");
        work.git(&["push", "-q", "origin", "main"]);
        settle(&world).await;
        assert_eq!(received.events(), ["ping", "push"]);
        let (headers, body) = received.0.lock().unwrap()[1].clone();
        let signature = headers["x-hub-signature-256"].to_str().unwrap();
        assert!(verify_signature(b"hunter2", body.as_bytes(), signature));
        let old = headers["x-hub-signature"].to_str().unwrap();
        assert_eq!((old.len(), &old[..5]), (45, "sha1="));
        let payload: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(payload["after"], head.as_str());
        let deliveries = store::hooks::deliveries(&mut world.store.read(), hook.id, None, 10).await.unwrap();
        assert_eq!(deliveries[0].status_code, Some(200));
        assert_eq!(headers["x-github-delivery"].to_str().unwrap(), deliveries[0].guid);
        assert!(!deliveries[0].request_headers.to_string().contains("hunter2"));
        // Once more by hand, with the same number.
        world.forge.redeliver(&hook, &deliveries[0]).await.unwrap();
        settle(&world).await;
        let again = store::hooks::deliveries(&mut world.store.read(), hook.id, None, 10).await.unwrap();
        assert_eq!((again[0].redelivery, &again[0].guid), (true, &deliveries[0].guid));
        assert_eq!(received.0.lock().unwrap().len(), 3);
        // As a form.
        let form = PutHook { content_type: Some("form".to_owned()), ..PutHook::default() };
        let hook = world.forge.change_hook(&alice.caller, (&repository).into(), hook, &form).await.unwrap();
        world.forge.ping_hook(&alice.actor, (&repository).into(), &hook).await.unwrap();
        settle(&world).await;
        let (headers, body) = received.0.lock().unwrap()[3].clone();
        assert!(body.starts_with("payload=%7B"), "{body}");
        assert!(verify_signature(b"hunter2", body.as_bytes(), headers["x-hub-signature-256"].to_str().unwrap()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_tried_again_later_and_later_until_it_is_given_up() {
    let database = Database::sqlite();
    let clock = Clock::by_hand(1_800_000_000_000_000);
    let store = database.open_with(clock.clone()).await;
    let world = World::idle(store, &database.directory(), |_| {}).await;
    let alice = world.person("alice").await;
    let repository = world.repository(&alice, "app").await;
    let (url, received) = receiver(&[200, 503, 500]).await;
    let put = PutHook { url: Some(url), ..PutHook::default() };
    let hook = world.forge.create_hook(&alice.caller, &alice.actor, (&repository).into(), &put).await.unwrap();
    let delivery =
        async || store::hooks::deliveries(&mut world.store.read(), hook.id, None, 1).await.unwrap().remove(0);
    settle(&world).await;
    let first = delivery().await;
    assert_eq!((first.state.as_str(), first.attempts, first.status_code), ("queued", 1, Some(500)));
    assert_eq!(first.next_at - world.store.now(), 10_000_000);
    clock.advance(10_000_000);
    settle(&world).await;
    let second = delivery().await;
    assert_eq!((second.attempts, second.next_at - world.store.now()), (2, 60_000_000));
    clock.advance(60_000_000);
    settle(&world).await;
    assert_eq!(delivery().await.state, "delivered");
    assert_eq!(received.0.lock().unwrap().len(), 3);
    // Nobody there at all.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let put = PutHook { url: Some(format!("http://{nobody}/")), ..PutHook::default() };
    let hook = world.forge.change_hook(&alice.caller, (&repository).into(), hook.clone(), &put).await.unwrap();
    world.forge.ping_hook(&alice.actor, (&repository).into(), &hook).await.unwrap();
    for _ in 0..6 {
        settle(&world).await;
        clock.advance(100_000_000_000);
    }
    let last = delivery().await;
    assert_eq!((last.state.as_str(), last.attempts, last.status_code), ("failed", 6, None));
    assert!(last.status.contains("refused"), "{}", last.status);
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_do_not_lead_inside_the_network() {
    let database = Database::sqlite();
    let world = World::with(&database, |settings| settings.outgoing.allow_private = false).await;
    let alice = world.person("alice").await;
    let repository = world.repository(&alice, "app").await;
    let (url, received) = receiver(&[]).await;
    let put = |url: &str| PutHook { url: Some(url.to_owned()), ..PutHook::default() };
    let refused = world.forge.create_hook(&alice.caller, &alice.actor, (&repository).into(), &put(&url)).await;
    assert!(refused.unwrap_err().to_string().contains("an address inside this network"));
    // A name that leads inside is found out when it is looked up, which is when it is delivered.
    let by_name = url.replace("127.0.0.1", "localhost");
    let hook =
        world.forge.create_hook(&alice.caller, &alice.actor, (&repository).into(), &put(&by_name)).await.unwrap();
    settle(&world).await;
    let delivery = store::hooks::deliveries(&mut world.store.read(), hook.id, None, 1).await.unwrap().remove(0);
    assert!(delivery.status.contains("an address inside this network"), "{}", delivery.status);
    assert!(received.0.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_do_not_lead_inside_either() {
    let database = Database::sqlite();
    let allow = |settings: &mut forge::Settings| {
        settings.outgoing.allow_private = false;
        settings.outgoing.allow = vec!["127.0.0.1".to_owned()];
    };
    let world = World::with(&database, allow).await;
    let (target, received) = receiver(&[]).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let leads = [
        ("/good", target.clone()),
        ("/metadata", "http://169.254.169.254/latest".to_owned()),
        ("/file", "file:///etc/passwd".to_owned()),
        ("/round", "/round".to_owned()),
    ];
    let mut app = axum::Router::new();
    for (path, to) in leads {
        app = app.route(path, axum::routing::any(async move || (StatusCode::TEMPORARY_REDIRECT, [("location", to)])));
    }
    tokio::spawn(async move { axum::serve(listener, app).await });
    let send = async |path: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "Bearer sesame".parse().unwrap());
        headers.insert("x-github-event", "ping".parse().unwrap());
        let outgo = forge::outgoing::Outgo {
            method: axum::http::Method::POST,
            url: format!("http://{address}{path}"),
            headers,
            body: "content".into(),
            insecure: false,
            redirects: 3,
        };
        world.forge.outgoing().send(outgo).await.map(|income| income.status.as_u16()).map_err(|error| error.to_string())
    };
    assert_eq!(send("/good").await, Ok(200));
    let (headers, body) = received.0.lock().unwrap()[0].clone();
    assert_eq!(
        (headers.get("authorization"), body.as_str()),
        (None, "content"),
        "a token is for whom it was given for"
    );
    for path in ["/metadata", "/file"] {
        let refused = send(path).await.unwrap_err();
        assert!(refused.contains("inside this network") || refused.contains("none of http"), "{path}: {refused}");
    }
    assert!(send("/round").await.unwrap_err().contains("too many redirects"));
    assert_eq!(received.0.lock().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_cannot_be_opened_keeps_no_other_hook_waiting() {
    let database = Database::sqlite();
    let world = World::idle(database.open().await, &database.directory(), |_| {}).await;
    let alice = world.person("alice").await;
    let repository = world.repository(&alice, "app").await;
    let (url, received) = receiver(&[]).await;
    let put = PutHook { url: Some(url), secret: Some("hunter2".to_owned()), ..PutHook::default() };
    let bad = world.forge.create_hook(&alice.caller, &alice.actor, (&repository).into(), &put).await.unwrap();
    let put = PutHook { url: put.url.map(|url| format!("{url}?another")), ..put };
    let good = world.forge.create_hook(&alice.caller, &alice.actor, (&repository).into(), &put).await.unwrap();
    let mut tx = world.store.begin().await.unwrap();
    let sql = "UPDATE hooks SET secret_sealed = $1 WHERE id = $2";
    tx.execute(sql, store::args![b"no envelope".to_vec(), bad.id]).await.unwrap();
    tx.commit().await.unwrap();
    settle(&world).await;
    let state = async |hook: i64| {
        let last = store::hooks::deliveries(&mut world.store.read(), hook, None, 1).await.unwrap().remove(0);
        (last.state, last.status)
    };
    assert_eq!(state(good.id).await, ("delivered".to_owned(), "OK".to_owned()));
    let (failed, why) = state(bad.id).await;
    assert!(failed == "failed" && why.starts_with("it cannot be made up"), "{failed}: {why}");
    assert_eq!(received.0.lock().unwrap().len(), 1);
}
