//! Explanations of recorded runs: real runs in temporary repositories, read back.

use serde_json::Value;
use testkit::TestRepository;

use super::{explain, program, told};

const WORKFLOW: &str = "\
name: CI
on:
  push:
    branches: [main]
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/cache@v4
        with:
          path: out
          key: build-${{ hashFiles('*.lock') }}
          restore-keys: build-
      - run: sleep 0.6; mkdir -p out; date > out/x
  lint:
    runs-on: ubuntu-latest
    steps:
      - run: 'true'
  test:
    needs: build
    strategy:
      matrix:
        n: [1, 2]
      fail-fast: false
    runs-on: ubuntu-latest
    env:
      MODE: fast
    steps:
      - uses: actions/checkout@v4
      - if: matrix.n == 2
        run: echo two
      - name: Test
        env:
          LEVEL: '3'
        run: |
          echo start
          sh ./test.sh ${{ matrix.n }}
  after:
    needs: test
    runs-on: ubuntu-latest
    steps:
      - run: 'true'
";

/// A green run, a commit that breaks the second leg of `test`, and its red run.
fn runs() -> TestRepository {
    let repository = TestRepository::from_files(&[
        (".github/workflows/ci.yml", WORKFLOW),
        ("a.lock", "a\n"),
        ("b.lock", "b\n"),
        ("test.sh", "exit 0\n"),
    ])
    .expect("a repository");
    run(&repository, 0);
    repository.write("a.lock", "changed\n").expect("a file");
    repository.write("test.sh", "[ $1 = 1 ] || rgx --version\n").expect("a file");
    repository.commit_all("Break the second leg").expect("a commit");
    run(&repository, 1);
    repository
}

fn run(repository: &TestRepository, code: i32) {
    let finished = program().run(repository, &["run".to_owned(), "-q".to_owned()], &[], None).expect("a run");
    assert_eq!(finished.code, Some(code), "{}{}", finished.stdout, finished.stderr);
}

fn texts<'a>(value: &'a Value, key: &str) -> Vec<&'a str> {
    value.as_array().expect("a list").iter().filter_map(|one| one[key].as_str()).collect()
}

