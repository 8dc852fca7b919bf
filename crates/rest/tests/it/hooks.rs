//! Webhooks of an organisation hear of all its repositories, and of no others.

use serde_json::json;

use crate::fixture::Server;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_organisation_s_webhook_hears_of_its_repositories() {
    let server = Server::start().await;
    let ann = server.user("ann", false).await;
    server.user("bob", false).await;
    let org = server.identity.create_org(identity::Actor::server(), "acme", None, ann).await.unwrap();
    let token = server.token("ann", "repo admin:org_hook").await;
    let wanted = json!({ "config": { "url": "http://hooks.example.com/x", "content_type": "json", "secret": "hush" }, "events": ["create"] });
    let made = server.call("POST", "/orgs/acme/hooks", &token, wanted.clone()).await;
    assert_eq!(made.status, 201, "{made:?}");
    let made = made.json();
    assert_eq!((&made["type"], &made["config"]["secret"]), (&json!("Organization"), &json!("********")));
    let hook = format!("/orgs/acme/hooks/{}", made["id"]);
    assert!(made["url"].as_str().unwrap().ends_with(&hook), "{made}");
    assert_eq!(server.call("POST", "/orgs/acme/hooks", &token, wanted).await.status, 422, "there is one already");
    // Its scope, and who owns the organisation.
    let other = server.token("ann", "repo").await;
    assert_eq!(server.get(&hook, &other).await.status, 403);
    let bob = server.token("bob", "repo admin:org_hook").await;
    assert_eq!(server.get(&hook, &bob).await.status, 404);
    // It is no webhook of a repository's.
    let repository = server.repository("ann", org, "app", "private").await;
    let of_repository = format!("/repos/acme/app/hooks/{}", made["id"]);
    assert_eq!(server.get(&of_repository, &token).await.status, 404);
    let dir = tempfile::tempdir().unwrap();
    server.push_workflow(dir.path(), "acme/app", "ann");
    server.repository("ann", ann, "own", "private").await;
    server.push_workflow(&dir.path().join("own"), "ann/own", "ann");
    server.run(repository.id).await;
    while server.forge.fan_out().await.unwrap() > 0 {}
    let deliveries = server.get(&format!("{hook}/deliveries"), &token).await.json();
    let told: Vec<_> = deliveries
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["event"].as_str().unwrap(), one["repository_id"].as_i64()))
        .collect();
    assert_eq!(told, [("create", Some(repository.id)), ("ping", None)]);
    let changed = server.call("PATCH", &hook, &token, json!({ "add_events": ["push"] })).await.json();
    assert_eq!(changed["events"], json!(["create", "push"]));
    assert_eq!(server.call("POST", &format!("{hook}/pings"), &token, json!(null)).await.status, 204);
    assert_eq!(server.call("DELETE", &hook, &token, json!(null)).await.status, 204);
    assert_eq!(server.get("/orgs/acme/hooks", &token).await.json(), json!([]));
}
