//! The language server, driven by the protocol library of Visual Studio Code.

use std::process::Command;

use testkit::{TestRepository, skip};

use crate::places;

const WORKFLOW: &str = "\
on: push
permissions: {}
jobs:
  build:
    runs-on: ubuntu-latest
    outputs:
      version: ${{ steps.v.outputs.version }}
    strategy:
      matrix:
        version: ['1.0', '2.0']
    steps:
      - uses: actions/checkout@v4
      - id: v
        run: echo \"version=${{ matrix.version }}\" >> \"$GITHUB_OUTPUT\"
  test:
    needs: build
    runs-on: ubuntu-20.04
    steps:
      - uses: ./tools/greet
        with:
          who: ${{ needs.build.outputs.version }}
";

const ACTION: &str = "\
name: Greet
description: Greets
inputs:
  who:
    description: Whom
runs:
  using: composite
  steps:
    - run: echo hi
      shell: bash
";

/// Two steps with the same fault. The variable that puts the first one right would become one of the whole workflow.
const TITLES: &str = "\
on: issues
permissions: {}
env: &shared
  A: b
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - env: *shared
        run: echo \"${{ github.event.issue.title }}\"
      - env:
          A: b
        run: echo \"${{ github.event.issue.title }}\"
";

#[test]
fn an_editor_is_served() {
    let client = places::root().join("tests/node/lsp.mjs");
    if !places::on_path("node") {
        return skip("an_editor_is_served", "node is not on PATH");
    }
    if !places::root().join("tests/node/node_modules/vscode-languageserver-protocol").is_dir() {
        return skip("an_editor_is_served", "tests/node has no node_modules (npm ci)");
    }
    let files = [
        (".github/workflows/ci.yml", WORKFLOW),
        ("tools/greet/action.yml", ACTION),
        (".github/workflows/titles.yml", TITLES),
    ];
    let repository = TestRepository::from_files(&files).unwrap();
    let mut command = Command::new("node");
    command.arg(client).arg(env!("CARGO_BIN_EXE_trunkline")).arg(repository.path());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let got: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let list = |name: &str| -> Vec<String> {
        let items = got.pointer(name).and_then(serde_json::Value::as_array).unwrap_or_else(|| panic!("{name}: {got}"));
        items.iter().map(|item| item.as_str().unwrap_or_default().to_owned()).collect()
    };
    let has = |name: &str, words: &[&str]| {
        let items = list(name);
        words.iter().for_each(|word| assert!(items.iter().any(|item| item == word), "{name}: {items:?}"));
    };
    assert_eq!(
        list("/first"),
        ["17:14-17:26 correctness/deprecated-runner-label", "19:15-19:28 correctness/local-action-checkout"]
    );
    assert_eq!(got["hover"]["value"], "14:32-14:46 ```\nmatrix.version: string\n```");
    assert!(got["hover"]["key"].as_str().unwrap().contains("Labels that the runner has to have"), "{got}");
    assert!(got["hover"]["action"].as_str().unwrap().contains("`fetch-depth`"), "{got}");
    has("/completion/steps", &["run", "uses", "if"]);
    has("/completion/known", &["fetch-depth"]);
    has("/completion/words", &["true", "false"]);
    assert_eq!(list("/completion/inputs"), ["who"]);
    assert_eq!(list("/completion/needs"), ["build", "test"]);
    assert_eq!(list("/completion/context"), ["build"]);
    assert_eq!(list("/completion/local"), ["./tools/greet"]);
    assert_eq!(list("/definition"), ["/.github/workflows/ci.yml 4:3-4:8"]);
    assert_eq!(list("/input"), ["/tools/greet/action.yml 4:3-4:6"]);
    assert_eq!(list("/references"), ["4:3-4:8", "16:12-16:17", "21:26-21:31"]);
    assert_eq!(list("/rename"), ["4:3-4:8 compile", "16:12-16:17 compile", "21:26-21:31 compile"]);
    assert!(got["refused"].as_str().unwrap().contains("cannot be an id"), "{got}");
    has("/actions", &["Ignore correctness/deprecated-runner-label here"]);
    assert_eq!(
        list("/fixes"),
        [
            "10:24-10:48 Ignore security/template-injection here",
            "13:24-13:48 hand `github.event.issue.title` over as `ISSUE_TITLE`, Ignore security/template-injection here",
        ]
    );
    let (before, _) = TITLES.rsplit_once("A: b").unwrap();
    let variable =
        "A: b\n          ISSUE_TITLE: ${{ github.event.issue.title }}\n        run: echo \"${ISSUE_TITLE}\"\n";
    assert_eq!(got["fixed"], format!("{before}{variable}"));
    assert_eq!(list("/left"), ["10:24-10:48 security/template-injection"]);
    assert!(list("/outline")[1].starts_with("test: ./tools/greet"), "{got}");
    has("/across", &["21:11-21:14 action/unknown-input"]);
    assert_eq!((&got["closed"], &got["exit"], &got["encoding"]), (&0.into(), &0.into(), &"utf-16".into()));
}
