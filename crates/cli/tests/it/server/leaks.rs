//! Nothing that is secret is ever shown: values planted before are looked for in every answer, page, log, and on the disk.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use testkit::TestRepository;

use super::instance::{Instance, PASSWORD};

/// The master key, which the server has from its environment.
const KEY: &[u8; 32] = b"a-master-key-of-thirty-two-bytes";

/// Shows what it was given, and its token; and fails, so that there is something to tell.
const WORKFLOW: &str = "name: CI
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    environment: production
    steps:
      - run: |
          echo \"repository: $REPO, organisation: $ORG, environment: $DEEP, token: $TOKEN\"
          echo \"::error::the value is $REPO\"
          echo \"the value is $DEEP\" >> \"$GITHUB_STEP_SUMMARY\"
          echo \"named=$ORG\" >> \"$GITHUB_OUTPUT\"
          exit 1
        env:
          REPO: ${{ secrets.REPO }}
          ORG: ${{ secrets.ORG }}
          DEEP: ${{ secrets.DEEP }}
          TOKEN: ${{ github.token }}
";

struct Planted {
    server: Instance,
    bearer: String,
    /// Values that may be shown nowhere, with what they are.
    secrets: Vec<(&'static str, String)>,
    /// Answers in which one was.
    leaks: Vec<String>,
}

impl Planted {
    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = self.server.api(method, path, &self.bearer, &body.to_string());
        assert!((200..300).contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.body);
        serde_json::from_str(&answer.body).unwrap_or_default()
    }

    /// A secret that workflows of the repository get, put as clients put it.
    fn plant(&mut self, what: &'static str, place: &str, name: &str, value: &str) {
        self.server.put_secret(&self.bearer, place, name, value);
        self.secrets.push((what, value.to_owned()));
    }

    fn look(&mut self, place: &str, text: &str) {
        for (what, secret) in &self.secrets {
            if text.contains(secret.as_str()) {
                self.leaks.push(format!("{what} in {place}"));
            }
        }
    }

    /// Every route that reads, with names of what is there; how many there were.
    fn read_everything(&mut self) -> usize {
        let description = self.call("GET", "/openapi.json", &Value::Null);
        let paths = description["paths"].as_object().expect("paths").clone();
        let mut read = 0;
        for (path, methods) in &paths {
            if methods.get("get").is_none() {
                continue;
            }
            let mut filled = path.clone();
            while let Some((before, rest)) = filled.split_once('{') {
                let (name, after) = rest.split_once('}').expect("a name");
                let value = match name {
                    "owner" | "username" => "ann",
                    "org" => "acme",
                    "repo" => "app",
                    "environment_name" | "environment" => "production",
                    "name" | "secret_name" => "REPO",
                    "branch" | "ref" | "sha" | "commit_sha" => "main",
                    "workflow_id" => "ci.yml",
                    "path" => "README.md",
                    _ => "1",
                };
                filled = format!("{before}{value}{after}");
            }
            let answer = self.server.api("GET", &filled, &self.bearer, "");
            assert!(answer.status < 500, "{filled}: {} {}", answer.status, answer.body);
            self.look(&format!("GET {filled}"), &format!("{}\n{}", answer.head, answer.body));
            if let Some(elsewhere) = answer.location() {
                let path = elsewhere.split("/api/v3").nth(1).unwrap_or(&elsewhere).to_owned();
                let answer = self.server.api("GET", &path, &self.bearer, "");
                self.look(&format!("what GET {filled} leads to"), &answer.body);
            }
            read += 1;
        }
        read
    }

    fn read_pages(&mut self) {
        let session = self.server.session();
        for path in [
            "/",
            "/ann/app",
            "/ann/app/runs/1",
            "/ann/app/runs/1?part=run",
            "/ann/app/runs/1/jobs/1",
            "/ann/app/runs/1/jobs/1/log.txt",
            "/ann/app/runs/1/jobs/1/lines",
            "/ann/app/runs/1/changes",
            "/ann/app/pulls",
            "/ann/app/issues",
            "/ann/app/releases",
            "/login",
            "/setup?token=x",
            "/nothing/here",
            "/metrics",
            "/healthz",
            "/readyz",
            "/.well-known/openid-configuration",
        ] {
            let answer = self.server.get(path, Some(&session));
            assert!(answer.status < 500, "{path}: {} {}", answer.status, answer.body);
            self.look(path, &format!("{}\n{}", answer.head, answer.body));
        }
    }

