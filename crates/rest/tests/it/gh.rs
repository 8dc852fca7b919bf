//! GitHub's command line, as Debian has it. It speaks plain HTTP to one host only, `github.localhost`; the server of the test
//! is its proxy to that.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::fixture::{HOST, PASSWORD, Server};

struct Gh {
    server: Server,
    dir: tempfile::TempDir,
    clone: PathBuf,
    token: String,
}

impl Gh {
    /// A repository with a workflow, its clone, and a user who owns it; nothing where there is no `gh`.
    async fn start(test: &str) -> Option<Self> {
        if Command::new("gh").arg("--version").output().is_err() {
            testkit::skip(test, "gh is not on PATH");
            return None;
        }
        let server = Server::start().await;
        let ann = server.user("ann", false).await;
        let repo = server.repository("ann", ann, "app", "private").await;
        let dir = tempfile::tempdir().unwrap();
        let clone = server.push_workflow(dir.path(), "ann/app", "ann");
        server.run(repo.id).await;
        let token = server.token("ann", "repo read:org workflow").await;
        Some(Self { server, dir, clone, token })
    }

    fn try_run(&self, cwd: &Path, args: &[&str]) -> (bool, String) {
        let proxy = format!("http://{}", self.server.address);
        let output = Command::new("gh")
            .args(args)
            .current_dir(cwd)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.dir.path())
            .env("GH_CONFIG_DIR", self.dir.path().join("gh"))
            .env("GH_HOST", HOST)
            .env("GH_TOKEN", &self.token)
            .env("GH_NO_UPDATE_NOTIFIER", "1")
            .env("GH_PROMPT_DISABLED", "1")
            .env("NO_COLOR", "1")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("HTTP_PROXY", &proxy)
            .env("http_proxy", &proxy)
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), text(&output.stdout) + &text(&output.stderr))
    }

    /// What it printed; it must succeed.
    fn run(&self, args: &[&str]) -> String {
        let (well, text) = self.try_run(&self.clone, args);
        assert!(well, "gh {args:?}: {text}");
        text
    }

    fn json(&self, args: &[&str]) -> Value {
        let text = self.run(args);
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("gh {args:?}: {text}"))
    }

    /// A commit on a new branch, pushed.
    fn branch(&self, name: &str, file: &str) {
        self.server.git(&self.clone, &["checkout", "-qb", name, "main"]);
        std::fs::write(self.clone.join(file), "more\n").unwrap();
        self.server.git(&self.clone, &["add", "-A"]);
        self.server.git(&self.clone, &["commit", "-qm", &format!("Add {file}")]);
        self.server.git(&self.clone, &["push", "-q", "origin", name]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pull_requests() {
    let Some(gh) = Gh::start("pull_requests").await else { return };
    gh.server.git(&gh.clone, &["branch", "-M", "main"]);
    gh.branch("feature", "feature.txt");
    let created = gh.run(&[
        "pr",
        "create",
        "--title",
        "A feature",
        "--body",
        "It is new.",
        "--head",
        "feature",
        "--base",
        "main",
    ]);
    assert!(created.contains(&format!("http://{HOST}/ann/app/pull/1")), "{created}");
    let listed = gh.run(&["pr", "list"]);
    assert!(listed.contains("A feature") && listed.contains("feature"), "{listed}");
    assert!(gh.run(&["pr", "list", "--author", "ann"]).contains("A feature"));
    assert!(!gh.run(&["pr", "list", "--author", "bob"]).contains("A feature"));
    let fields = "number,title,state,author,mergeable,mergeStateStatus,additions,changedFiles,files,commits,headRefName,baseRefName,\
                  statusCheckRollup,reviewDecision,isDraft,url,headRepositoryOwner,labels,assignees,reviews,comments";
    let view = gh.json(&["pr", "view", "1", "--json", fields]);
    assert_eq!((view["state"].as_str(), view["mergeable"].as_str()), (Some("OPEN"), Some("MERGEABLE")), "{view}");
    assert_eq!(
        (view["additions"].as_i64(), view["files"][0]["path"].as_str()),
        (Some(1), Some("feature.txt")),
        "{view}"
    );
    assert_eq!(view["commits"][0]["messageHeadline"], "Add feature.txt", "{view}");
    let shown = gh.run(&["pr", "view", "1"]);
    assert!(shown.contains("It is new.") && shown.contains("A feature"), "{shown}");
    let status = gh.run(&["pr", "status"]);
    assert!(status.contains("#1  A feature"), "{status}");
    assert!(gh.run(&["pr", "diff", "1"]).contains("feature.txt"));
    // A second reviewer, who does not have to own the repository.
    gh.server.git(&gh.clone, &["checkout", "-q", "main"]);
    gh.run(&["pr", "checkout", "1"]);
    let head = gh.server.git(&gh.clone, &["rev-parse", "--abbrev-ref", "HEAD"]);
    assert_eq!(String::from_utf8_lossy(&head.stdout).trim(), "feature");
    let commented = gh.run(&["pr", "comment", "1", "--body", "Looks good."]);
    assert!(commented.contains("#issuecomment-"), "{commented}");
    gh.run(&["pr", "review", "1", "--comment", "--body", "A word."]);
    let view = gh.json(&["pr", "view", "1", "--json", "comments,reviews"]);
    assert_eq!(view["comments"][0]["body"], "Looks good.", "{view}");
    assert_eq!(
        (view["reviews"][0]["state"].as_str(), view["reviews"][0]["author"]["login"].as_str()),
        (Some("COMMENTED"), Some("ann"))
    );
    gh.run(&["pr", "close", "1"]);
    assert_eq!(gh.json(&["pr", "view", "1", "--json", "state"])["state"], "CLOSED");
    gh.run(&["pr", "reopen", "1"]);
    let merged = gh.run(&["pr", "merge", "1", "--squash"]);
    assert_eq!(gh.json(&["pr", "view", "1", "--json", "state"])["state"], "MERGED", "{merged}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_and_workflows() {
    let Some(gh) = Gh::start("runs_and_workflows").await else { return };
    assert!(gh.run(&["workflow", "list"]).contains("CI"));
    assert!(gh.run(&["workflow", "view", "CI"]).contains("CI"));
    let run = gh.json(&["run", "list", "--json", "databaseId,status,workflowName,headBranch,event"]);
    let id = run[0]["databaseId"].to_string();
    assert_eq!((run[0]["workflowName"].as_str(), run[0]["headBranch"].as_str()), (Some("CI"), Some("main")), "{run}");
    let viewed = gh.json(&["run", "view", &id, "--json", "jobs,workflowName,headSha,status"]);
    assert_eq!(
        (viewed["jobs"][0]["name"].as_str(), viewed["workflowName"].as_str()),
        (Some("build"), Some("CI")),
        "{viewed}"
    );
    let shown = gh.run(&["run", "view", &id]);
    assert!(shown.contains("build") && shown.contains("CI"), "{shown}");
    gh.run(&["run", "cancel", &id]);
    let (_, watched) = gh.try_run(&gh.clone, &["run", "watch", &id]);
    assert!(watched.contains("has already completed with 'cancelled'"), "{watched}");
    gh.run(&["run", "rerun", &id]);
    let attempt = gh.run(&["api", &format!("repos/{{owner}}/{{repo}}/actions/runs/{id}"), "--jq", ".run_attempt"]);
    assert_eq!(attempt.trim(), "2");
    gh.run(&["workflow", "disable", "CI"]);
    assert!(!gh.run(&["workflow", "list"]).contains("CI"));
    gh.run(&["workflow", "enable", "CI"]);
    gh.run(&["workflow", "run", "CI"]);
    let (well, _) = gh.try_run(&gh.clone, &["run", "view", "999999"]);
    assert!(!well);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repositories_secrets_and_the_api() {
    let Some(gh) = Gh::start("repositories_secrets_and_the_api").await else { return };
    let view =
        gh.json(&["repo", "view", "ann/app", "--json", "name,owner,isPrivate,defaultBranchRef,viewerPermission"]);
    assert_eq!(
        (view["name"].as_str(), view["defaultBranchRef"]["name"].as_str()),
        (Some("app"), Some("main")),
        "{view}"
    );
    assert_eq!((view["viewerPermission"].as_str(), view["isPrivate"].as_bool()), (Some("ADMIN"), Some(true)), "{view}");
    // gh hands its token to git over TLS only.
    let with_token = format!("[url \"http://ann:{}@{HOST}/\"]\n\tinsteadOf = http://{HOST}/\n", gh.token);
    std::fs::write(gh.dir.path().join(".gitconfig"), with_token).unwrap();
    let (well, text) = gh.try_run(gh.dir.path(), &["repo", "clone", "ann/app", "again"]);
    assert!(well && gh.dir.path().join("again/README.md").is_file(), "{text}");
    let created = gh.run(&["repo", "create", "second", "--private"]);
    assert!(created.contains("ann/second"), "{created}");
    gh.run(&["secret", "set", "NPM_TOKEN", "--body", "hush"]);
    assert!(gh.run(&["secret", "list"]).contains("NPM_TOKEN"));
    gh.run(&["secret", "delete", "NPM_TOKEN"]);
    assert!(!gh.run(&["secret", "list"]).contains("NPM_TOKEN"));
    assert_eq!(gh.json(&["api", "user"])["login"], "ann");
    gh.run(&["api", "repos/{owner}/{repo}/actions/variables", "-f", "name=REGION", "-f", "value=eu"]);
    assert_eq!(gh.run(&["api", "repos/{owner}/{repo}/actions/variables/REGION", "--jq", ".value"]).trim(), "eu");
    let pages = gh.run(&["api", "--paginate", "users?per_page=1", "--jq", ".[].login"]);
    assert_eq!(pages.lines().collect::<Vec<_>>(), ["github-actions[bot]", "ann"]);
    let viewer = gh.run(&["api", "graphql", "-f", "query={ viewer { login } }", "--jq", ".data.viewer.login"]);
    assert_eq!(viewer.trim(), "ann");
    let (well, text) = gh.try_run(&gh.clone, &["api", "repos/ann/none"]);
    assert!(!well && text.contains("Not Found (HTTP 404)"), "{text}");
    assert!(gh.run(&["auth", "status", "--hostname", HOST]).contains("Logged in to github.localhost as ann"));
    assert!(!PASSWORD.is_empty());
}
