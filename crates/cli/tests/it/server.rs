//! `trunkline serve` and `trunkline runner` as processes: git push in, runs out, nothing lost.

mod browser;
mod doors;
mod facts;
mod figures;
mod gh;
mod https;
mod images;
mod instance;
mod leaks;
mod never_lost;
mod outsiders;
mod pages;
mod settings;

use std::time::Duration;

use testkit::TestRepository;

use self::instance::{Instance, RunnerProcess};

const HELLO: &str = "
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: |
          cat greeting.txt
          echo \"the token is ${{ github.token }}\"
          git log --format=%s
";

fn repository(workflow: &str) -> TestRepository {
    TestRepository::from_files(&[(".github/workflows/ci.yml", workflow), ("greeting.txt", "hello from a push\n")])
        .expect("a repository")
}

#[test]
fn a_push_runs_on_a_local_runner_and_its_log_is_read() {
    let server = Instance::start(&["--runners", "1", "--offline"]);
    let repository = repository(HELLO);
    server.push(&repository, "main");
    let run = server.completed_run("ann/app", 1);
    assert!(run.contains("sign success"), "{run}");
    let log = server.log("ann/app", 1, 1);
    assert!(log.contains("hello from a push"), "{log}");
    assert!(log.contains("Initial commit"), "{log}");
    // Masked before it left the runner.
    assert!(log.contains("the token is ***"), "{log}");
    // The next push makes the next run.
    repository.write("greeting.txt", "once more\n").expect("a file");
    repository.commit_all("Second commit").expect("a commit");
    server.push(&repository, "main");
    let run = server.completed_run("ann/app", 2);
    assert!(run.contains("Second commit") && run.contains("sign success"), "{run}");
    assert!(server.log("ann/app", 2, 2).contains("once more"));
}

