//! `why secret`: where it is defined, who sees it, and that its value is nowhere.

use serde_json::Value;
use testkit::TestRepository;

use super::{explain, program};

const VALUE: &str = "correct-horse-battery";

fn repository() -> TestRepository {
    let main = "\
on: [push, pull_request, workflow_run]
jobs:
  own:
    runs-on: ubuntu-latest
    env:
      A: ${{ secrets.KEY }}
    steps:
      - name: Use it
        run: echo ${{ secrets.KEY }}
  deploy:
    runs-on: ubuntu-latest
    environment: production
    steps:
      - run: echo ${{ secrets.KEY }} ${{ secrets.ONLY_THERE }}
  elsewhere:
    runs-on: ubuntu-latest
    steps:
      - run: echo ${{ secrets.ONLY_THERE }}
  renamed:
    uses: ./.github/workflows/called.yml
    secrets:
      TOKEN: ${{ secrets.KEY }}
  nothing:
    uses: ./.github/workflows/called.yml
";
    let called = "\
on:
  workflow_call:
    secrets:
      TOKEN:
        required: false
jobs:
  inner:
    runs-on: ubuntu-latest
    steps:
      - run: echo ${{ secrets.TOKEN }} ${{ secrets.KEY }}
";
    let config = "[secrets]\nKEY = { env = \"THE_KEY\" }\nBY_COMMAND = { command = \"pass show x\" }\nBY_FILE = { file = \"nowhere\" }\n\
                  [environments.production.secrets]\nKEY = { file = \"key.txt\" }\nONLY_THERE = { file = \"key.txt\" }\n";
    TestRepository::from_files(&[
        (".github/workflows/main.yml", &main.replace("workflow_run", "workflow_dispatch")),
        (".github/workflows/called.yml", called),
        ("trunkline.toml", config),
        ("key.txt", VALUE),
    ])
    .expect("a repository")
}

fn reader<'a>(secret: &'a Value, workflow: &str, job: &str, chain: Option<&str>) -> &'a Value {
    let readers = secret["readers"].as_array().expect("readers");
    let found = readers.iter().find(|one| {
        one["workflow"].as_str().is_some_and(|path| path.ends_with(workflow))
            && one["job"] == job
            && chain.is_none_or(|part| one["chain"].to_string().contains(part))
    });
    found.unwrap_or_else(|| panic!("{workflow} {job} is not among {secret:#}"))
}

#[test]
fn sources_and_readers() {
    let repository = repository();
    let secret = explain(&repository, &["secret", "KEY"]);
    let sources: Vec<(&str, &str)> = secret["sources"]
        .as_array()
        .expect("sources")
        .iter()
        .map(|one| (one["environment"].as_str().unwrap_or("-"), one["state"].as_str().unwrap_or("")))
        .collect();
    assert_eq!(sources, [("production", "there"), ("-", "missing")]);
    // The variable is not set, so only the job in the environment gets something.
    assert_eq!(reader(&secret, "main.yml", "own", None)["gets"], "nothing");
    assert_eq!(reader(&secret, "main.yml", "deploy", None)["gets"], "value");
    assert_eq!(reader(&secret, "main.yml", "own", None)["places"].as_array().map(Vec::len), Some(2));
    // Handed on under another name, and not handed on.
    assert_eq!(reader(&secret, "called.yml", "inner", Some("as TOKEN"))["places"].as_array().map(Vec::len), Some(1));
    let not = reader(&secret, "called.yml", "inner", Some("nothing →"));
    assert!(not["reason"].as_str().is_some_and(|text| text.contains("hands no secrets on")), "{not:#}");
    let empty = &reader(&secret, "main.yml", "own", None)["empty_for"];
    assert_eq!(*empty, serde_json::json!(["push by Dependabot", "pull_request from a fork or by Dependabot"]));
}

#[test]
fn with_the_variable_set_all_jobs_get_it() {
    let words = ["why", "secret", "KEY", "--json"].map(str::to_owned);
    let environment = [("THE_KEY".to_owned(), VALUE.to_owned())];
    let finished = program().run(&repository(), &words, &environment, None).expect("an answer");
    assert!(!finished.stdout.contains(VALUE) && !finished.stderr.contains(VALUE));
    let secret: Value = serde_json::from_str(&finished.stdout).expect("JSON");
    assert_eq!(reader(&secret, "main.yml", "own", None)["gets"], "value");
}

#[test]
fn environments_commands_and_names() {
    let repository = repository();
    let only = explain(&repository, &["secret", "ONLY_THERE"]);
    let reason = reader(&only, "main.yml", "elsewhere", None)["reason"].as_str().expect("a reason");
    assert_eq!(reason, "it is only defined for the environment production, which this job does not name");
    assert_eq!(explain(&repository, &["secret", "BY_COMMAND"])["sources"][0]["state"], "not_asked");
    assert_eq!(explain(&repository, &["secret", "BY_FILE"])["sources"][0]["state"], "missing");
    assert_eq!(explain(&repository, &["secret", "BY_FIEL"])["alike"], serde_json::json!(["BY_FILE"]));
}
