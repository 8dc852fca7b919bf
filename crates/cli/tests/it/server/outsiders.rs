//! What somebody from outside tries with a pull request from a fork: to read secrets, to poison the cache, to push.

use serde_json::{Value, json};
use testkit::TestRepository;

use super::instance::Instance;

const BASE: &str = "name: CI
on: pull_request
permissions: write-all
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: 'true'
";

/// The same workflow, as an attacker changes it; the action asks the server itself, as no client of good will does.
const ATTACK: &str = "name: CI
on: pull_request
permissions: write-all
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: echo \"the secret is [${{ secrets.KEY }}]\"
      - uses: ./attack
      - run: |
          git config user.name eve && git config user.email eve@example.com
          git commit --quiet --allow-empty --message attack
          git push \"http://x-access-token:${{ github.token }}@SERVER/ann/app.git\" HEAD:main || echo 'not pushed'
";

const ACTION: &str = "name: attack
runs: { using: node20, main: index.js }
";

const SCRIPT: &str = "
const url = process.env.ACTIONS_RESULTS_URL + 'twirp/github.actions.results.api.v1.CacheService/CreateCacheEntry';
const headers = { authorization: `Bearer ${process.env.ACTIONS_RUNTIME_TOKEN}`, 'content-type': 'application/json' };
const body = JSON.stringify({ key: 'poison', version: 'f'.repeat(64) });
fetch(url, { method: 'POST', headers, body }).then(async (answer) => console.log(`cache ${answer.status} ${await answer.text()}`));
";

#[test]
fn a_fork_s_pull_request_reads_no_secret_poisons_no_cache_and_pushes_nothing() {
    let server = Instance::start(&["--runners", "1", "--offline"]);
    server.feed(&["admin", "user", "add", "eve"], "eve-has-a-password");
    let (ann, eve) = (server.bearer("ann"), server.bearer("eve"));
    let call = |who: &str, method: &str, path: &str, body: Value| {
        let answer = server.api(method, path, who, &body.to_string());
        assert!((200..300).contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.body);
        serde_json::from_str::<Value>(&answer.body).unwrap_or_default()
    };
    call(&ann, "POST", "/user/repos", json!({ "name": "app", "private": false }));
    server.put_secret(&ann, "/repos/ann/app/actions", "KEY", "the-base-s-own-value");
    let repository = TestRepository::from_files(&[(".github/workflows/ci.yml", BASE)]).expect("a repository");
    server.push(&repository, "main");
    call(&eve, "POST", "/repos/ann/app/forks", json!({}));
    let attack = ATTACK.replace("SERVER", &format!("127.0.0.1:{}", server.port()));
    for (path, text) in
        [(".github/workflows/ci.yml", attack.as_str()), ("attack/action.yml", ACTION), ("attack/index.js", SCRIPT)]
    {
        repository.write(path, text).expect("a file");
    }
    repository.commit_all("Attack").expect("a commit");
    let hers = format!("http://eve:eve-has-a-password@127.0.0.1:{}/eve/app.git", server.port());
    repository.git(&["push", "--quiet", &hers, "HEAD:refs/heads/attack"]).expect("a push");
    call(&eve, "POST", "/repos/ann/app/pulls", json!({ "title": "Help", "head": "eve:attack", "base": "main" }));
    // She was never merged here: nothing runs before somebody has looked.
    let mut run = Value::Null;
    super::instance::until("there is a run", || {
        run = call(&ann, "GET", "/repos/ann/app/actions/runs", Value::Null)["workflow_runs"][0].clone();
        !run.is_null()
    });
    assert_eq!(run["conclusion"], "action_required", "{run}");
    let of_run = format!("/repos/ann/app/actions/runs/{}", run["id"]);
    let refused = server.api("POST", &format!("{of_run}/approve"), &eve, "{}");
    assert!(matches!(refused.status, 403 | 404), "{}", refused.status);
    call(&ann, "POST", &format!("{of_run}/approve"), json!({}));
    server.completed_run("ann/app", 1);
    let log = server.log("ann/app", 1, 1);
    assert!(log.contains("the secret is []"), "{log}");
    assert!(log.contains("cache 403 ") && log.contains("cache write denied"), "{log}");
    assert!(log.contains("not pushed"), "{log}");
    let caches = call(&ann, "GET", "/repos/ann/app/actions/caches", Value::Null);
    assert_eq!(caches["total_count"], 0, "{caches}");
    // With the reason, in the audit log.
    let entries = call(&ann, "GET", "/repos/ann/app/audit-log?per_page=100", Value::Null).to_string();
    assert!(
        entries.contains("cache.write") && entries.contains("a run for a fork's pull request saves no caches"),
        "{entries}"
    );
    assert!(!entries.contains("the-base-s-own-value"), "{entries}");
}