#[test]
fn a_failure_with_its_cause_and_what_is_different() {
    let repository = runs();
    let failed = explain(&repository, &["failed"]);
    assert_eq!((&failed["job"], &failed["job_name"]), (&"test#1".into(), &"test (2)".into()));
    assert_eq!(failed["error"], "./test.sh: 1: rgx: not found");
    assert_eq!(texts(&failed["causes"], "id"), ["shell-command-not-found"]);
    assert!(failed["causes"][0]["cause"].as_str().is_some_and(|text| text.contains("`rgx`")));
    let step = &failed["step"];
    assert_eq!((&step["name"], &step["exit"]), (&"Test".into(), &127.into()));
    assert_eq!(step["script"], serde_json::json!(["echo start", "sh ./test.sh 2"]));
    assert_eq!(step["process"]["env"], serde_json::json!({"LEVEL": "3", "MODE": "fast"}));
    assert!(step["process"]["argv"][0].as_str().is_some_and(|program| program.ends_with("bash")));
    assert_eq!((&failed["green"], failed["differences"].as_array().map(Vec::len)), (&1.into(), Some(1)), "{failed:#}");
    assert!(failed["differences"][0]["what"].as_str().is_some_and(|text| text.ends_with("Break the second leg")));
    assert_eq!(failed["wake"], serde_json::json!(["after"]));
    assert_eq!(failed["flaky"]["verdict"], "unknown");
    // The same commit again: it fails in each of its runs.
    run(&repository, 1);
    assert_eq!(explain(&repository, &["failed"])["flaky"]["verdict"], "no");
    let text = told(&repository, &["why", "failed"]);
    for part in
        ["✗ test (2) · Test  run 3", "`rgx` is not on PATH", "→ install `rgx`", "different from run 1", "not flaky: "]
    {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn the_same_commit_green_and_red_is_flaky() {
    let text =
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: test -z '${{ vars.BREAK }}'\n";
    let repository = TestRepository::from_files(&[(".github/workflows/ci.yml", text)]).expect("a repository");
    run(&repository, 0);
    let words = ["run", "-q", "--var", "BREAK=1"].map(str::to_owned);
    assert_eq!(program().run(&repository, &words, &[], None).expect("a run").code, Some(1));
    let failed = explain(&repository, &["failed"]);
    assert_eq!(failed["flaky"]["verdict"], "yes", "{failed:#}");
    assert_eq!(texts(&failed["flaky"]["same_commit"], "conclusion"), ["failure", "success"]);
    // What the command line gave is a difference too.
    assert_eq!(texts(&failed["differences"], "kind"), ["input"]);
}

#[test]
fn what_happened_and_why() {
    let repository = runs();
    let all = explain(&repository, &["run", "last"]);
    assert_eq!(all["workflows"][0]["reason"]["code"], "trigger/ref");
    assert_eq!(all["workflows"][0]["evidence"][0]["pattern"], "main");
    let job = |name: &str| -> &Value {
        let jobs = all["jobs"].as_array().expect("jobs");
        jobs.iter().find(|job| job["name"] == name).unwrap_or_else(|| panic!("no job {name}"))
    };
    let skipped = &job("test (1)")["steps"][1];
    assert_eq!(
        (&skipped["conclusion"], &skipped["condition"]["parts"][1]["parts"][0]["value"]),
        (&"skipped".into(), &"1".into())
    );
    let held = &job("test (2)")["steps"][1];
    assert_eq!((&held["conclusion"], &held["condition"]["value"]), (&"success".into(), &"true".into()));
    assert_eq!(texts(&job("after")["cascade"], "job"), ["test#1"]);
    assert!(job("build")["steps"][0]["action"].as_str().is_some_and(|text| text.starts_with("actions/checkout@v4")));
    let text = told(&repository, &["why", "run", "last", "after"]);
    assert!(text.contains("← `test (2)` failure"), "{text}");
    let missing =
        program().run(&repository, &["why", "run", "last", "tset"].map(str::to_owned), &[], None).expect("an answer");
    assert_eq!(missing.code, Some(4));
    assert!(missing.stderr.contains("did you mean `test`?"), "{}", missing.stderr);
}

#[test]
fn time_and_what_would_save_it() {
    let repository = runs();
    let slow = explain(&repository, &["slow", "1"]);
    assert_eq!(slow["critical_path"][0], "build");
    assert_eq!(slow["critical_path"].as_array().map(Vec::len), Some(3));
    let jobs = slow["jobs"].as_array().expect("jobs");
    let of = |key: &str| jobs.iter().find(|job| job["key"] == key).expect("the job");
    assert!(of("build")["ran"].as_i64().expect("a time") >= 600_000);
    assert_eq!((&of("build")["critical"], &of("build")["slack"]), (&true.into(), &0.into()));
    assert!(of("lint")["slack"].as_i64().expect("a time") > 100_000);
    // Beside the run before.
    let later = explain(&repository, &["slow", "2"]);
    let build = later["jobs"].as_array().expect("jobs").iter().find(|job| job["key"] == "build").expect("the job");
    assert_eq!(build["compared"], 1);
    assert!(told(&repository, &["why", "slow"]).contains("What decided its length"));
}

#[test]
fn a_cache_that_was_not_hit_and_what_changed() {
    let repository = runs();
    let cache = explain(&repository, &["cache", "build-"]);
    let look = &cache["looks"][0];
    assert_eq!((&look["run"], &look["job"]), (&2.into(), &"build".into()));
    assert!(look["decision"]["outcome"]["partial_hit"]["key"].as_str().is_some_and(|key| key.starts_with("build-")));
    assert_eq!(look["change"]["run"], 1);
    let files = &look["change"]["files"];
    assert_eq!((texts(files, "path"), texts(files, "how")), (vec!["a.lock"], vec!["changed"]), "{files:#}");
    // A run by itself: nothing was there the first time.
    let first = explain(&repository, &["cache", "--run", "1"]);
    assert_eq!(first["looks"][0]["decision"]["outcome"], "miss");
    assert!(first["looks"][0]["saved"].as_u64().is_some_and(|bytes| bytes > 0));
    let text = told(&repository, &["why", "cache", "build-"]);
    assert!(text.contains("because a.lock was changed  hashFiles(*.lock)"), "{text}");
    let nothing = told(&repository, &["why", "cache", "buildx"]);
    assert!(
        nothing.contains("no recorded run asked for the cache buildx")
            && nothing.contains("the store has, nearest first"),
        "{nothing}"
    );
}

#[test]
fn bars_and_traces() {
    let repository = runs();
    let bars = told(&repository, &["show", "1", "--timeline"]);
    let widest = bars.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    assert!(widest <= 110, "{widest} columns:\n{bars}");
    assert!(bars.contains("critical path: build → "), "{bars}");
    assert!(
        bars.lines().any(|line| line.starts_with("build") && line.contains('┃') && line.contains("████")),
        "{bars}"
    );
    told(&repository, &["show", "1", "--trace", "trace.json"]);
    let text = std::fs::read_to_string(repository.path().join("trace.json")).expect("the trace");
    let trace: Value = serde_json::from_str(&text).expect("JSON");
    let events = trace["traceEvents"].as_array().expect("events");
    let slices: Vec<&Value> = events.iter().filter(|event| event["ph"] == "X").collect();
    assert!(slices.iter().all(|event| event["ts"].is_i64() && event["dur"].as_i64().is_some_and(|time| time >= 0)));
    assert_eq!(slices.iter().filter(|event| event["cat"] == "job").count(), 5);
    // Steps lie within their job.
    let build = slices.iter().find(|event| event["cat"] == "job" && event["name"] == "build").expect("the job");
    let end = |event: &Value| event["ts"].as_i64().unwrap_or(0) + event["dur"].as_i64().unwrap_or(0);
    for step in slices.iter().filter(|event| event["cat"] == "step" && event["tid"] == build["tid"]) {
        assert!(step["ts"].as_i64() >= build["ts"].as_i64() && end(step) <= end(build), "{step}");
    }
}

#[test]
fn another_commit_of_an_action_is_a_difference() {
    let action = |script: &str| {
        format!("name: a\nruns:\n  using: composite\n  steps:\n    - run: {script}\n      shell: bash\n")
    };
    let actions = TestRepository::from_files(&[("action.yml", &action("'true'"))]).expect("an action");
    let text = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: octo/tool@main\n";
    let repository = TestRepository::from_files(&[(".github/workflows/ci.yml", text)]).expect("a repository");
    let source = format!("octo/tool={}", actions.path().display());
    let words = ["run", "-q", "--action-source", source.as_str()].map(str::to_owned);
    let code = || program().run(&repository, &words, &[], None).expect("a run").code;
    assert_eq!(code(), Some(0));
    actions.write("action.yml", &action("'false'")).expect("a file");
    actions.commit_all("Break the action").expect("a commit");
    assert_eq!(code(), Some(1));
    let failed = explain(&repository, &["failed"]);
    let difference = &failed["differences"][0];
    assert_eq!((&difference["kind"], &difference["what"]), (&"action".into(), &"octo/tool@main".into()), "{failed:#}");
    assert_eq!(difference["before"].as_str().map(str::len), Some(40), "{difference}");
    assert_ne!(difference["before"], difference["now"]);
    assert_eq!(failed["differences"].as_array().map(Vec::len), Some(1), "{failed:#}");
}

#[test]
fn tools_are_recorded_with_their_versions() {
    let text = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          for i in $(seq 100); do\n            \
                grep -q '\"version\"' \"$RECORD\" && exit 0; sleep 0.2\n          done\n          exit 1\n";
    let repository = TestRepository::from_files(&[(".github/workflows/ci.yml", text)]).expect("a repository");
    let record = repository.state().join("cache/tools.json");
    let words =
        ["run", "-q", "-P", "ubuntu-latest=host", "--env", &format!("RECORD={}", record.display())].map(str::to_owned);
    let finished = program().run(&repository, &words, &[], None).expect("a run");
    assert_eq!(finished.code, Some(0), "{}{}", finished.stdout, finished.stderr);
    // The next run knows them from its start.
    let quick = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: sleep 0.1\n";
    repository.write(".github/workflows/ci.yml", quick).expect("a file");
    run(&repository, 0);
    let events = told(&repository, &["show", "last", "--json"]);
    let tools = events
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find(|event| event["type"] == "tools");
    let git = &tools.expect("the tools")["tools"]["git"];
    assert!(git["version"].as_str().is_some_and(|version| version.starts_with("git version ")), "{git}");
}
