//! GitHub's command line against a server with runners, over HTTPS.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::https::{HOST, Https};
use super::instance::until;

struct Gh {
    https: Https,
    clone: PathBuf,
    token: String,
}

/// A job that makes an artifact and a cache, and one that fails when it is told to.
const WORKFLOW: &str = "name: CI
on:
  push: { branches: [main] }
  pull_request:
  workflow_dispatch:
    inputs:
      who: { required: true, default: world }
      fail: { type: boolean, default: false }
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: |
          echo \"hello ${{ inputs.who }}\"
          mkdir -p out && echo \"made by attempt ${{ github.run_attempt }}\" > out/made.txt
      - uses: actions/upload-artifact@v4
        with: { name: result, path: out }
      - uses: actions/cache@v4
        with: { path: out, key: 'out-${{ github.run_id }}' }
  check:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - run: |
          echo '::error file=README.md,line=1::it is wrong'
          [ '${{ inputs.fail }}' != true ]
";

impl Gh {
    /// `ann/app` with a workflow, pushed; ann's token, with every scope.
    fn start(test: &str) -> Option<Self> {
        if Command::new("gh").arg("--version").output().is_err() {
            testkit::skip(test, "gh is not on PATH");
            return None;
        }
        let https = Https::start(test, &["--runners", "2", "--offline"])?;
        let token = https.server.feed(&["admin", "token", "ann"], "");
        let token = token.lines().last().expect("a token").to_owned();
        let clone = https.scratch().join("clone");
        std::fs::create_dir_all(clone.join(".github/workflows")).expect("a directory");
        std::fs::write(clone.join(".github/workflows/ci.yml"), WORKFLOW).expect("a file");
        std::fs::write(clone.join("README.md"), "# App\n").expect("a file");
        let gh = Self { https, clone, token };
        // git asks gh for its token from here on.
        gh.gh(&["auth", "setup-git"]);
        gh.gh(&["repo", "create", "app", "--private"]);
        gh.git(&["init", "--quiet", "--initial-branch=main"]);
        gh.git(&["config", "user.name", "Ann"]);
        gh.git(&["config", "user.email", "ann@example.com"]);
        gh.git(&["remote", "add", "origin", &format!("https://{HOST}/ann/app.git")]);
        gh.commit("First");
        gh.git(&["push", "--quiet", "origin", "main"]);
        Some(gh)
    }

    fn command(&self, program: &str, token: &str) -> Command {
        let mut command = self.https.client(program, &self.clone);
        command
            .env("GH_HOST", HOST)
            .env("GH_ENTERPRISE_TOKEN", token)
            .env("GH_CONFIG_DIR", self.https.scratch().join("gh"))
            .env("GH_NO_UPDATE_NOTIFIER", "1")
            .env("GH_PROMPT_DISABLED", "1")
            .env("NO_COLOR", "1");
        command
    }

    fn try_as(&self, token: &str, arguments: &[&str]) -> (bool, String) {
        let output = self.command("gh", token).args(arguments).output().expect("gh");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), text(&output.stdout) + &text(&output.stderr))
    }

    /// What gh printed; it must succeed.
    fn gh(&self, arguments: &[&str]) -> String {
        let (well, text) = self.try_as(&self.token, arguments);
        assert!(well, "gh {arguments:?}: {text}");
        text
    }

    /// What gh printed when it must fail.
    fn refused(&self, arguments: &[&str]) -> String {
        let (well, text) = self.try_as(&self.token, arguments);
        assert!(!well, "gh {arguments:?} was to fail: {text}");
        text
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = self.command("git", &self.token).args(arguments).output().expect("git");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    /// A commit on a new branch, pushed.
    fn branch(&self, name: &str) {
        self.git(&["checkout", "--quiet", "-b", name, "main"]);
        std::fs::write(self.clone.join(format!("{name}.txt")), "more\n").expect("a file");
        self.commit(&format!("Add {name}"));
        self.git(&["push", "--quiet", "origin", name]);
    }

    /// The newest run of an event, once there are so many of them; it is watched until it ends.
    fn watched(&self, event: &str, count: usize) -> String {
        let jq =
            format!("[.[] | select(.event == \"{event}\")] | if length < {count} then \"\" else .[0].databaseId end");
        let mut id = String::new();
        until(&format!("there are {count} runs of {event}"), || {
            id = self.gh(&["run", "list", "--json", "databaseId,event", "--jq", &jq]).trim().to_owned();
            !id.is_empty()
        });
        self.gh(&["run", "watch", &id, "--interval", "1"]);
        id
    }

    fn file(&self, name: &str) -> PathBuf {
        self.https.scratch().join(name)
    }
}