    /// Requests that go wrong, with the secrets in them where a careless server repeats them.
    fn provoke(&mut self) {
        let bearer = self.bearer.clone();
        let token = bearer.trim_start_matches("Bearer ").to_owned();
        for (method, path, who, body) in [
            ("POST", "/user/repos", bearer.as_str(), "{ no json"),
            ("PUT", "/repos/ann/app/actions/secrets/REPO", &bearer, "{\"encrypted_value\":\"AAAA\",\"key_id\":\"0\"}"),
            ("GET", "/repos/ann/none", &bearer, ""),
            ("GET", "/user", &format!("Bearer {token}x"), ""),
            ("POST", "/repos/ann/app/hooks", &bearer, "{\"config\":{\"url\":7}}"),
        ] {
            let answer = self.server.api(method, path, who, body);
            assert!((400..500).contains(&answer.status), "{method} {path}: {}", answer.status);
            self.look(&format!("{method} {path}"), &format!("{}\n{}", answer.head, answer.body));
        }
        for form in [format!("login=nobody&password={PASSWORD}"), format!("login=ann&password={PASSWORD}x")] {
            let answer = self.server.post("/login", &form, None);
            self.look("POST /login", &answer.body);
        }
    }

    /// All files of a directory, but git's objects, which are what somebody pushed.
    fn read_disk(&mut self, directory: &Path) -> usize {
        let mut read = 0;
        let mut waiting: Vec<PathBuf> = vec![directory.to_owned()];
        while let Some(next) = waiting.pop() {
            if next.is_dir() {
                waiting.extend(std::fs::read_dir(&next).expect("a directory").flatten().map(|entry| entry.path()));
            } else if let Ok(bytes) = std::fs::read(&next) {
                self.look(&next.display().to_string(), &String::from_utf8_lossy(&bytes));
                read += 1;
            }
        }
        read
    }
}

#[test]
fn no_secret_is_in_any_answer_page_log_or_file() {
    let key = BASE64_STANDARD.encode(KEY);
    let server = Instance::start_in(&["--runners", "1", "--offline"], &[("TRUNKLINE_MASTER_KEY", key.clone())]);
    let bearer = server.bearer("ann");
    let token = bearer.trim_start_matches("Bearer ").to_owned();
    let mut planted = Planted { server, bearer, secrets: Vec::new(), leaks: Vec::new() };
    planted.secrets.extend([
        ("the password", PASSWORD.to_owned()),
        ("the token", token),
        ("the master key", key),
        ("the master key", hex::encode(KEY)),
        ("the master key", String::from_utf8_lossy(KEY).into_owned()),
    ]);
    planted.call("POST", "/user/repos", &json!({ "name": "app", "private": true }));
    planted.call("POST", "/admin/organizations", &json!({ "login": "acme", "admin": "ann" }));
    planted.call("PUT", "/repos/ann/app/environments/production", &json!({}));
    planted.plant("a secret of the repository", "/repos/ann/app/actions", "REPO", "planted-in-the-repository-4711");
    planted.plant(
        "a secret of the environment",
        "/repos/ann/app/environments/production",
        "DEEP",
        "planted-in-the-environment-4712",
    );
    planted.plant("a secret of the organisation", "/orgs/acme/actions", "ORG", "planted-in-the-organisation-4713");
    let hook = json!({ "config": { "url": "http://hooks.example.com/", "secret": "planted-in-a-webhook-4714" }, "events": ["*"] });
    planted.call("POST", "/repos/ann/app/hooks", &hook);
    // Made with a password: a token makes none.
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("ann:{PASSWORD}")));
    let made = planted.server.api("POST", "/user/tokens", &basic, "{\"name\":\"another\",\"scopes\":[\"repo\"]}");
    let made: Value = serde_json::from_str(&made.body).expect("a token");
    let another = made["token"].as_str().expect("a token").to_owned();
    planted
        .secrets
        .extend([("a webhook's secret", "planted-in-a-webhook-4714".to_owned()), ("another token", another)]);
    let repository = TestRepository::from_files(&[(".github/workflows/ci.yml", WORKFLOW), ("README.md", "# App\n")]);
    let repository = repository.expect("a repository");
    planted.server.push(&repository, "main");
    planted.server.completed_run("ann/app", 1);
    let log = planted.server.log("ann/app", 1, 1);
    assert!(log.contains("repository: ***") && log.contains("environment: ***, token: ***"), "{log}");
    // Answers alone: on the disk, hashes are what they are for.
    planted.secrets.push(("a password's hash", "$argon2".to_owned()));
    let read = planted.read_everything();
    assert!(read > 100, "{read}");
    planted.read_pages();
    planted.provoke();
    planted.secrets.pop();
    let printed = planted.server.printed();
    assert!(printed.contains("job 1"), "{printed}");
    planted.look("what the server printed", &printed);
    let data = planted.server.data();
    assert!(planted.read_disk(&data) > 20);
    assert_eq!(planted.leaks, Vec::<String>::new());
    // What is not found must be findable: the log's own words are on the disk, the job's masks among them.
    planted.secrets = vec![("a mark", "planted-in-the".to_owned()), ("the repository's name", "ann".to_owned())];
    planted.read_disk(&data);
    assert!(planted.leaks.iter().any(|leak| leak.starts_with("the repository's name in ")));
    assert!(!planted.leaks.iter().any(|leak| leak.starts_with("a mark")), "{:?}", planted.leaks);
}
