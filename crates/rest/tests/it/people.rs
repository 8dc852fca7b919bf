//! Users, organisations, teams, collaborators, tokens, the audit log.

use serde_json::{Value, json};

use crate::fixture::Server;

#[tokio::test]
async fn an_organisation_with_a_team() {
    let server = Server::start().await;
    server.user("root", true).await;
    server.user("ann", false).await;
    server.user("bob", false).await;
    let root = server.token("root", "site_admin repo admin:org user").await;
    let new = json!({ "login": "acme", "admin": "ann", "profile_name": "Acme" });
    assert_eq!(server.call("POST", "/admin/organizations", &root, new).await.status, 201);
    let ann = server.token("ann", "repo admin:org user").await;
    let org = store::users::by_login(&mut server.store().read(), "acme").await.unwrap().unwrap();
    let repo = server.repository("ann", org.id, "app", "private").await;
    let bob = server.token("bob", "repo read:org").await;
    let sees = async || server.get("/repos/acme/app/actions/workflows", &bob).await.status;
    assert_eq!(sees().await, 404);
    let put = async |path: &str, body: Value| server.call("PUT", path, &ann, body).await;
    // Out of the organisation's default, so that the team alone gives something.
    let none = json!({ "default_repository_permission": "none" });
    assert_eq!(server.call("PATCH", "/orgs/acme", &ann, none).await.status, 200);
    assert_eq!(put("/orgs/acme/teams/core/memberships/bob", json!({})).await.status, 404);
    let team = server.call("POST", "/orgs/acme/teams", &ann, json!({ "name": "Core Team" })).await;
    assert_eq!((team.status, team.json()["slug"].as_str()), (201, Some("core-team")));
    assert_eq!(put("/orgs/acme/teams/core-team/memberships/bob", json!({})).await.status, 422, "no member yet");
    assert_eq!(put("/orgs/acme/memberships/bob", json!({ "role": "member" })).await.json()["role"], "member");
    assert_eq!(put("/orgs/acme/teams/core-team/memberships/bob", json!({})).await.json()["state"], "active");
    assert_eq!(sees().await, 404);
    let push = json!({ "permission": "push" });
    assert_eq!(put("/orgs/acme/teams/core-team/repos/acme/app", push).await.status, 204);
    assert_eq!(sees().await, 200);
    let permission = server.get("/repos/acme/app/collaborators/bob/permission", &ann).await.json();
    assert_eq!((permission["permission"].as_str(), permission["role_name"].as_str()), (Some("write"), Some("write")));
    let logins = |value: Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|user| user["login"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(logins(server.get("/repos/acme/app/collaborators", &ann).await.json()), ["ann", "bob"]);
    assert_eq!(logins(server.get("/orgs/acme/teams/core-team/members", &bob).await.json()), ["bob"]);
    assert_eq!(server.call("DELETE", "/orgs/acme/members/ann", &ann, Value::Null).await.status, 403, "the last owner");
    assert_eq!(server.call("DELETE", "/orgs/acme/members/bob", &ann, Value::Null).await.status, 204);
    assert_eq!(sees().await, 404, "out of the organisation, and so out of its team");
    server.identity.flush_refusals().await;
    let audit = server.get("/orgs/acme/audit-log?per_page=100", &ann).await.json();
    let actions: Vec<&str> = audit.as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    for action in ["org.create", "team.create", "member.set", "team.member.set", "team.repository.set", "member.remove"]
    {
        assert!(actions.contains(&action), "{action}: {actions:?}");
    }
    let refused = server.get("/repos/acme/app/audit-log", &ann).await.json();
    let refused = refused.as_array().unwrap().iter().find(|entry| entry["allowed"] == false).cloned().unwrap();
    assert_eq!((refused["actor"].as_str(), refused["repo_id"].as_i64()), (Some("bob"), Some(repo.id)));
    assert_eq!(refused["details"]["reason"], "the caller may not see this repository");
    assert!(server.identity.verify_audit().await.unwrap() > 6);
}

#[tokio::test]
async fn tokens_by_the_api() {
    let server = Server::start().await;
    let ann = server.user("ann", false).await;
    let repo = server.repository("ann", ann, "app", "private").await;
    let token = server.token("ann", "user").await;
    let by_password = async |body: Value| {
        let request = server.client.post(server.url("/user/tokens")).basic_auth("ann", Some(crate::fixture::PASSWORD));
        server.send(request.body(body.to_string())).await
    };
    // Whatever it asks for: a token makes none, neither one that reaches further nor one that outlives it.
    for new in [
        json!({ "name": "x", "scopes": ["repo"] }),
        json!({ "name": "x", "scopes": ["user"] }),
        json!({ "name": "x", "permissions": { "contents": "write", "administration": "write" } }),
    ] {
        let made = server.call("POST", "/user/tokens", &token, new.clone()).await;
        assert_eq!(made.status, 403, "{new}: {}", made.text);
    }
    let new = json!({
        "name": "deploy", "permissions": { "contents": "read", "actions": "read" }, "repository_ids": [repo.id],
    });
    let made = by_password(new).await.json();
    let fine = made["token"].as_str().unwrap().to_owned();
    assert!(fine.starts_with("tlf_"), "{made}");
    assert_eq!(server.get("/repos/ann/app/actions/runs", &fine).await.status, 200);
    assert_eq!(server.get("/repos/ann/app/actions/secrets", &fine).await.status, 403);
    assert_eq!(server.get("/user/tokens", &fine).await.status, 403);
    let listed = server.get("/user/tokens", &token).await;
    assert!(!listed.text.contains(&fine) && listed.json().as_array().unwrap().len() == 2, "{}", listed.text);
    let id = made["id"].as_i64().unwrap();
    assert_eq!(server.call("DELETE", &format!("/user/tokens/{id}"), &token, Value::Null).await.status, 204);
    assert_eq!(server.get("/repos/ann/app/actions/runs", &fine).await.status, 401);
    for wrong in [
        json!({ "name": "", "scopes": [] }),
        json!({ "name": "x", "scopes": ["all"] }),
        json!({ "name": "x", "expires_at": "soon" }),
        json!({ "name": "x", "permissions": { "everything": "read" } }),
        json!({ "name": "x", "permissions": {}, "owner": "nobody" }),
    ] {
        assert_eq!(by_password(wrong.clone()).await.status, 422, "{wrong}");
    }
}

#[tokio::test]
async fn administrators_suspend_and_let_in_again() {
    let server = Server::start().await;
    server.user("root", true).await;
    server.user("ann", false).await;
    let (root, ann) = (server.token("root", "site_admin").await, server.token("ann", "repo").await);
    assert_eq!(server.call("PUT", "/users/root/suspended", &ann, Value::Null).await.status, 404);
    assert_eq!(server.call("PUT", "/users/root/suspended", &root, Value::Null).await.status, 403, "not oneself");
    assert_eq!(server.call("PUT", "/users/ann/suspended", &root, Value::Null).await.status, 204);
    assert_eq!(server.get("/user", &ann).await.status, 401);
    assert_eq!(server.call("DELETE", "/users/ann/suspended", &root, Value::Null).await.status, 204);
    assert_eq!(server.get("/user", &ann).await.status, 200);
    let made = server.call("POST", "/admin/users", &root, json!({ "login": "bob", "password": "short" })).await;
    assert_eq!(made.status, 422, "{}", made.text);
}
