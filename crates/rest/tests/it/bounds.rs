//! Odd paths, names and rules: what is refused, and with which status.

use serde_json::{Value, json};

use crate::fixture::Server;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_paths_and_names_are_refused_not_failed_at() {
    let server = Server::start().await;
    let ann = server.user("ann", false).await;
    server.repository("ann", ann, "app", "private").await;
    let dir = tempfile::tempdir().unwrap();
    server.push_workflow(dir.path(), "ann/app", "ann");
    let token = server.token("ann", "repo").await;
    for path in [":(exclude)README.md", ":!README.md", "..%2F..%2Fetc", "a%2F..%2FREADME.md", ".git%2Fconfig", "*"] {
        let answer = server.get(&format!("/repos/ann/app/contents/{path}"), &token).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text);
    }
    let release = server.call("POST", "/repos/ann/app/releases", &token, json!({ "tag_name": "v1" })).await;
    assert_eq!(release.status, 201, "{}", release.text);
    let id = release.json()["id"].as_i64().unwrap();
    let upload = async |name: &str| {
        let url = server.url("").replace("/api/v3", "")
            + &format!("/api/uploads/repos/ann/app/releases/{id}/assets?name={name}");
        let request = server.client.post(url).bearer_auth(&token).header("content-type", "text/plain").body("text");
        server.send(request).await
    };
    let first = upload("a.txt").await;
    assert_eq!(first.status, 201, "{}", first.text);
    assert_eq!(upload("b.txt").await.status, 201);
    let asset = format!("/repos/ann/app/releases/assets/{}", first.json()["id"]);
    for name in ["../../a\nb\"/c", "a/b", ".hidden", "", "b.txt", "a\u{7}b"] {
        let answer = server.call("PATCH", &asset, &token, json!({ "name": name })).await;
        assert_eq!(answer.status, 422, "{name:?}: {}", answer.text);
    }
    let renamed = server.call("PATCH", &asset, &token, json!({ "name": "c.txt", "label": "C" })).await;
    assert_eq!((renamed.status, renamed.json()["name"].as_str()), (200, Some("c.txt")), "{}", renamed.text);
    assert_eq!(server.call("DELETE", &asset, &token, Value::Null).await.status, 204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_for_many_branches_is_deleted_by_its_pattern_only() {
    let server = Server::start().await;
    let ann = server.user("ann", false).await;
    server.repository("ann", ann, "app", "private").await;
    let dir = tempfile::tempdir().unwrap();
    server.push_workflow(dir.path(), "ann/app", "ann");
    let token = server.token("ann", "repo").await;
    let of = |branch: &str| format!("/repos/ann/app/branches/{branch}/protection");
    let rules = json!({
        "required_status_checks": null, "enforce_admins": true, "required_pull_request_reviews": null, "restrictions": null,
    });
    let put = server.call("PUT", &of("release%2F*"), &token, rules).await;
    assert_eq!(put.status, 200, "{}", put.text);
    assert_eq!(server.get(&of("release%2F1"), &token).await.status, 200);
    let refused = server.call("DELETE", &of("release%2F1"), &token, Value::Null).await;
    assert!(refused.status == 409 && refused.text.contains("`release/*`"), "{}", refused.text);
    assert_eq!(server.get(&of("release%2F2"), &token).await.status, 200, "it is there for the others");
    assert_eq!(server.call("DELETE", &of("release%2F*"), &token, Value::Null).await.status, 204);
    assert_eq!(server.get(&of("release%2F1"), &token).await.status, 404);
}
