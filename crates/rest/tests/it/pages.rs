//! Octokit reads every list, page by page.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::fixture::Server;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn octokit_reads_every_list_page_by_page() {
    let name = "octokit_reads_every_list_page_by_page";
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/octokit");
    if Command::new("node").arg("--version").output().is_err() {
        return testkit::skip(name, "node is not on PATH");
    }
    if !modules.join("node_modules/@octokit/rest").is_dir() {
        return testkit::skip(name, "tests/octokit has no node_modules (npm ci)");
    }
    let server = Server::at_its_address().await;
    let ann = server.user("ann", true).await;
    let org = server.identity.create_org(identity::Actor::server(), "acme", None, ann).await.unwrap();
    for number in 0..5 {
        let id = server.user(&format!("user{number}"), false).await;
        let mut tx = server.store().begin().await.unwrap();
        store::users::set_membership(&mut tx, org, id, "member").await.unwrap();
        tx.commit().await.unwrap();
    }
    let repo = server.repository("ann", org, "app", "private").await;
    let dir = tempfile::tempdir().unwrap();
    server.push_workflow(dir.path(), "acme/app", "ann");
    let run = server.run(repo.id).await;
    let scopes = "repo admin:org admin:org_hook site_admin user";
    let token = server.token("ann", scopes).await;
    for name in ["A", "B", "C"] {
        let variable = json!({ "name": name, "value": "1", "visibility": "all" });
        for path in ["/repos/acme/app/actions/variables", "/orgs/acme/actions/variables"] {
            assert_eq!(server.call("POST", path, &token, variable.clone()).await.status, 201);
        }
        let team = json!({ "name": format!("team {name}") });
        assert_eq!(server.call("POST", "/orgs/acme/teams", &token, team).await.status, 201);
        let path = format!("/repos/acme/app/environments/{name}");
        assert_eq!(server.call("PUT", &path, &token, json!({})).await.status, 200);
    }
    let names = json!({
        "owner": "acme", "repo": "app", "org": "acme", "username": "user0", "team_slug": "team-a", "environment_name": "A",
        "run_id": run.id, "attempt_number": 1, "workflow_id": "ci.yml",
    });
    let output = Command::new("node")
        .arg(modules.join("pages.mjs"))
        .env("BASE_URL", format!("http://{}/api/v3", server.address))
        .env("TOKEN", &token)
        .env("NAMES", names.to_string())
        .env_remove("http_proxy")
        .env_remove("HTTP_PROXY")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let told: Value = serde_json::from_str(text(&output.stdout).trim()).unwrap();
    assert_eq!(
        (told["login"].as_str(), told["value"].as_str(), told["environment"].as_str(), told["refused"].as_i64()),
        (Some("ann"), Some("eu"), Some("prod"), Some(404)),
        "{told}"
    );
    assert_eq!(told["runs"].as_i64(), Some(1), "{told}");
    assert!(told["lists"].as_u64() > Some(25) && told["items"].as_u64() > Some(60), "{told}");
}
