//! Steps: ids, `uses`, background steps.

use insta::assert_snapshot;
use workflow::{JobKind, Step, StepKind};

use super::support::{good, told};

fn steps(text: &str) -> String {
    told(&format!("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n{text}"))
}

fn good_steps(text: &str) -> Vec<Step> {
    let workflow = good(&format!("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n{text}"));
    match workflow.jobs.into_iter().next().unwrap().kind {
        JobKind::Steps(job) => job.steps,
        JobKind::Call(_) => panic!("not a job with steps"),
    }
}

#[test]
fn generated_ids() {
    let steps = good_steps(
        "
      - run: a
      - id: __x1
        run: b
      - uses: actions/checkout@v5
      - uses: actions/checkout@v5
      - uses: ./local
      - uses: docker://alpine:3.20
      - uses: $/actions/x
      - run: c
      - parallel:
          - run: d
          - run: e
      - wait-all:
"
        .replace("__x1", "x1")
        .as_str(),
    );
    let mut ids: Vec<String> = Vec::new();
    for step in &steps {
        ids.push(step.id.to_string());
        if let StepKind::Parallel { steps } = &step.kind {
            ids.extend(steps.iter().map(|step| step.id.to_string()));
        }
    }
    assert_eq!(
        ids,
        [
            "__run",
            "x1",
            "__actions_checkout",
            "__actions_checkout_2",
            "__self",
            "__alpine_3_20",
            "__selfRepository",
            "__run_2",
            "__parallel",
            "__run_3",
            "__run_4",
            "__wait-all",
        ]
    );
}

#[test]
fn ids() {
    assert_snapshot!(steps("
      - {id: a, run: x}
      - {id: A, run: x}
      - {id: __a, run: x}
      - {id: 'a b', run: x}
      - {id: '', run: x}
"), @r#"
    error[workflow/duplicate-id]: the step id `A` is taken; ids are compared without regard to case
     --> .github/workflows/ci.yml:8:14
      |
    7 |       - {id: a, run: x}
      |              - first here
    8 |       - {id: A, run: x}
      |              ^

    error[workflow/invalid-id]: `__a` is no id for a step
     --> .github/workflows/ci.yml:9:14
      |
    9 |       - {id: __a, run: x}
      |              ^^^
      |
      = help: ids that start with `__` are reserved

    error[workflow/invalid-id]: `a b` is no id for a step
      --> .github/workflows/ci.yml:10:14
       |
    10 |       - {id: 'a b', run: x}
       |              ^^^^^
       |
       = help: ids start with a letter or `_`, and go on with letters, digits, `-` or `_`

    error[workflow/empty-value]: expected a non-empty string, found nothing
      --> .github/workflows/ci.yml:11:14
       |
    11 |       - {id: '', run: x}
       |              ^^
    "#);
}

#[test]
fn uses() {
    assert_snapshot!(steps("
      - uses: checkout
      - uses: actions/checkout
      - uses: docker://
      - uses: o/r/.github/workflows/x.yml@v1
      - uses: actions/checkout@1a2b3c4
      - uses: actions/checkout@v5
        with:
          fetch-depth: 0
          clean: true
          ref:
          list: [a]
"), @r#"
    error[workflow/invalid-uses]: `checkout` names no action
     --> .github/workflows/ci.yml:7:15
      |
    7 |       - uses: checkout
      |               ^^^^^^^^
      |
      = help: expected `owner/repo[/path]@ref`, `./path`, `$/path` or `docker://image`

    error[workflow/invalid-uses]: `actions/checkout` names no action
     --> .github/workflows/ci.yml:8:15
      |
    8 |       - uses: actions/checkout
      |               ^^^^^^^^^^^^^^^^
      |
      = help: expected `owner/repo[/path]@ref`, `./path`, `$/path` or `docker://image`

    error[workflow/invalid-uses]: `docker://` names no action
     --> .github/workflows/ci.yml:9:15
      |
    9 |       - uses: docker://
      |               ^^^^^^^^^
      |
      = help: expected `docker://image`

    error[workflow/invalid-uses]: a step cannot call a reusable workflow
      --> .github/workflows/ci.yml:10:15
       |
    10 |       - uses: o/r/.github/workflows/x.yml@v1
       |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: call it from a job: `jobs.<id>.uses`

    warning[workflow/invalid-uses]: `1a2b3c4` looks like a shortened commit hash
      --> .github/workflows/ci.yml:11:15
       |
    11 |       - uses: actions/checkout@1a2b3c4
       |               ^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: GitHub resolves full hashes of 40 characters, tags and branches only

    error[workflow/wrong-type]: expected a string, found a sequence
      --> .github/workflows/ci.yml:17:17
       |
    17 |           list: [a]
       |                 ^^^ this is a sequence
    "#);
}

#[test]
fn background_steps() {
    assert_snapshot!(steps("
      - {id: server, run: x, background: true}
      - {id: plain, run: x}
      - wait: [server, sever, plain, late]
      - {id: me, wait: me}
      - cancel: server
      - cancel: plain
      - wait-all: false
      - {id: late, run: x, background: true}
      - parallel:
          - run: x
            background: true
          - wait-all:
          - parallel: [{run: x}]
"), @r#"
    error[workflow/invalid-wait]: no step before this one has the id `sever`
     --> .github/workflows/ci.yml:9:24
      |
    9 |       - wait: [server, sever, plain, late]
      |                        ^^^^^
      |
      = help: did you mean `server`?

    error[workflow/invalid-wait]: the step `plain` does not run in the background
     --> .github/workflows/ci.yml:9:31
      |
    9 |       - wait: [server, sever, plain, late]
      |                               ^^^^^
      |
      = help: add `background: true` to it

    error[workflow/invalid-wait]: no step before this one has the id `late`
     --> .github/workflows/ci.yml:9:38
      |
    9 |       - wait: [server, sever, plain, late]
      |                                      ^^^^

    error[workflow/invalid-wait]: a step cannot wait for itself or cancel itself
      --> .github/workflows/ci.yml:10:24
       |
    10 |       - {id: me, wait: me}
       |                        ^^

    error[workflow/invalid-wait]: the step `plain` does not run in the background
      --> .github/workflows/ci.yml:12:17
       |
    12 |       - cancel: plain
       |                 ^^^^^
       |
       = help: add `background: true` to it

    error[workflow/invalid-wait]: `wait-all` is `true` or has no value
      --> .github/workflows/ci.yml:13:19
       |
    13 |       - wait-all: false
       |                   ^^^^^

    error[workflow/invalid-parallel]: `background` has no place in a `parallel` block, whose steps all run in the background
      --> .github/workflows/ci.yml:17:13
       |
    17 |             background: true
       |             ^^^^^^^^^^

    error[workflow/invalid-parallel]: `wait-all` has no place in a `parallel` block
      --> .github/workflows/ci.yml:18:13
       |
    18 |           - wait-all:
       |             ^^^^^^^^

    error[workflow/invalid-parallel]: `parallel` blocks cannot stand in each other
      --> .github/workflows/ci.yml:19:13
       |
    19 |           - parallel: [{run: x}]
       |             ^^^^^^^^
    "#);
}
