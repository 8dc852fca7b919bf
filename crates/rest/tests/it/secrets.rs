//! Secrets, variables and environments over the API.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use identity::{SecretTrust, seal_for};
use serde_json::{Value, json};

use crate::fixture::Server;

fn seal(key: &Value, value: &str) -> Value {
    let public: [u8; 32] = BASE64_STANDARD.decode(key["key"].as_str().unwrap()).unwrap().try_into().unwrap();
    let sealed = BASE64_STANDARD.encode(seal_for(&public, value.as_bytes()).unwrap());
    json!({ "encrypted_value": sealed, "key_id": key["key_id"] })
}

#[tokio::test]
async fn secrets_of_repository_and_environment() {
    let server = Server::start().await;
    let ann = server.user("ann", false).await;
    let repo = server.repository("ann", ann, "app", "private").await;
    let token = server.token("ann", "repo").await;
    let environment =
        json!({ "wait_timer": 5, "reviewers": [{ "type": "User", "id": ann }], "prevent_self_review": true });
    let made = server.call("PUT", "/repos/ann/app/environments/prod%2Feu", &token, environment).await;
    assert_eq!((made.status, made.json()["name"].as_str()), (200, Some("prod/eu")), "{}", made.text);
    for base in [
        "/repos/ann/app/actions/secrets",
        "/repos/ann/app/environments/prod%2Feu/secrets",
        "/repos/ann/app/dependabot/secrets",
    ] {
        let key = server.get(&format!("{base}/public-key"), &token).await.json();
        let body = seal(&key, "hush");
        let path = format!("{base}/npm_token");
        assert_eq!(server.call("PUT", &path, &token, body.clone()).await.status, 201);
        assert_eq!(server.call("PUT", &path, &token, body).await.status, 204, "the same name again");
        let listed = server.get(base, &token).await;
        assert_eq!((listed.json()["total_count"].as_i64(), listed.text.contains("hush")), (Some(1), false));
        assert_eq!(server.get(&path, &token).await.json()["name"], "NPM_TOKEN");
        let wrong_key = json!({ "encrypted_value": "AAAA", "key_id": "0" });
        assert_eq!(server.call("PUT", &path, &token, wrong_key).await.status, 422);
    }
    let facts = forge::repo_ref(&repo);
    let found = server.identity.secrets_for_job(&facts, None, SecretTrust::Full).await.unwrap();
    assert_eq!(found["NPM_TOKEN"].as_str(), "hush");
    assert_eq!(
        server.call("DELETE", "/repos/ann/app/actions/secrets/NPM_TOKEN", &token, Value::Null).await.status,
        204
    );
    assert_eq!(
        server.call("DELETE", "/repos/ann/app/actions/secrets/NPM_TOKEN", &token, Value::Null).await.status,
        404
    );
    assert_eq!(server.call("DELETE", "/repos/ann/app/environments/prod%2Feu", &token, Value::Null).await.status, 204);
    assert_eq!(server.get("/repos/ann/app/environments/prod%2Feu/secrets", &token).await.status, 404);
}

#[tokio::test]
async fn variables() {
    let server = Server::start().await;
    let ann = server.user("ann", false).await;
    server.repository("ann", ann, "app", "private").await;
    let token = server.token("ann", "repo").await;
    let base = "/repos/ann/app/actions/variables";
    let new = json!({ "name": "Region", "value": "eu" });
    assert_eq!(server.call("POST", base, &token, new.clone()).await.status, 201);
    assert_eq!(server.call("POST", base, &token, new).await.status, 409);
    assert_eq!(server.get(&format!("{base}/region"), &token).await.json()["value"], "eu");
    let change = json!({ "name": "ZONE", "value": "us" });
    assert_eq!(server.call("PATCH", &format!("{base}/REGION"), &token, change).await.status, 204);
    let listed = server.get(base, &token).await.json();
    assert_eq!((listed["total_count"].as_i64(), listed["variables"][0]["name"].as_str()), (Some(1), Some("ZONE")));
    assert_eq!(server.call("POST", base, &token, json!({ "name": "GITHUB_X", "value": "" })).await.status, 422);
    assert_eq!(server.call("DELETE", &format!("{base}/ZONE"), &token, Value::Null).await.status, 204);
}

#[tokio::test]
async fn rules_of_environments() {
    let server = Server::start().await;
    let ann = server.user("ann", false).await;
    let stranger = server.user("bob", false).await;
    server.repository("ann", ann, "app", "private").await;
    let token = server.token("ann", "repo").await;
    let path = "/repos/ann/app/environments/prod";
    for wrong in [
        json!({ "wait_timer": -1 }),
        json!({ "wait_timer": 43201 }),
        json!({ "reviewers": [{ "type": "User", "id": stranger }] }),
        json!({ "reviewers": [{ "type": "User", "id": ann }], "required_approvals": 2 }),
        json!({ "deployment_branch_policy": { "protected_branches": true, "custom_branch_policies": true } }),
    ] {
        let answered = server.call("PUT", path, &token, wrong.clone()).await;
        assert_eq!(answered.status, 422, "{wrong}: {}", answered.text);
    }
    let custom = json!({ "deployment_branch_policy": { "protected_branches": false, "custom_branch_policies": true } });
    assert_eq!(server.call("PUT", path, &token, custom).await.status, 200);
    let policies = format!("{path}/deployment-branch-policies");
    let made = server.call("POST", &policies, &token, json!({ "name": "release/*" })).await.json();
    assert_eq!(server.call("POST", &policies, &token, json!({ "name": "release/*" })).await.status, 422);
    let id = made["id"].as_i64().unwrap();
    assert_eq!(server.get(&format!("{policies}/{id}"), &token).await.json()["name"], "release/*");
    assert_eq!(server.call("DELETE", &format!("{policies}/{id}"), &token, Value::Null).await.status, 204);
    let gates = format!("{path}/deployment_protection_rules");
    assert_eq!(
        server.call("POST", &gates, &token, json!({ "name": "x", "url": "file:///etc/passwd" })).await.status,
        422
    );
    let gate = json!({ "name": "change", "url": "https://gate.example/ask", "secret": "hush" });
    let made = server.call("POST", &gates, &token, gate).await;
    assert!(made.status == 201 && !made.text.contains("hush"), "{}", made.text);
    let read = server.get(path, &token).await.json();
    let kinds: Vec<&str> =
        read["protection_rules"].as_array().unwrap().iter().map(|rule| rule["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["branch_policy", "custom"]);
}
