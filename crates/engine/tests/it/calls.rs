//! Reusable workflows.

use insta::assert_snapshot;

use crate::script::{Script, job};

const DEPLOY: &str = "
on:
  workflow_call:
    inputs:
      target: {type: string, default: '${{ github.ref }}'}
      dry: {type: boolean}
      times: {type: number, default: 2}
    secrets:
      key: {}
    outputs:
      url: {value: '${{ jobs.push.outputs.url }}'}
      empty: {value: '${{ jobs.push.outputs.nothing }}'}
jobs:
  push:
    runs-on: x
    steps: [{run: 'true'}]
  check:
    needs: push
    runs-on: x
    steps: [{run: 'true'}]
";

fn caller(keys: &str) -> String {
    let mut text = "on: push\njobs:\n  deploy:\n    uses: ./.github/workflows/deploy.yml\n".to_owned();
    for line in keys.lines() {
        text += &format!("    {line}\n");
    }
    text + &job("after", "needs: deploy")
}

fn called(keys: &str) -> Script {
    Script::with(&caller(keys), &[("deploy", DEPLOY)])
}

#[test]
fn a_call_is_a_job_whose_outputs_are_those_of_the_called() {
    let mut run = called("name: Ship\nwith: {target: prod, dry: true}");
    assert_snapshot!(run.start(), @"
    plan deploy
    plan deploy/push
    start deploy/push
    ");
    assert!(run.planned[0].call && !run.planned[1].call);
    let inputs = run.orders["deploy/push"].inputs.to_json();
    assert_eq!(inputs.to_string(), r#"{"target":"prod","dry":true,"times":2}"#);
    assert_snapshot!(run.ends_with("deploy/push", "success", &[("url", "https://x")]), @"
    end deploy/push success url=https://x
    plan deploy/check
    start deploy/check
    ");
    assert_snapshot!(run.ends("deploy/check", "success"), @"
    end deploy/check success
    end deploy success url=https://x
    plan after
    start after
    ");
    assert_eq!(run.names(), ["Ship", "Ship / push", "Ship / check", "after"]);
    assert_eq!(run.planned[2].needs, ["deploy/push"]);
    let needs = run.orders["after"].needs.to_json();
    assert_eq!(needs.to_string(), r#"{"deploy":{"result":"success","outputs":{"url":"https://x"}}}"#);
}

#[test]
fn results_of_calls() {
    let cases = [
        (["success", "success"], "success"),
        (["failure", "-"], "failure"),
        (["success", "failure"], "failure"),
        (["cancelled", "-"], "cancelled"),
        (["skipped", "-"], "skipped"),
        (["success", "skipped"], "success"),
    ];
    for (results, expected) in cases {
        let mut run = called("");
        run.start();
        let mut told = String::new();
        for (key, result) in ["deploy/push", "deploy/check"].iter().zip(results) {
            if result != "-" {
                told = run.ends(key, result);
            }
        }
        assert!(told.contains(&format!("end deploy {expected}")), "{results:?}:\n{told}");
        assert_eq!(told.contains("start after"), expected == "success", "{results:?}:\n{told}");
    }
}

#[test]
fn a_condition_on_the_call_skips_all_of_it() {
    let mut run = called("if: github.ref == 'x'");
    assert_snapshot!(run.start(), @"
    plan deploy
    end deploy skipped (if)
    plan after
    end after skipped (needs)
    done skipped
    ");
}

#[test]
fn every_leg_calls() {
    let mut run = called("strategy: {max-parallel: 1, matrix: {to: [a, b]}}\nwith: {target: '${{ matrix.to }}'}");
    assert_snapshot!(run.start(), @"
    plan deploy#0
    plan deploy#1
    plan deploy#0/push
    start deploy#0/push
    ");
    run.ends("deploy#0/push", "success");
    assert_snapshot!(run.ends_with("deploy#0/check", "success", &[]), @"
    end deploy#0/check success
    end deploy#0 success
    plan deploy#1/push
    start deploy#1/push
    ");
    assert_eq!(run.orders["deploy#1/push"].inputs.as_object().unwrap().get("target").unwrap().as_str(), Some("b"));
    assert_snapshot!(run.ends("deploy#1/push", "failure"), @"
    end deploy#1/push failure
    plan deploy#1/check
    end deploy#1/check skipped (needs)
    end deploy#1 failure
    plan after
    end after skipped (needs)
    done failure
    ");
    assert_eq!(run.names()[..3], ["deploy (a)", "deploy (b)", "deploy (a) / push"]);
}

#[test]
fn fail_fast_cancels_the_other_calls() {
    let mut run = called("strategy: {matrix: {to: [a, b]}}");
    run.start();
    assert_snapshot!(run.ends("deploy#0/push", "failure"), @"
    end deploy#0/push failure
    plan deploy#0/check
    end deploy#0/check skipped (needs)
    end deploy#0 failure
    cancel deploy#1/push
    ");
    assert_snapshot!(run.ends("deploy#1/push", "cancelled"), @"
    end deploy#1/push cancelled
    plan deploy#1/check
    end deploy#1/check skipped (cancelled)
    end deploy#1 cancelled
    plan after
    end after skipped (needs)
    done failure
    ");
}

/// The token is always there; the rest only as far as it is passed on, and empty ones not at all.
#[test]
fn secrets() {
    let cases = [
        ("", r#"{"GITHUB_TOKEN":"t0ken"}"#),
        ("secrets: inherit", r#"{"GITHUB_TOKEN":"t0ken","KEY":"k3y","EMPTY":""}"#),
        ("secrets: {key: '${{ secrets.KEY }}'}", r#"{"GITHUB_TOKEN":"t0ken","key":"k3y"}"#),
        ("secrets: {key: '${{ secrets.EMPTY }}'}", r#"{"GITHUB_TOKEN":"t0ken"}"#),
    ];
    for (keys, expected) in cases {
        let mut run = called(keys);
        run.start();
        assert_eq!(run.orders["deploy/push"].secrets.to_json().to_string(), expected, "{keys}");
    }
    let mut run = called("secrets: {key: '${{ secrets }}'}");
    run.start();
    assert_eq!(run.reason("deploy"), "the secret `key` is a string, the expression gives something else");
}

#[test]
fn wrong_inputs_fail_the_call() {
    let cases = [
        ("with: {dry: '${{ vars.word }}'}", "the input `dry` is `true` or `false`, `hello` is not"),
        ("with: {times: '${{ vars.word }}'}", "the input `times` is a number, `hello` is not"),
        ("with: {target: '${{ fromJSON(vars.list) }}'}", "the input `target` is a string, `Array` is not"),
    ];
    for (keys, expected) in cases {
        let mut run = called(keys);
        let told = run.start();
        assert_eq!(
            told,
            "plan deploy\nend deploy failure (inputs)\nplan after\nend after skipped (needs)\ndone failure\n"
        );
        assert_eq!(run.reason("deploy"), expected);
    }
}

#[test]
fn an_output_that_fails_fails_the_call() {
    let text = "on:
  workflow_call:
    outputs:
      bad: {value: '${{ fromJSON(jobs.one.outputs.x) }}'}
jobs:
  one: {runs-on: x, steps: [{run: 'true'}]}
";
    let mut run = Script::with(&caller(""), &[("deploy", text)]);
    run.start();
    assert!(run.ends_with("deploy/one", "success", &[("x", "{")]).contains("end deploy failure (expression)"));
}

#[test]
fn calls_within_calls_narrow_permissions() {
    let outer = "on: workflow_call\njobs:\n  in: {uses: ./.github/workflows/inner.yml}\n";
    let inner = "on: workflow_call\njobs:\n  a: {runs-on: x, permissions: {contents: read}, steps: [{run: 'true'}]}\n  \
                 b: {runs-on: x, steps: [{run: 'true'}]}\n";
    let root = "on: push\njobs:\n  out: {uses: ./.github/workflows/outer.yml, permissions: {contents: write, id-token: write}}\n";
    let mut run = Script::with(root, &[("outer", outer), ("inner", inner)]);
    run.start();
    let levels = |key: &str| {
        let grant = &run.orders[key].grant;
        [grant.level("contents").as_str(), grant.level("id-token").as_str(), grant.level("packages").as_str()]
    };
    assert_eq!(levels("out/in/a"), ["read", "none", "none"]);
    assert_eq!(levels("out/in/b"), ["write", "write", "none"]);
    assert_eq!(run.names(), ["out", "out / in", "out / in / a", "out / in / b"]);
}

/// Calls with matrices multiply: a run has an end to its size.
#[test]
fn the_number_of_jobs_is_bounded() {
    let list: Vec<String> = (0..200).map(|n| n.to_string()).collect();
    let axis = format!("strategy: {{fail-fast: false, matrix: {{n: [{}]}}}}", list.join(", "));
    let root = format!("on: push\njobs:\n  c:\n    uses: ./.github/workflows/mid.yml\n    {axis}\n");
    let mid = format!("on: workflow_call\njobs:\n  c:\n    uses: ./.github/workflows/leaf.yml\n    {axis}\n");
    let leaf = "on: workflow_call\njobs:\n  j: {runs-on: x, steps: [{run: 'true'}]}\n";
    let mut run = Script::with(&root, &[("mid", &mid), ("leaf", leaf)]);
    let told = run.start();
    assert!(told.contains("(too-many-jobs)"));
    assert!(run.planned.len() < 21_000, "{}", run.planned.len());
}
