//! Reusable workflows across files.

use std::collections::HashMap;
use std::sync::Arc;

use insta::assert_snapshot;
use span::{Color, Diagnostic, SourceMap, Span, render_terminal};
use workflow::{Program, Workflow, link, parse_workflow};

/// Files by the name that a loader gets; the first one is the root.
fn linked(files: &[(&str, &str)]) -> Result<Program, String> {
    let mut sources = SourceMap::new();
    let mut workflows: HashMap<String, Arc<Workflow>> = HashMap::new();
    for (name, text) in files {
        let file = sources.add(*name, *text);
        let parsed = parse_workflow(file, name, text);
        assert!(parsed.value.is_some(), "{}", render_terminal(&parsed.diagnostics, &sources, Color::Off));
        workflows.insert((*name).to_owned(), Arc::new(parsed.value.unwrap()));
    }
    let root = Arc::clone(&workflows[files[0].0]);
    let mut load = |name: &str, span: Span| {
        workflows
            .get(name)
            .cloned()
            .ok_or_else(|| Diagnostic::error("test/not-found", format!("no workflow `{name}`")).at(span))
    };
    link(&root, &mut load).map_err(|errors| render_terminal(&errors, &sources, Color::Off))
}

const LEAF: &str = "on: workflow_call\njobs:\n  j:\n    runs-on: x\n";

fn calls(uses: &str) -> String {
    format!("on: [push, workflow_call]\njobs:\n  j:\n    uses: {uses}\n")
}

#[test]
fn relative_to_the_repository_they_come_from() {
    let remote = calls("./.github/workflows/b.yml");
    let program = linked(&[
        ("./.github/workflows/ci.yml", &calls("o/r/.github/workflows/a.yml@v1")),
        ("o/r/.github/workflows/a.yml@v1", &remote),
        ("o/r/.github/workflows/b.yml@v1", &calls("$/.github/workflows/c.yml")),
        ("o/r/.github/workflows/c.yml@v1", LEAF),
    ])
    .unwrap();
    let mut program = &program;
    let mut depth = 1;
    while let Some(callee) = program.callee(&program.workflow.jobs[0]) {
        program = callee;
        depth += 1;
    }
    let origin = workflow::Origin::Repository { owner: "o".into(), repo: "r".into(), git_ref: "v1".into() };
    assert_eq!(program.origin, origin);
    assert_eq!((depth, program.workflow.path.as_ref()), (4, "o/r/.github/workflows/c.yml@v1"));
}