fn text_of(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn gh_follows_runs_and_runs_them_again() {
    let Some(gh) = Gh::start("gh_follows_runs_and_runs_them_again") else { return };
    let pushed = gh.watched("push", 1);
    assert!(gh.gh(&["run", "list"]).contains("completed\tsuccess\tFirst\tCI\tmain\tpush"));
    assert!(gh.gh(&["run", "list", "--workflow", "CI", "--branch", "main", "--user", "ann"]).contains("First"));
    assert!(!gh.gh(&["run", "list", "--branch", "other"]).contains("First"));
    assert!(gh.gh(&["workflow", "list"]).contains("CI\tactive"));
    assert!(gh.gh(&["workflow", "view", "CI"]).contains("Total runs 1"));
    assert!(gh.gh(&["workflow", "view", "CI", "--yaml"]).contains("workflow_dispatch:"));
    // A run by hand, which fails in its second job.
    gh.gh(&["workflow", "run", "CI", "-f", "who=gh", "-f", "fail=true"]);
    let failed = gh.watched("workflow_dispatch", 1);
    let viewed = gh.gh(&["run", "view", &failed]);
    assert!(viewed.contains("✓ build in") && viewed.contains("X check in") && viewed.contains("result"), "{viewed}");
    gh.refused(&["run", "view", &failed, "--exit-status"]);
    let log = gh.gh(&["run", "view", &failed, "--log"]);
    assert!(log.contains("hello gh") && log.contains("it is wrong"), "{log}");
    let of_failed = gh.gh(&["run", "view", &failed, "--log-failed"]);
    assert!(of_failed.contains("##[error]it is wrong") && !of_failed.contains("hello gh"), "{of_failed}");
    let job =
        gh.gh(&["run", "view", &failed, "--json", "jobs", "--jq", ".jobs[] | select(.name == \"build\").databaseId"]);
    let log = gh.gh(&["run", "view", "--job", job.trim(), "--log"]);
    assert!(log.contains("hello gh") && !log.contains("it is wrong"), "{log}");
    // Artifacts.
    gh.gh(&["run", "download", &pushed, "--name", "result", "--dir", &gh.file("one").to_string_lossy()]);
    assert_eq!(text_of(&gh.file("one/made.txt")), "made by attempt 1\n");
    gh.gh(&["run", "download", &pushed, "--dir", &gh.file("all").to_string_lossy()]);
    assert_eq!(text_of(&gh.file("all/result/made.txt")), "made by attempt 1\n");
    // Again: what failed, then everything with debug logging, then one job with what needs it.
    let attempt = |number: &str| {
        gh.gh(&["run", "watch", &failed, "--interval", "1"]);
        let jq = ".run_attempt";
        assert_eq!(gh.gh(&["api", &format!("repos/ann/app/actions/runs/{failed}"), "--jq", jq]).trim(), number);
        gh.gh(&["run", "view", &failed])
    };
    gh.gh(&["run", "rerun", &failed, "--failed"]);
    let second = attempt("2");
    assert!(second.contains("✓ build in 0s") && second.contains("X check in"), "{second}");
    gh.gh(&["run", "rerun", &failed, "--debug"]);
    let third = attempt("3");
    assert!(third.contains("✓ build in") && third.contains("X check in"), "{third}");
    gh.gh(&["run", "download", &failed, "--name", "result", "--dir", &gh.file("third").to_string_lossy()]);
    assert_eq!(text_of(&gh.file("third/made.txt")), "made by attempt 3\n");
    let job =
        gh.gh(&["run", "view", &failed, "--json", "jobs", "--jq", ".jobs[] | select(.name == \"check\").databaseId"]);
    gh.gh(&["run", "rerun", "--job", job.trim()]);
    attempt("4");
    // Caches, which this gh has no command for.
    let keys = gh.gh(&["api", "repos/ann/app/actions/caches", "--jq", ".actions_caches[].key"]);
    let key = format!("out-{pushed}");
    assert!(keys.lines().any(|found| found == key), "{keys}");
    gh.gh(&["api", "-X", "DELETE", &format!("repos/ann/app/actions/caches?key={key}")]);
    assert!(!gh.gh(&["api", "repos/ann/app/actions/caches", "--jq", ".actions_caches[].key"]).contains(&key));
    // Off and on.
    gh.gh(&["workflow", "disable", "CI"]);
    assert!(gh.gh(&["workflow", "list", "--all"]).contains("CI\tdisabled_manually"));
    gh.refused(&["workflow", "run", "CI"]);
    gh.gh(&["workflow", "enable", "CI"]);
    assert!(gh.gh(&["workflow", "list"]).contains("CI\tactive"));
}

const ENDLESS: &str = "on: push
jobs:
  wait:
    runs-on: ubuntu-latest
    steps:
      - run: sleep 100000
";

#[test]
fn gh_cancels_a_run() {
    let Some(gh) = Gh::start("gh_cancels_a_run") else { return };
    gh.watched("push", 1);
    std::fs::write(gh.clone.join(".github/workflows/ci.yml"), ENDLESS).expect("a file");
    gh.commit("Second");
    gh.git(&["push", "--quiet", "origin", "main"]);
    let mut id = String::new();
    until("the step runs", || {
        let jq = ".[] | select(.status == \"in_progress\").databaseId";
        id = gh.gh(&["run", "list", "--json", "databaseId,status", "--jq", jq]).trim().to_owned();
        !id.is_empty()
    });
    gh.gh(&["run", "cancel", &id]);
    gh.gh(&["run", "watch", &id, "--interval", "1"]);
    assert_eq!(gh.gh(&["run", "view", &id, "--json", "conclusion", "--jq", ".conclusion"]).trim(), "cancelled");
    assert!(gh.refused(&["run", "cancel", &id]).contains("completed"));
}

#[test]
fn gh_keeps_secrets_variables_and_releases() {
    let Some(gh) = Gh::start("gh_keeps_secrets_variables_and_releases") else { return };
    gh.gh(&["secret", "set", "ONE", "--body", "hush"]);
    std::fs::write(gh.file("dotenv"), "TWO=2\nTHREE=3\n").expect("a file");
    gh.gh(&["secret", "set", "--env-file", &gh.file("dotenv").to_string_lossy()]);
    let names =
        |list: String| list.lines().filter_map(|line| Some(line.split('\t').next()?.to_owned())).collect::<Vec<_>>();
    assert_eq!(names(gh.gh(&["secret", "list"])), ["ONE", "THREE", "TWO"]);
    gh.gh(&["secret", "delete", "TWO"]);
    assert_eq!(names(gh.gh(&["secret", "list"])), ["ONE", "THREE"]);
    gh.gh(&["api", "-X", "PUT", "repos/ann/app/environments/production"]);
    gh.gh(&["secret", "set", "DEEP", "--env", "production", "--body", "hush"]);
    assert_eq!(names(gh.gh(&["secret", "list", "--env", "production"])), ["DEEP"]);
    gh.gh(&["secret", "delete", "DEEP", "--env", "production"]);
    assert!(names(gh.gh(&["secret", "list", "--env", "production"])).is_empty());
    gh.gh(&["api", "admin/organizations", "-f", "login=acme", "-f", "admin=ann"]);
    gh.gh(&["repo", "create", "acme/tool", "--private"]);
    gh.gh(&["secret", "set", "ALL", "--org", "acme", "--visibility", "all", "--body", "hush"]);
    gh.gh(&["secret", "set", "SOME", "--org", "acme", "--repos", "tool", "--body", "hush"]);
    let of_org = gh.gh(&["secret", "list", "--org", "acme"]);
    assert!(
        of_org.contains("ALL\t") && of_org.lines().any(|line| line.starts_with("SOME\t") && line.ends_with("SELECTED")),
        "{of_org}"
    );
    gh.gh(&["secret", "delete", "ALL", "--org", "acme"]);
    gh.gh(&["secret", "set", "BOT", "--app", "dependabot", "--body", "hush"]);
    assert_eq!(names(gh.gh(&["secret", "list", "--app", "dependabot"])), ["BOT"]);
    // Variables, which this gh has no command for.
    for place in ["repos/ann/app/actions", "repos/ann/app/environments/production", "orgs/acme/actions"] {
        let path = format!("{place}/variables");
        let mut arguments = vec!["api", &path, "-f", "name=REGION", "-f", "value=eu"];
        if place.starts_with("orgs") {
            arguments.extend(["-f", "visibility=all"]);
        }
        gh.gh(&arguments);
        gh.gh(&["api", "-X", "PATCH", &format!("{path}/REGION"), "-f", "value=us"]);
        assert_eq!(gh.gh(&["api", &path, "--jq", ".variables[] | .name + \"=\" + .value"]).trim(), "REGION=us");
        gh.gh(&["api", "-X", "DELETE", &format!("{path}/REGION")]);
    }
    // Releases.
    let (text, binary) = (gh.file("asset.txt"), gh.file("asset.bin"));
    std::fs::write(&text, "v1\n").expect("a file");
    std::fs::write(&binary, b"\0binary").expect("a file");
    let labelled = format!("{}#A binary", binary.display());
    let made = gh.gh(&[
        "release",
        "create",
        "v1.0.0",
        &text.to_string_lossy(),
        &labelled,
        "--title",
        "One",
        "--notes",
        "First",
    ]);
    assert_eq!(made.trim(), format!("https://{HOST}/ann/app/releases/tag/v1.0.0"));
    gh.gh(&["release", "create", "v1.1.0-rc", "--prerelease", "--generate-notes"]);
    gh.gh(&["release", "create", "v2", "--draft", "--title", "Two", "--notes", "later"]);
    let listed = gh.gh(&["release", "list"]);
    assert!(
        listed.contains("Two\tDraft") && listed.contains("One\tLatest") && listed.contains("Pre-release"),
        "{listed}"
    );
    gh.gh(&["release", "edit", "v2", "--draft=false", "--notes", "now"]);
    let viewed = gh.gh(&["release", "view", "v1.0.0"]);
    assert!(viewed.contains("asset:\tasset.txt") && viewed.contains("asset:\tasset.bin"), "{viewed}");
    std::fs::write(&text, "v1, mended\n").expect("a file");
    gh.gh(&["release", "upload", "v1.0.0", &text.to_string_lossy(), "--clobber"]);
    let down = gh.file("down");
    gh.gh(&["release", "download", "v1.0.0", "--dir", &down.to_string_lossy()]);
    assert_eq!(text_of(&down.join("asset.txt")), "v1, mended\n");
    assert_eq!(std::fs::read(down.join("asset.bin")).expect("a file"), b"\0binary");
    gh.gh(&["release", "download", "v1.0.0", "--archive", "tar.gz", "--dir", &down.to_string_lossy()]);
    // By the address that its page has, too.
    let url = gh.gh(&[
        "release",
        "view",
        "v1.0.0",
        "--json",
        "assets",
        "--jq",
        ".assets[] | select(.name == \"asset.txt\").url",
    ]);
    let authorization = format!("authorization: Bearer {}", gh.token);
    let fetched = gh.command("curl", "").args(["--silent", "--fail", "--header", &authorization, url.trim()]).output();
    if let Ok(fetched) = fetched {
        assert_eq!(String::from_utf8_lossy(&fetched.stdout), "v1, mended\n", "{url}");
    }
    gh.gh(&["release", "delete-asset", "v1.0.0", "asset.txt", "--yes"]);
    gh.gh(&["release", "delete", "v1.0.0", "--yes", "--cleanup-tag"]);
    assert!(gh.refused(&["release", "view", "v1.0.0"]).contains("release not found"));
    assert!(!gh.git(&["ls-remote", "origin"]).contains("v1.0.0"));
}

#[test]
fn gh_brings_a_pull_request_through_its_life() {
    let Some(gh) = Gh::start("gh_brings_a_pull_request_through_its_life") else { return };
    gh.https.server.feed(&["admin", "user", "add", "bob"], "bob-has-a-password");
    let bob = gh.https.server.feed(&["admin", "token", "bob"], "");
    let bob = bob.lines().last().expect("a token").to_owned();
    let as_bob = |arguments: &[&str]| {
        let (well, text) = gh.try_as(&bob, arguments);
        assert!(well, "gh {arguments:?}: {text}");
    };
    gh.gh(&["api", "-X", "PUT", "repos/ann/app/collaborators/bob", "-f", "permission=push"]);
    gh.gh(&["label", "create", "bug", "--color", "ff0000"]);
    gh.branch("feature");
    let people = ["--label", "bug", "--assignee", "ann", "--reviewer", "bob"];
    let made = gh.gh(&[&["pr", "create", "--title", "A feature", "--body", "New."][..], &people].concat());
    assert_eq!(made.lines().last(), Some(format!("https://{HOST}/ann/app/pull/1").as_str()));
    gh.watched("pull_request", 1);
    let checks = gh.gh(&["pr", "checks", "1", "--watch", "--interval", "1"]);
    assert!(checks.contains("build\tpass") && checks.contains("check\tpass"), "{checks}");
    assert!(gh.gh(&["pr", "list", "--label", "bug"]).contains("A feature"));
    assert!(gh.gh(&["pr", "status"]).contains("Checks passing"));
    let viewed = gh.gh(&["pr", "view", "1"]);
    assert!(viewed.contains("bob (Requested)") && viewed.contains("assignees:\tann"), "{viewed}");
    gh.gh(&["pr", "edit", "1", "--title", "A better feature", "--remove-reviewer", "bob", "--add-reviewer", "bob"]);
    gh.gh(&["pr", "comment", "1", "--body", "Please look."]);
    gh.git(&["checkout", "--quiet", "main"]);
    gh.gh(&["pr", "checkout", "1"]);
    assert_eq!(gh.git(&["rev-parse", "--abbrev-ref", "HEAD"]), "feature");
    assert!(gh.gh(&["pr", "diff", "1", "--name-only"]).contains("feature.txt"));
    // Nobody approves their own; a branch that wants an approval waits for somebody else's.
    assert!(gh.refused(&["pr", "review", "1", "--approve"]).contains("Can not approve your own pull request"));
    let rules = r#"{"required_pull_request_reviews":{"required_approving_review_count":1},"enforce_admins":true,
        "required_status_checks":null,"restrictions":null}"#;
    std::fs::write(gh.file("rules.json"), rules).expect("a file");
    let rules = gh.file("rules.json").to_string_lossy().into_owned();
    gh.gh(&["api", "-X", "PUT", "repos/ann/app/branches/main/protection", "--input", &rules]);
    assert!(gh.refused(&["pr", "merge", "1", "--squash"]).contains("not mergeable"));
    let not_allowed = gh.refused(&["pr", "merge", "1", "--squash", "--auto"]);
    assert!(not_allowed.contains("Auto merge is not allowed"), "{not_allowed}");
    gh.gh(&["repo", "edit", "--enable-auto-merge"]);
    gh.gh(&["pr", "merge", "1", "--squash", "--auto"]);
    gh.gh(&["pr", "merge", "1", "--disable-auto"]);
    gh.gh(&["pr", "merge", "1", "--squash", "--auto"]);
    assert_eq!(gh.gh(&["api", "repos/ann/app/pulls/1", "--jq", ".auto_merge.merge_method"]).trim(), "squash");
    as_bob(&["pr", "review", "1", "--request-changes", "--body", "Not yet."]);
    as_bob(&["pr", "review", "1", "--approve", "--body", "Now."]);
    until("the pull request has merged itself", || {
        gh.gh(&["pr", "view", "1", "--json", "state", "--jq", ".state"]).trim() == "MERGED"
    });
    assert_eq!(gh.gh(&["pr", "view", "1", "--json", "mergedBy", "--jq", ".mergedBy.login"]).trim(), "ann");
    // Drafts, and what is closed.
    gh.branch("second");
    gh.gh(&["pr", "create", "--draft", "--title", "Later", "--body", ""]);
    gh.gh(&["pr", "ready", "2"]);
    gh.gh(&["pr", "ready", "2", "--undo"]);
    gh.gh(&["pr", "close", "2", "--comment", "No."]);
    gh.gh(&["pr", "reopen", "2"]);
    gh.gh(&["pr", "close", "2", "--delete-branch"]);
    assert!(gh.gh(&["pr", "list", "--state", "closed"]).contains("Later"));
    // Issues.
    let made =
        gh.gh(&["issue", "create", "--title", "Broken", "--body", "It is.", "--label", "bug", "--assignee", "@me"]);
    assert_eq!(made.lines().last(), Some(format!("https://{HOST}/ann/app/issues/3").as_str()));
    assert!(gh.gh(&["issue", "list", "--label", "bug", "--assignee", "ann"]).contains("Broken"));
    gh.gh(&["issue", "edit", "3", "--title", "Really broken", "--remove-label", "bug"]);
    gh.gh(&["issue", "comment", "3", "--body", "Yes."]);
    assert!(gh.gh(&["issue", "status"]).contains("Really broken"));
    gh.gh(&["issue", "lock", "3"]);
    gh.gh(&["issue", "unlock", "3"]);
    gh.gh(&["issue", "close", "3", "--reason", "not planned"]);
    assert_eq!(gh.gh(&["api", "repos/ann/app/issues/3", "--jq", ".state_reason"]).trim(), "not_planned");
    gh.gh(&["issue", "reopen", "3"]);
    let viewed = gh.gh(&["issue", "view", "3", "--comments"]);
    assert!(viewed.contains("Yes."), "{viewed}");
}
