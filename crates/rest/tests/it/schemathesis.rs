//! Requests that a program makes of our own description: whatever they are, the server does not fail, and what it answers is as
//! described.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fixture::Server;

fn program() -> Option<PathBuf> {
    let venv = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/test-tools/venv/bin/schemathesis");
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map(|dir| PathBuf::from(dir).join("test-tools/venv/bin/schemathesis"));
    let found = std::iter::once(venv).chain(target).find(|path| path.is_file());
    found.or_else(|| {
        let on_path = std::env::var_os("PATH")?;
        std::env::split_paths(&on_path).map(|dir| dir.join("schemathesis")).find(|path| path.is_file())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_made_of_the_description() {
    let name = "requests_made_of_the_description";
    let Some(program) = program() else {
        return testkit::skip(name, "schemathesis is not installed (pip, see tests/tools.toml)");
    };
    let server = Server::start().await;
    let ann = server.user("ann", true).await;
    let org = server.identity.create_org(identity::Actor::server(), "acme", None, ann).await.unwrap();
    server.repository("ann", org, "app", "private").await;
    let token = server.token("ann", "repo admin:org site_admin user workflow").await;
    let secret = "kept-very-secret-9431";
    let scope = identity::SecretScope::Organization(org);
    let mut tx = server.store().begin().await.unwrap();
    let caller = server.caller("ann").await;
    server.identity.put_secret(&mut tx, &caller, scope, "KEPT", secret.as_bytes(), "all", &[]).await.unwrap();
    tx.commit().await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    // Names that are there, so that not every request ends at the first of them.
    std::fs::write(
        dir.path().join("schemathesis.toml"),
        "[parameters]\n\"path.owner\" = \"acme\"\n\"path.org\" = \"acme\"\n\"path.repo\" = \"app\"\n\"path.username\" = [\"ann\", \"bob\"]\n",
    )
    .unwrap();
    let url = format!("http://{}/api/v3", server.address);
    let output = Command::new(program)
        .current_dir(dir.path())
        .args(["run", &format!("{url}/openapi.json"), "--url", &url])
        .args(["-H", &format!("Authorization: Bearer {token}")])
        .args(["--checks", "not_a_server_error,response_schema_conformance,content_type_conformance"])
        .args(["--phases", "examples,fuzzing", "--max-examples", "4", "--seed", "1", "--no-color", "--workers", "2"])
        .args(["--report", "ndjson", "--report-dir", "report"])
        .env_remove("http_proxy")
        .env_remove("HTTP_PROXY")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let told = text(&output.stdout);
    assert!(output.status.success(), "{}\n{}", &told[told.len().saturating_sub(20_000)..], text(&output.stderr));
    let mut report = String::new();
    for entry in std::fs::read_dir(dir.path().join("report")).unwrap() {
        report.push_str(&std::fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    assert!(report.len() > 10_000, "the report is there");
    assert!(!report.contains(secret), "a secret's value was answered");
    server.identity.verify_audit().await.unwrap();
}