#[test]
fn inputs_and_secrets() {
    assert_snapshot!(linked(&[
        ("./.github/workflows/ci.yml", "
on: push
jobs:
  a:
    uses: ./.github/workflows/x.yml
    with: {flag: 'yes', cuont: 1, text: 1}
    secrets: {TOKN: '${{ secrets.T }}'}
  b:
    uses: ./.github/workflows/x.yml
    with: {count: '${{ github.run_number }}'}
    secrets: inherit
  c:
    uses: ./.github/workflows/push.yml
  d:
    uses: ./.github/workflows/none.yml
"),
        ("./.github/workflows/x.yml", "
on:
  workflow_call:
    inputs:
      count: {type: number, required: true}
      flag: {type: boolean}
      text: {type: string}
    secrets:
      TOKEN: {required: true}
jobs:
  j: {runs-on: x}
"),
        ("./.github/workflows/push.yml", "on: push\njobs:\n  j: {runs-on: x}\n"),
    ])
    .unwrap_err(), @r#"
    error[call/input-type]: the input `flag` is `true` or `false`, without quotes
     --> ./.github/workflows/ci.yml:6:18
      |
    6 |     with: {flag: 'yes', cuont: 1, text: 1}
      |                  ^^^^^
      |
     ::: ./.github/workflows/x.yml:6:7
      |
    6 |       flag: {type: boolean}
      |       ---- declared here

    error[call/unknown-input]: `./.github/workflows/x.yml` has no input `cuont`
     --> ./.github/workflows/ci.yml:6:25
      |
    6 |     with: {flag: 'yes', cuont: 1, text: 1}
      |                         ^^^^^
      |
     ::: ./.github/workflows/x.yml:3:3
      |
    3 |   workflow_call:
      |   -------------- declared here
      |
      = help: did you mean `count`?

    error[call/missing-input]: `./.github/workflows/x.yml` needs the input `count`
     --> ./.github/workflows/ci.yml:5:11
      |
    5 |     uses: ./.github/workflows/x.yml
      |           ^^^^^^^^^^^^^^^^^^^^^^^^^
      |
     ::: ./.github/workflows/x.yml:5:7
      |
    5 |       count: {type: number, required: true}
      |       ----- required here
      |
      = help: add it under `with`

    error[call/unknown-secret]: `./.github/workflows/x.yml` has no secret `TOKN`
     --> ./.github/workflows/ci.yml:7:15
      |
    7 |     secrets: {TOKN: '${{ secrets.T }}'}
      |               ^^^^
      |
     ::: ./.github/workflows/x.yml:3:3
      |
    3 |   workflow_call:
      |   -------------- declared here
      |
      = help: did you mean `TOKEN`?

    error[call/missing-secret]: `./.github/workflows/x.yml` needs the secret `TOKEN`
     --> ./.github/workflows/ci.yml:5:11
      |
    5 |     uses: ./.github/workflows/x.yml
      |           ^^^^^^^^^^^^^^^^^^^^^^^^^
      |
     ::: ./.github/workflows/x.yml:9:7
      |
    9 |       TOKEN: {required: true}
      |       ----- required here
      |
      = help: add it under `secrets`, or pass all of them on with `secrets: inherit`

    error[call/not-reusable]: `./.github/workflows/push.yml` cannot be called
      --> ./.github/workflows/ci.yml:13:11
       |
    13 |     uses: ./.github/workflows/push.yml
       |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
      ::: ./.github/workflows/push.yml:1:1
       |
     1 | on: push
       | -------- `workflow_call` is missing here

    error[test/not-found]: no workflow `./.github/workflows/none.yml`
      --> ./.github/workflows/ci.yml:15:11
       |
    15 |     uses: ./.github/workflows/none.yml
       |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
}

#[test]
fn cycles() {
    assert_snapshot!(linked(&[
        ("./.github/workflows/ci.yml", &calls("./.github/workflows/a.yml")),
        ("./.github/workflows/a.yml", &calls("./.github/workflows/b.yml")),
        ("./.github/workflows/b.yml", &calls("./.github/workflows/a.yml")),
    ])
    .unwrap_err(), @r#"
    error[call/cycle]: `./.github/workflows/a.yml` calls itself
     --> ./.github/workflows/b.yml:4:11
      |
    4 |     uses: ./.github/workflows/a.yml
      |           ^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: ./.github/workflows/a.yml calls ./.github/workflows/b.yml calls ./.github/workflows/a.yml
    "#);
}

fn chain(length: usize) -> Vec<(String, String)> {
    let name = |index: usize| format!("./.github/workflows/w{index}.yml");
    (1..=length)
        .map(|index| (name(index), if index == length { LEAF.to_owned() } else { calls(&name(index + 1)) }))
        .collect()
}

fn linked_chain(files: &[(String, String)]) -> Result<Program, String> {
    linked(&files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect::<Vec<_>>())
}

#[test]
fn levels() {
    assert!(linked_chain(&chain(10)).is_ok());
    assert_snapshot!(linked_chain(&chain(11)).unwrap_err(), @r#"
    error[call/too-deep]: 11 workflows call each other in a row, at most 10 are allowed
     --> ./.github/workflows/w1.yml:4:11
      |
    4 |     uses: ./.github/workflows/w2.yml
      |           ^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
}

#[test]
fn files() {
    let mut root = "on: push\njobs:\n".to_owned();
    let mut files = Vec::new();
    for index in 0..51 {
        root.push_str(&format!("  j{index}: {{uses: ./.github/workflows/w{index}.yml}}\n"));
        files.push((format!("./.github/workflows/w{index}.yml"), LEAF.to_owned()));
    }
    files.insert(0, ("./.github/workflows/ci.yml".to_owned(), root));
    let told = linked_chain(&files).unwrap_err();
    assert!(told.contains("this run needs more than 51 workflow files"), "{told}");
    assert_eq!(told.matches("call/too-many-files").count(), 1);
}

#[test]
fn many_calls_of_the_same_files_cost_little() {
    // Ten levels, each calling the next fifty times: 50^9 paths.
    let name = |index: usize| format!("./.github/workflows/w{index}.yml");
    let files: Vec<(String, String)> = (1..=10)
        .map(|index| {
            let mut text = "on: [push, workflow_call]\npermissions: {contents: read}\njobs:\n".to_owned();
            for job in 0..50 {
                match index {
                    10 => text.push_str(&format!("  j{job}: {{runs-on: x}}\n")),
                    _ => text.push_str(&format!("  j{job}: {{uses: {}}}\n", name(index + 1))),
                }
            }
            (name(index), text)
        })
        .collect();
    assert!(linked_chain(&files).is_ok());
}

#[test]
fn permissions_only_narrow() {
    assert_snapshot!(linked(&[
        ("./.github/workflows/ci.yml", "
on: push
permissions: {contents: read}
jobs:
  a:
    uses: ./.github/workflows/x.yml
  b:
    permissions: {contents: write, id-token: write}
    uses: ./.github/workflows/x.yml
"),
        ("./.github/workflows/x.yml", "
on: workflow_call
jobs:
  deploy:
    runs-on: x
    permissions: {contents: write, id-token: write}
"),
    ])
    .unwrap_err(), @r#"
    error[call/permissions]: `./.github/workflows/x.yml` cannot be called: its job `deploy` asks for `contents: write, id-token: write`, the calling job has `contents: read, id-token: none`
     --> ./.github/workflows/ci.yml:6:11
      |
    6 |     uses: ./.github/workflows/x.yml
      |           ^^^^^^^^^^^^^^^^^^^^^^^^^
      |
     ::: ./.github/workflows/x.yml:6:18
      |
    6 |     permissions: {contents: write, id-token: write}
      |                  ---------------------------------- asked for here
      |
      = help: give the calling job these permissions, or ask for less
    "#);
}
