//! `on:`.

use insta::assert_snapshot;

use super::support::{good, told};

fn on(text: &str) -> String {
    told(&format!("on:\n{text}\njobs:\n  a:\n    runs-on: x\n"))
}

#[test]
fn filters() {
    assert_snapshot!(on("
  push:
    branches: [main]
    branches-ignore: [dev]
    tags: ['!v1']
    paths: [src/**, '[a', '!']
  pull_request:
    types: [open, synchronize]
    branches: [/main, refs/heads/main, '?']
    tags: [v1]
  watch: {}
  fork: {types: [x]}
  merge_group: {types: checks_requested}
  repository_dispatch: {types: anything}
  issue: {}
"), @r#"
    error[workflow/exclusive-filters]: `branches` and `branches-ignore` cannot both stand under one event
     --> .github/workflows/ci.yml:5:5
      |
    4 |     branches: [main]
      |     -------- the other one
    5 |     branches-ignore: [dev]
      |     ^^^^^^^^^^^^^^^
      |
      = help: use `branches` alone: patterns that start with `!` take matches away

    error[workflow/only-negative-filter]: every pattern of `tags` starts with `!`, so none can match
     --> .github/workflows/ci.yml:6:5
      |
    6 |     tags: ['!v1']
      |     ^^^^
      |
      = help: put a pattern that matches first, such as `'**'`, or use `tags-ignore`

    error[workflow/invalid-pattern]: `[a` is no pattern
     --> .github/workflows/ci.yml:7:21
      |
    7 |     paths: [src/**, '[a', '!']
      |                     ^^^^
      |
      = help: `[` is not closed

    error[workflow/invalid-pattern]: `!` is no pattern
     --> .github/workflows/ci.yml:7:27
      |
    7 |     paths: [src/**, '[a', '!']
      |                           ^^^
      |
      = help: `!` needs a pattern after it

    error[workflow/unknown-value]: `open` is not known here
     --> .github/workflows/ci.yml:9:13
      |
    9 |     types: [open, synchronize]
      |             ^^^^
      |
      = help: expected one of `assigned`, `unassigned`, `labeled`, `unlabeled`, `opened`, `edited`, `closed`, `reopened`, `synchronize`, `converted_to_draft`, `locked`, `unlocked`, `enqueued`, `dequeued`, `milestoned`, `demilestoned`, `ready_for_review`, `review_requested`, `review_request_removed`, `auto_merge_enabled`, `auto_merge_disabled`, `stacked`

    warning[workflow/invalid-pattern]: `/main` never matches
      --> .github/workflows/ci.yml:10:16
       |
    10 |     branches: [/main, refs/heads/main, '?']
       |                ^^^^^
       |
       = help: names of branches and tags do not start with `/`

    warning[workflow/invalid-pattern]: `refs/heads/main` never matches
      --> .github/workflows/ci.yml:10:23
       |
    10 |     branches: [/main, refs/heads/main, '?']
       |                       ^^^^^^^^^^^^^^^
       |
       = help: names are compared without `refs/heads/` or `refs/tags/`

    error[workflow/invalid-pattern]: `?` is no pattern
      --> .github/workflows/ci.yml:10:40
       |
    10 |     branches: [/main, refs/heads/main, '?']
       |                                        ^^^
       |
       = help: `?` counts the character before it, and there is none

    error[workflow/unknown-key]: `pull_request` has no key `tags`
      --> .github/workflows/ci.yml:11:5
       |
    11 |     tags: [v1]
       |     ^^^^
       |
       = help: expected one of `types`, `branches`, `branches-ignore`, `paths`, `paths-ignore`

    error[workflow/wrong-type]: expected nothing, found a mapping
      --> .github/workflows/ci.yml:13:9
       |
    13 |   fork: {types: [x]}
       |         ^^^^^^^^^^^^ this is a mapping

    error[workflow/unknown-key]: `on` has no key `issue`
      --> .github/workflows/ci.yml:16:3
       |
    16 |   issue: {}
       |   ^^^^^
       |
       = help: did you mean `issues`?
    "#);
}

#[test]
fn schedules() {
    assert_snapshot!(on("
  schedule:
    - cron: '0 0 * *'
    - cron: '* * * * *'
      timezone: Europe/Berlin
    - cron: '@daily'
      timezone: 'UTC+1:00'
    - timezone: UTC
    - cron: 61 * * * *
"), @r#"
    error[workflow/invalid-cron]: `0 0 * *` has 4 of the five fields of a schedule
     --> .github/workflows/ci.yml:4:13
      |
    4 |     - cron: '0 0 * *'
      |             ^^^^^^^^^
      |
      = help: expected five fields: minute, hour, day of the month, month, day of the week, such as `30 5 * * 1-5`

    warning[workflow/frequent-cron]: this asks for a run every minute
     --> .github/workflows/ci.yml:5:13
      |
    5 |     - cron: '* * * * *'
      |             ^^^^^^^^^^^
      |
      = help: GitHub runs schedules every 5 minutes at most

    error[workflow/invalid-cron]: `@daily` is a shorthand that GitHub does not know
     --> .github/workflows/ci.yml:7:13
      |
    7 |     - cron: '@daily'
      |             ^^^^^^^^
      |
      = help: expected five fields: minute, hour, day of the month, month, day of the week, such as `30 5 * * 1-5`

    error[workflow/invalid-timezone]: `UTC+1:00` is no name of a time zone
     --> .github/workflows/ci.yml:8:17
      |
    8 |       timezone: 'UTC+1:00'
      |                 ^^^^^^^^^^
      |
      = help: expected a name of the IANA database, such as `Europe/Berlin` or `UTC`

    error[workflow/missing-key]: a schedule needs the key `cron`
     --> .github/workflows/ci.yml:9:7
      |
    9 |     - timezone: UTC
      |       ^^^^^^^^

    error[workflow/invalid-cron]: `61` is no minute: expected a value from 0 to 59
      --> .github/workflows/ci.yml:10:13
       |
    10 |     - cron: 61 * * * *
       |             ^^^^^^^^^^
       |
       = help: expected five fields: minute, hour, day of the month, month, day of the week, such as `30 5 * * 1-5`
    "#);
}

#[test]
fn inputs_of_a_dispatch() {
    assert_snapshot!(on("
  workflow_dispatch:
    inputs:
      empty:
      a: {type: choice}
      b: {type: choice, options: []}
      c: {type: choice, options: [one, two], default: twoo}
      d: {options: [x]}
      e: {type: boolean, default: maybe}
      f: {type: number, default: many}
      g: {type: bool, required: 'yes'}
      '9': {type: string}
      h: {type: boolean, default: 'true'}
      i: {type: choice, options: [1, 2], default: 1}
"), @r#"
    error[workflow/invalid-input]: a choice needs `options`
     --> .github/workflows/ci.yml:6:17
      |
    6 |       a: {type: choice}
      |                 ^^^^^^

    error[workflow/invalid-input]: a choice needs at least one option
     --> .github/workflows/ci.yml:7:25
      |
    7 |       b: {type: choice, options: []}
      |                         ^^^^^^^

    error[workflow/input-default]: the default of this input has to be one of `one`, `two`
     --> .github/workflows/ci.yml:8:55
      |
    8 |       c: {type: choice, options: [one, two], default: twoo}
      |                                                       ^^^^
      |
      = help: did you mean `two`?

    error[workflow/invalid-input]: `options` is for inputs of the type `choice` only
     --> .github/workflows/ci.yml:9:11
      |
    9 |       d: {options: [x]}
      |           ^^^^^^^
      |
      = help: add `type: choice`, or remove `options`

    error[workflow/input-default]: the default of this input has to be `true` or `false`, without quotes
      --> .github/workflows/ci.yml:10:35
       |
    10 |       e: {type: boolean, default: maybe}
       |                                   ^^^^^

    error[workflow/input-default]: the default of this input has to be a number, without quotes
      --> .github/workflows/ci.yml:11:34
       |
    11 |       f: {type: number, default: many}
       |                                  ^^^^

    error[workflow/unknown-value]: `bool` is not one of `string`, `boolean`, `number`, `environment`, `choice`
      --> .github/workflows/ci.yml:12:17
       |
    12 |       g: {type: bool, required: 'yes'}
       |                 ^^^^

    error[workflow/wrong-type]: expected a boolean, found a string
      --> .github/workflows/ci.yml:12:33
       |
    12 |       g: {type: bool, required: 'yes'}
       |                                 ^^^^^ this is a string

    error[workflow/invalid-id]: `9` is no name for an input
      --> .github/workflows/ci.yml:13:7
       |
    13 |       '9': {type: string}
       |       ^^^
       |
       = help: names start with a letter or `_`, and go on with letters, digits, `-` or `_`
    "#);
}

#[test]
fn inputs_of_a_call() {
    assert_snapshot!(on("
  workflow_call:
    inputs:
      a: {}
      b: {type: choice}
      c: {type: boolean, default: 'true'}
      d: {type: string, default: '${{ github.ref }}'}
      e: {type: number, default: '${{ secrets.X }}'}
    secrets:
      s:
      t: {required: true}
      u: {default: x}
    outputs:
      o: {}
"), @r#"
    error[workflow/missing-key]: an input needs the key `type`
     --> .github/workflows/ci.yml:5:7
      |
    5 |       a: {}
      |       ^

    error[workflow/unknown-value]: `choice` is not one of `string`, `boolean`, `number`
     --> .github/workflows/ci.yml:6:17
      |
    6 |       b: {type: choice}
      |                 ^^^^^^

    error[workflow/input-default]: the default of this input has to be `true` or `false`, without quotes
     --> .github/workflows/ci.yml:7:35
      |
    7 |       c: {type: boolean, default: 'true'}
      |                                   ^^^^^^

    error[workflow/invalid-expression]: Unrecognized named-value: 'secrets'. Located at position 1 within expression: secrets.X
     --> .github/workflows/ci.yml:9:39
      |
    9 |       e: {type: number, default: '${{ secrets.X }}'}
      |                                       ^^^^^^^ not known here
      |
      = help: known here: github, inputs, vars

    error[workflow/unknown-key]: a secret has no key `default`
      --> .github/workflows/ci.yml:13:11
       |
    13 |       u: {default: x}
       |           ^^^^^^^
       |
       = help: expected one of `description`, `required`

    error[workflow/missing-key]: an output needs the key `value`
      --> .github/workflows/ci.yml:15:7
       |
    15 |       o: {}
       |       ^
    "#);
}

#[test]
fn short_forms() {
    let workflow = good("on: [push, workflow_call]\njobs:\n  a:\n    runs-on: x\n");
    assert_eq!(workflow.on.events.len(), 2);
    assert!(workflow.on.call().is_some());
    assert_snapshot!(told("on: [push, push, pul_request]\njobs:\n  a:\n    runs-on: x\n"), @r#"
    warning[workflow/duplicate-event]: the event `push` is named twice
     --> .github/workflows/ci.yml:1:12
      |
    1 | on: [push, push, pul_request]
      |      ----  ^^^^
      |      |
      |      first here

    error[workflow/unknown-value]: `pul_request` is not known here
     --> .github/workflows/ci.yml:1:18
      |
    1 | on: [push, push, pul_request]
      |                  ^^^^^^^^^^^
      |
      = help: did you mean `pull_request`?
    "#);
    assert_snapshot!(told("on: []\njobs:\n  a:\n    runs-on: x\n"), @r#"
    error[workflow/empty-value]: `on` names no event
     --> .github/workflows/ci.yml:1:1
      |
    1 | on: []
      | ^^
    "#);
    assert_snapshot!(told("on:\njobs:\n  a:\n    runs-on: x\n"), @r#"
    error[workflow/wrong-type]: expected one of the known names, a list of these or a mapping, found nothing
     --> .github/workflows/ci.yml:1:1
      |
    1 | on:
      | ^^ has no value
    "#);
}

#[test]
fn filters_are_kept_in_order() {
    let workflow = good(
        "on:\n  push:\n    branches: ['releases/**', '!releases/**-alpha']\n    tags: v1\njobs:\n  a:\n    runs-on: x\n",
    );
    let push = workflow.on.event("push").unwrap();
    let names = |filter: &Option<workflow::Filter>| -> Vec<String> {
        filter.iter().flat_map(|filter| &filter.patterns).map(|pattern| pattern.value.to_string()).collect()
    };
    assert_eq!(names(&push.branches), ["releases/**", "!releases/**-alpha"]);
    assert_eq!(names(&push.tags), ["v1"]);
    assert!(push.paths.is_none());
}
