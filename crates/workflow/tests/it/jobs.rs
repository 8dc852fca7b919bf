//! Jobs: ids, needs, and the keys with rules of their own.

use insta::assert_snapshot;

use super::support::{good, told};

#[test]
fn ids() {
    assert_snapshot!(told("
on: push
jobs:
  9lives: {runs-on: x}
  a b: {runs-on: x}
  __own: {runs-on: x}
  ok-1_: {runs-on: x}
"), @r#"
    error[workflow/invalid-id]: `9lives` is no id for a job
     --> .github/workflows/ci.yml:4:3
      |
    4 |   9lives: {runs-on: x}
      |   ^^^^^^
      |
      = help: ids start with a letter or `_`, and go on with letters, digits, `-` or `_`

    error[workflow/invalid-id]: `a b` is no id for a job
     --> .github/workflows/ci.yml:5:3
      |
    5 |   a b: {runs-on: x}
      |   ^^^
      |
      = help: ids start with a letter or `_`, and go on with letters, digits, `-` or `_`

    error[workflow/invalid-id]: `__own` is no id for a job
     --> .github/workflows/ci.yml:6:3
      |
    6 |   __own: {runs-on: x}
      |   ^^^^^
      |
      = help: ids that start with `__` are reserved
    "#);
}

#[test]
fn needs() {
    assert_snapshot!(told("
on: push
jobs:
  build: {runs-on: x}
  test: {runs-on: x, needs: [bulid, build, Build]}
  self: {runs-on: x, needs: self}
  a: {runs-on: x, needs: c}
  b: {runs-on: x, needs: a}
  c: {runs-on: x, needs: [b, build]}
  after: {runs-on: x, needs: c}
"), @r#"
    error[workflow/unknown-need]: there is no job `bulid`
     --> .github/workflows/ci.yml:5:30
      |
    5 |   test: {runs-on: x, needs: [bulid, build, Build]}
      |                              ^^^^^
      |
      = help: did you mean `build`?

    warning[workflow/duplicate-need]: `Build` is needed twice
     --> .github/workflows/ci.yml:5:44
      |
    5 |   test: {runs-on: x, needs: [bulid, build, Build]}
      |                                     -----  ^^^^^
      |                                     |
      |                                     first here

    error[workflow/need-cycle]: the job `self` needs itself
     --> .github/workflows/ci.yml:6:29
      |
    6 |   self: {runs-on: x, needs: self}
      |                             ^^^^

    error[workflow/need-cycle]: these jobs wait for each other: a needs c needs b needs a
     --> .github/workflows/ci.yml:8:26
      |
    8 |   b: {runs-on: x, needs: a}
      |                          ^ this closes the circle
    "#);
}

#[test]
fn needs_ignore_case() {
    let workflow = good("on: push\njobs:\n  Build: {runs-on: x}\n  test: {runs-on: x, needs: build}\n");
    assert_eq!(&*workflow.jobs[1].needs[0].value, "build");
    assert!(workflow.job("BUILD").is_some());
}

#[test]
fn runners_containers_and_the_like() {
    let long = "x".repeat(401);
    assert_snapshot!(told(&format!("
on: push
concurrency: ''
jobs:
  a:
    runs-on: []
    container: docker://
    concurrency: {{group: ''}}
  b:
    runs-on: {{group: mine/x}}
    services:
      db: ''
      cache: {{image: docker://}}
      web: {{ports: [80]}}
    concurrency: {long}
  c:
    runs-on: {{}}
    container: ''
    snapshot: {{image-name: x, version: '1'}}
    environment: {{url: https://example.com}}
    strategy: {{max-parallel: 0}}
")), @r#"
    error[workflow/invalid-concurrency]: the concurrency group has no name
     --> .github/workflows/ci.yml:3:14
      |
    3 | concurrency: ''
      |              ^^

    error[workflow/invalid-runs-on]: `runs-on` names no runner
     --> .github/workflows/ci.yml:6:14
      |
    6 |     runs-on: []
      |              ^^

    error[workflow/invalid-container]: the image has no name
     --> .github/workflows/ci.yml:7:16
      |
    7 |     container: docker://
      |                ^^^^^^^^^

    error[workflow/empty-value]: expected a non-empty string, found nothing
     --> .github/workflows/ci.yml:8:26
      |
    8 |     concurrency: {group: ''}
      |                          ^^

    error[workflow/invalid-runs-on]: `mine/x` is no name of a runner group
      --> .github/workflows/ci.yml:10:22
       |
    10 |     runs-on: {group: mine/x}
       |                      ^^^^^^
       |
       = help: a group is `name`, `organization/name` or `enterprise/name`

    error[workflow/empty-value]: expected a non-empty string or a mapping, found nothing
      --> .github/workflows/ci.yml:12:11
       |
    12 |       db: ''
       |           ^^

    error[workflow/invalid-container]: the image has no name
      --> .github/workflows/ci.yml:13:22
       |
    13 |       cache: {image: docker://}
       |                      ^^^^^^^^^

    error[workflow/missing-key]: a service needs the key `image`
      --> .github/workflows/ci.yml:14:7
       |
    14 |       web: {ports: [80]}
       |       ^^^

    error[workflow/invalid-concurrency]: the concurrency group's name has 401 characters, at most 400 are allowed
      --> .github/workflows/ci.yml:15:18
       |
    15 | ...y: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^...^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    error[workflow/invalid-runs-on]: `runs-on` needs `group` or `labels`
      --> .github/workflows/ci.yml:17:14
       |
    17 |     runs-on: {}
       |              ^^

    error[workflow/invalid-snapshot]: `1` is no version of an image
      --> .github/workflows/ci.yml:19:40
       |
    19 |     snapshot: {image-name: x, version: '1'}
       |                                        ^^^
       |
       = help: expected a major version and `.*`, such as `2.*`

    error[workflow/missing-key]: `environment` needs the key `name`
      --> .github/workflows/ci.yml:20:5
       |
    20 |     environment: {url: https://example.com}
       |     ^^^^^^^^^^^

    error[workflow/invalid-number]: `max-parallel` is at least 1
      --> .github/workflows/ci.yml:21:30
       |
    21 |     strategy: {max-parallel: 0}
       |                              ^
    "#);
}

#[test]
fn shells() {
    assert_snapshot!(told("
on: push
defaults: {run: {shell: bsh}}
jobs:
  a:
    runs-on: x
    defaults: {run: {shell: 'perl', working-directory: ''}}
    steps:
      - {run: x, shell: bash}
      - {run: x, shell: 'perl {0}'}
      - {run: x, shell: fish}
"), @r#"
    error[workflow/invalid-shell]: `bsh` is no shell that GitHub knows
     --> .github/workflows/ci.yml:3:25
      |
    3 | defaults: {run: {shell: bsh}}
      |                         ^^^
      |
      = help: did you mean `bash`?
      = help: use one of bash, sh, python, pwsh, powershell, cmd, or a command with `{0}` in the script's place, such as `bsh {0}`

    error[workflow/invalid-shell]: `perl` is no shell that GitHub knows
     --> .github/workflows/ci.yml:7:29
      |
    7 |     defaults: {run: {shell: 'perl', working-directory: ''}}
      |                             ^^^^^^
      |
      = help: use one of bash, sh, python, pwsh, powershell, cmd, or a command with `{0}` in the script's place, such as `perl {0}`

    error[workflow/empty-value]: expected a non-empty string, found nothing
     --> .github/workflows/ci.yml:7:56
      |
    7 |     defaults: {run: {shell: 'perl', working-directory: ''}}
      |                                                        ^^

    error[workflow/invalid-shell]: `fish` is no shell that GitHub knows
      --> .github/workflows/ci.yml:11:25
       |
    11 |       - {run: x, shell: fish}
       |                         ^^^^
       |
       = help: use one of bash, sh, python, pwsh, powershell, cmd, or a command with `{0}` in the script's place, such as `fish {0}`
    "#);
}

#[test]
fn reusable_workflow_names() {
    assert_snapshot!(told("
on: push
jobs:
  a: {uses: ./workflows/x.yml}
  b: {uses: ./.github/workflows/x.yml@main}
  c: {uses: o/r/.github/workflows/x.yml}
  d: {uses: o/r@v1}
  e: {uses: $/.github/workflows/x.yml}
  f: {uses: o/r/.github/workflows/x.yaml@v1, secrets: inherit}
  g: {uses: o/r/.github/workflows/x.yaml@v1, secrets: all, with: {a: [1]}}
"), @r#"
    error[workflow/invalid-uses]: `./workflows/x.yml` names no reusable workflow
     --> .github/workflows/ci.yml:4:13
      |
    4 |   a: {uses: ./workflows/x.yml}
      |             ^^^^^^^^^^^^^^^^^
      |
      = help: reusable workflows are `.yml` or `.yaml` files directly in `.github/workflows`

    error[workflow/invalid-uses]: `./.github/workflows/x.yml@main` names no reusable workflow
     --> .github/workflows/ci.yml:5:13
      |
    5 |   b: {uses: ./.github/workflows/x.yml@main}
      |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: a workflow of the same repository is taken at the same commit: remove `@` and what follows

    error[workflow/invalid-uses]: `o/r/.github/workflows/x.yml` names no reusable workflow
     --> .github/workflows/ci.yml:6:13
      |
    6 |   c: {uses: o/r/.github/workflows/x.yml}
      |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: say which version: `owner/repo/.github/workflows/name.yml@ref`

    error[workflow/invalid-uses]: `o/r@v1` names no reusable workflow
     --> .github/workflows/ci.yml:7:13
      |
    7 |   d: {uses: o/r@v1}
      |             ^^^^^^
      |
      = help: reusable workflows are `.yml` or `.yaml` files directly in `.github/workflows`

    error[workflow/unknown-value]: `all` is not `inherit`
      --> .github/workflows/ci.yml:10:55
       |
    10 |   g: {uses: o/r/.github/workflows/x.yaml@v1, secrets: all, with: {a: [1]}}
       |                                                       ^^^

    error[workflow/wrong-type]: expected a string, a boolean or a number, found a sequence
      --> .github/workflows/ci.yml:10:70
       |
    10 |   g: {uses: o/r/.github/workflows/x.yaml@v1, secrets: all, with: {a: [1]}}
       |                                                                      ^^^ this is a sequence
    "#);
}