/// Prints without end until a file appears beside the tools, which is the one directory that jobs share with the test.
const UNTIL_TOLD: &str = "
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: |
          n=0
          until [ -e \"$RUNNER_TOOL_CACHE/go-on\" ]; do n=$((n + 1)); echo \"line $n\"; touch \"$RUNNER_TOOL_CACHE/runs\"; sleep 0.01; done
          echo \"that were $n lines\"
";

/// All numbers from 1 to the one that the last line tells, each once and in order.
fn assert_whole(log: &str) {
    let numbers: Vec<u64> = log.lines().filter_map(|line| line.split("Z line ").nth(1)?.parse().ok()).collect();
    let told: Option<u64> =
        log.lines().find_map(|line| line.split("Z that were ").nth(1)?.strip_suffix(" lines")?.parse().ok());
    let last = told.unwrap_or_else(|| panic!("the last line is missing: {log}"));
    assert_eq!(numbers, (1..=last).collect::<Vec<_>>());
}

#[test]
fn a_server_that_is_killed_and_started_again_loses_no_line_of_a_running_job() {
    let mut server = Instance::start(&["--runners", "0"]);
    let runner = RunnerProcess::start(&server, &["--offline"]);
    server.push(&repository(UNTIL_TOLD), "main");
    instance::until("the step runs", || runner.tools().join("runs").exists());
    server.kill();
    std::fs::remove_file(runner.tools().join("runs")).expect("the sign of life");
    // The job goes on without a server.
    instance::until("the step still runs", || runner.tools().join("runs").exists());
    server.start_again();
    std::fs::write(runner.tools().join("go-on"), "").expect("a file");
    let run = server.completed_run("ann/app", 1);
    assert!(run.contains("sign success"), "{run}");
    assert_whole(&server.log("ann/app", 1, 1));
}

/// The first execution never ends; the second sees that there was one.
const SECOND_TIME: &str = "
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: |
          if [ -e \"$RUNNER_TOOL_CACHE/runs\" ]; then echo 'the second time'; exit 0; fi
          echo 'the first time'
          touch \"$RUNNER_TOOL_CACHE/runs\"
          sleep 100000
";

#[test]
fn the_job_of_a_killed_runner_is_reported_when_it_comes_back_and_runs_once_more() {
    let server = Instance::start(&["--runners", "0"]);
    let mut runner = RunnerProcess::start(&server, &["--offline"]);
    server.push(&repository(SECOND_TIME), "main");
    instance::until("the step runs", || runner.tools().join("runs").exists());
    runner.kill();
    runner.start_again(&server, &["--offline"]);
    let run = server.completed_run("ann/app", 1);
    assert!(run.contains("sign success"), "{run}");
    let log = server.log("ann/app", 1, 1);
    let said = |text: &str| log.lines().any(|line| line.ends_with(&format!("Z {text}")));
    assert!(said("the second time") && !said("the first time"), "{log}");
    assert_eq!(runner.leftovers(), Vec::<String>::new());
}

#[test]
fn a_runner_that_is_told_to_end_finishes_its_job_first() {
    let server = Instance::start(&["--runners", "0"]);
    let mut runner = RunnerProcess::start(&server, &["--offline"]);
    server.push(&repository(UNTIL_TOLD), "main");
    instance::until("the step runs", || runner.tools().join("runs").exists());
    runner.terminate();
    std::fs::write(runner.tools().join("go-on"), "").expect("a file");
    let run = server.completed_run("ann/app", 1);
    assert!(run.contains("sign success"), "{run}");
    assert!(runner.ended_within(Duration::from_secs(60)), "it ends by itself");
}

#[test]
fn a_single_use_runner_is_forgotten_after_its_job() {
    let server = Instance::start(&["--runners", "0"]);
    let mut runner = RunnerProcess::start(&server, &["--offline", "--ephemeral"]);
    server.push(&repository(HELLO), "main");
    assert!(server.completed_run("ann/app", 1).contains("sign success"));
    assert!(runner.ended_within(Duration::from_secs(60)), "it ends by itself");
    assert!(!runner.is_registered(), "what it was known by is gone");
}

/// Runs GitHub's own packages, as an action of the repository does: only actions are told of artifacts and caches.
const CLIENTS: &str = r"
const { execFileSync } = require('node:child_process');
const scenario = process.env.INPUT_SCENARIO;
const dir = require('node:fs').mkdtempSync(process.env.RUNNER_TEMP + '/clients-');
const env = { ...process.env, SCENARIO_DIR: dir, GITHUB_WORKSPACE: dir };
console.log(execFileSync('node', [process.env.INPUT_SCRIPT, scenario], { env, encoding: 'utf8' }));
";

const ACTION: &str = "name: clients
inputs:
  scenario: { required: true }
  script: { required: true }
runs: { using: node20, main: index.js }
";

#[test]
fn githubs_own_clients_keep_artifacts_and_caches_on_the_server() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the root");
    let script = root.join("tests/node/clients.mjs");
    if !root.join("tests/node/node_modules/@actions/artifact").is_dir() {
        testkit::skip(
            "githubs_own_clients_keep_artifacts_and_caches_on_the_server",
            "tests/node has no node_modules (npm ci)",
        );
        return;
    }
    let server = Instance::start(&["--runners", "1", "--offline"]);
    let scenarios = ["artifacts", "artifacts-v4", "artifact-raw", "caches", "caches-v3", "cache-big", "identity"];
    let repository = TestRepository::from_files(&[("clients/action.yml", ACTION), ("clients/index.js", CLIENTS)])
        .expect("a repository");
    for (run, scenario) in (1..).zip(scenarios) {
        let workflow = format!(
            "on: push
permissions: {{ contents: read, id-token: write }}
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: ./clients
        with: {{ scenario: {scenario}, script: '{}' }}
      - run: echo native > native.txt
      - uses: actions/upload-artifact@v4
        with: {{ name: native, path: native.txt }}
      - uses: actions/download-artifact@v4
        with: {{ name: native, path: down }}
      - run: cat down/native.txt
",
            script.display()
        );
        repository.write(".github/workflows/ci.yml", &workflow).expect("a file");
        repository.commit_all(scenario).expect("a commit");
        // A branch each, so that no scenario sees another one's caches.
        repository.git(&["branch", "--force", scenario]).expect("a branch");
        server.push(&repository, scenario);
        let page = server.completed_run("ann/app", run);
        let log = server.log("ann/app", run, run);
        assert!(page.contains("sign success") && log.contains(&format!("ok {scenario}")), "{scenario}: {log}");
    }
}

#[test]
fn a_backup_of_a_running_server_becomes_a_server_again() {
    let server = Instance::start(&["--runners", "1", "--offline"]);
    let repository = repository(HELLO);
    server.push(&repository, "main");
    server.completed_run("ann/app", 1);
    let before = server.log("ann/app", 1, 1);
    let elsewhere = tempfile::tempdir().expect("a directory");
    let copy = elsewhere.path().join("backup");
    let told = server.feed(&["admin", "backup", &copy.to_string_lossy()], "");
    assert!(told.contains("copied the database, 1 repositories and"), "{told}");
    assert!(!copy.join("master.key").exists());
    let restored = Instance::restored(&copy, &server, &["--runners", "1", "--offline"]);
    assert_eq!(restored.log("ann/app", 1, 1), before);
    // It goes on where it was: the next push makes the next run.
    repository.write("greeting.txt", "after the restore\n").expect("a file");
    repository.commit_all("Third commit").expect("a commit");
    restored.push(&repository, "main");
    assert!(restored.completed_run("ann/app", 2).contains("sign success"));
    assert!(restored.log("ann/app", 2, 2).contains("after the restore"));
}

#[test]
fn a_data_directory_has_one_server() {
    let server = Instance::start(&["--runners", "0"]);
    let second = server.command(&["serve", "--listen", "127.0.0.1:0"]).output().expect("the program");
    let told = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(5), "{told}");
    assert!(told.contains("another server uses"), "{told}");
    assert!(told.contains("hint: stop the other one, or give this one another --data"), "{told}");
}
