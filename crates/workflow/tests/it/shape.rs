//! Keys and types.

use insta::assert_snapshot;

use super::support::told;

#[test]
fn empty_files() {
    assert_snapshot!(told(""), @r#"
    error[workflow/empty-file]: this workflow file is empty
     --> .github/workflows/ci.yml:1:1
      |
    1 |
      | ^
    "#);
    assert_snapshot!(told("# nothing\n"), @r#"
    error[workflow/empty-file]: this workflow file is empty
     --> .github/workflows/ci.yml:2:1
      |
    2 |
      | ^
    "#);
    assert_snapshot!(told("- a\n"), @r#"
    error[workflow/wrong-type]: expected a mapping, found a sequence
     --> .github/workflows/ci.yml:1:1
      |
    1 | - a
      | ^^^ this is a sequence
    "#);
}

#[test]
fn all_problems_at_once() {
    assert_snapshot!(told("
nmae: CI
on: psuh
permisions: {}
jobs:
  build:
    run-on: ubuntu-latest
    timeout-minutes: '30'
    continue-on-error: 1
    steps:
      - run: [a]
      - usse: actions/checkout@v5
"), @r#"
    error[workflow/unknown-key]: a workflow has no key `nmae`
     --> .github/workflows/ci.yml:2:1
      |
    2 | nmae: CI
      | ^^^^
      |
      = help: did you mean `name`?

    error[workflow/unknown-value]: `psuh` is not known here
     --> .github/workflows/ci.yml:3:5
      |
    3 | on: psuh
      |     ^^^^
      |
      = help: did you mean `push`?

    error[workflow/unknown-key]: a workflow has no key `permisions`
     --> .github/workflows/ci.yml:4:1
      |
    4 | permisions: {}
      | ^^^^^^^^^^
      |
      = help: did you mean `permissions`?

    error[workflow/missing-key]: a job needs the key `runs-on`
     --> .github/workflows/ci.yml:6:3
      |
    6 |   build:
      |   ^^^^^
      |
      = help: or, instead, `uses`

    error[workflow/unknown-key]: a job has no key `run-on`
     --> .github/workflows/ci.yml:7:5
      |
    7 |     run-on: ubuntu-latest
      |     ^^^^^^
      |
      = help: did you mean `runs-on`?

    error[workflow/wrong-type]: expected a number, found a string
     --> .github/workflows/ci.yml:8:22
      |
    8 |     timeout-minutes: '30'
      |                      ^^^^ this is a string
      |
      = help: remove the quotes: a quoted number is a string

    error[workflow/wrong-type]: expected a boolean, found a number
     --> .github/workflows/ci.yml:9:24
      |
    9 |     continue-on-error: 1
      |                        ^ this is a number

    error[workflow/wrong-type]: expected a string, found a sequence
      --> .github/workflows/ci.yml:11:14
       |
    11 |       - run: [a]
       |              ^^^ this is a sequence

    error[workflow/unknown-key]: a step has no key `usse`
      --> .github/workflows/ci.yml:12:9
       |
    12 |       - usse: actions/checkout@v5
       |         ^^^^
       |
       = help: did you mean `uses`?
    "#);
}

#[test]
fn missing_keys() {
    assert_snapshot!(told("
name: CI
jobs:
  a:
    steps: []
  b:
    runs-on: x
    steps:
      - name: nothing to do
      - {}
"), @r#"
    error[workflow/missing-key]: a workflow needs the key `on`
     --> .github/workflows/ci.yml:2:1
      |
    2 | name: CI
      | ^^^^

    error[workflow/missing-key]: a job needs the key `runs-on`
     --> .github/workflows/ci.yml:4:3
      |
    4 |   a:
      |   ^
      |
      = help: or, instead, `uses`

    error[workflow/missing-key]: a step needs one of `run`, `uses`, `wait`, `wait-all`, `cancel`, `parallel`
     --> .github/workflows/ci.yml:9:9
      |
    9 |       - name: nothing to do
      |         ^^^^

    error[workflow/missing-key]: a step needs one of `run`, `uses`, `wait`, `wait-all`, `cancel`, `parallel`
      --> .github/workflows/ci.yml:10:9
       |
    10 |       - {}
       |         ^^
    "#);
}

#[test]
fn keys_that_differ_in_case_only() {
    assert_snapshot!(told("
on: push
env:
  PATH_A: 1
  path_a: 2
jobs:
  Build:
    runs-on: x
  build:
    runs-on: x
"), @r#"
    error[workflow/duplicate-key]: the key `path_a` is there already; keys are compared without regard to case
     --> .github/workflows/ci.yml:5:3
      |
    4 |   PATH_A: 1
      |   ------ first here
    5 |   path_a: 2
      |   ^^^^^^

    error[workflow/duplicate-key]: the key `build` is there already; keys are compared without regard to case
     --> .github/workflows/ci.yml:9:3
      |
    7 |   Build:
      |   ----- first here
    8 |     runs-on: x
    9 |   build:
      |   ^^^^^
    "#);
}

#[test]
fn keys_that_cannot_stand_together() {
    assert_snapshot!(told("
on: push
jobs:
  call:
    uses: ./.github/workflows/x.yml
    runs-on: x
    env: {}
    steps: []
  both:
    runs-on: x
    steps:
      - run: make
        uses: actions/checkout@v5
      - run: make
        with: {}
      - wait-all: true
        if: always()
"), @r#"
    error[workflow/conflicting-keys]: `runs-on` cannot stand in a job that calls a reusable workflow
     --> .github/workflows/ci.yml:6:5
      |
    5 |     uses: ./.github/workflows/x.yml
      |     ---- this makes it a job that calls a reusable workflow
    6 |     runs-on: x
      |     ^^^^^^^

    error[workflow/conflicting-keys]: `env` cannot stand in a job that calls a reusable workflow
     --> .github/workflows/ci.yml:7:5
      |
    5 |     uses: ./.github/workflows/x.yml
      |     ---- this makes it a job that calls a reusable workflow
    6 |     runs-on: x
    7 |     env: {}
      |     ^^^

    error[workflow/conflicting-keys]: `steps` cannot stand in a job that calls a reusable workflow
     --> .github/workflows/ci.yml:8:5
      |
    5 |     uses: ./.github/workflows/x.yml
      |     ---- this makes it a job that calls a reusable workflow
    ...
    8 |     steps: []
      |     ^^^^^

    error[workflow/conflicting-keys]: `uses` cannot stand in a `run` step
      --> .github/workflows/ci.yml:13:9
       |
    12 |       - run: make
       |         --- this makes it a `run` step
    13 |         uses: actions/checkout@v5
       |         ^^^^

    error[workflow/conflicting-keys]: `with` cannot stand in a `run` step
      --> .github/workflows/ci.yml:15:9
       |
    14 |       - run: make
       |         --- this makes it a `run` step
    15 |         with: {}
       |         ^^^^

    error[workflow/conflicting-keys]: `if` cannot stand in a `wait-all` step
      --> .github/workflows/ci.yml:17:9
       |
    16 |       - wait-all: true
       |         -------- this makes it a `wait-all` step
    17 |         if: always()
       |         ^^
    "#);
}

#[test]
fn nothing_where_something_is_expected() {
    assert_snapshot!(told("
on: push
env:
jobs:
  a:
    runs-on:
    steps:
      - run:
      - uses:
"), @r#"
    error[workflow/wrong-type]: expected a mapping, found nothing
     --> .github/workflows/ci.yml:3:1
      |
    3 | env:
      | ^^^ has no value

    error[workflow/empty-value]: expected a non-empty string, a list of strings or a mapping with `group`, `labels`, found nothing
     --> .github/workflows/ci.yml:6:5
      |
    6 |     runs-on:
      |     ^^^^^^^

    error[workflow/empty-value]: expected a non-empty string, found nothing
     --> .github/workflows/ci.yml:9:9
      |
    9 |       - uses:
      |         ^^^^
    "#);
}

#[test]
fn values_out_of_a_list() {
    assert_snapshot!(told("
on: push
permissions: read-al
concurrency: {group: a, queue: many}
jobs:
  a:
    runs-on: x
    permissions:
      contents: reed
      id-token: read
      content: read
"), @r#"
    error[workflow/unknown-value]: `read-al` is not one of `read-all`, `write-all`
     --> .github/workflows/ci.yml:3:14
      |
    3 | permissions: read-al
      |              ^^^^^^^
      |
      = help: did you mean `read-all`?

    error[workflow/unknown-value]: `many` is not one of `single`, `max`
     --> .github/workflows/ci.yml:4:32
      |
    4 | concurrency: {group: a, queue: many}
      |                                ^^^^

    error[workflow/unknown-value]: `reed` is not one of `read`, `write`, `none`
     --> .github/workflows/ci.yml:9:17
      |
    9 |       contents: reed
      |                 ^^^^
      |
      = help: did you mean `read`?

    error[workflow/unknown-value]: `read` is not one of `write`, `none`
      --> .github/workflows/ci.yml:10:17
       |
    10 |       id-token: read
       |                 ^^^^

    error[workflow/unknown-key]: `permissions` has no key `content`
      --> .github/workflows/ci.yml:11:7
       |
    11 |       content: read
       |       ^^^^^^^
       |
       = help: did you mean `contents`?
    "#);
}

#[test]
fn no_jobs() {
    assert_snapshot!(told("on: push\njobs: {}\n"), @r#"
    error[workflow/no-jobs]: a workflow needs at least one job
     --> .github/workflows/ci.yml:2:1
      |
    2 | jobs: {}
      | ^^^^
    "#);
    assert_snapshot!(told("on: push\njobs:\n"), @r#"
    error[workflow/wrong-type]: expected a mapping, found nothing
     --> .github/workflows/ci.yml:2:1
      |
    2 | jobs:
      | ^^^^ has no value
    "#);
}

#[test]
fn an_alias_is_told_once() {
    assert_snapshot!(told("
on: push
jobs:
  a: &a
    runs-on: x
    step: []
  b: *a
"), @r#"
    error[workflow/unknown-key]: a job has no key `step`
     --> .github/workflows/ci.yml:6:5
      |
    6 |     step: []
      |     ^^^^
      |
      = help: did you mean `steps`?
    "#);
}

#[test]
fn the_same_key_twice_is_told_once() {
    let told = told("on: push\njobs:\n  a: {runs-on: x}\n  a: {runs-on: y, steps: 1}\n");
    assert_eq!(told.matches("duplicate-key").count(), 1, "{told}");
}
