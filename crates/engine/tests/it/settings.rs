//! The keys of a job that its order carries.

use insta::assert_snapshot;

use crate::script::{Script, jobs};

#[test]
fn orders_carry_what_was_evaluated() {
    let text = "on: push
permissions: {contents: write}
jobs:
  t:
    runs-on: [self-hosted, '${{ matrix.os }}']
    timeout-minutes: ${{ fromJSON('7') }}
    cancel-timeout-minutes: 2
    continue-on-error: ${{ matrix.os == 'a' }}
    environment: {name: 'env-${{ matrix.os }}', url: '${{ steps.x.outputs.url }}', deployment: false}
    strategy: {matrix: {os: [a]}}
    steps: [{run: 'true'}]
";
    let mut run = Script::of(text);
    assert_snapshot!(run.start() + &run.gate("t#0", None), @"
    plan t#0
    gate t#0 env-a
    start t#0
    ");
    let order = &run.orders["t#0"];
    assert_eq!((order.path.as_str(), order.name.as_str()), ("t", "t (a)"));
    assert_eq!(order.runs_on, ["self-hosted", "a"]);
    assert_eq!((order.timeout_minutes, order.cancel_timeout_minutes), (Some(7.0), Some(2.0)));
    let environment = order.environment.as_ref().unwrap();
    assert!(environment.url.is_some() && !environment.deployment);
    assert_eq!(order.grant.level("contents").as_str(), "write");
    assert_eq!(order.matrix.to_json().to_string(), r#"{"os":"a"}"#);
    assert_eq!(order.secrets.as_object().unwrap().get("KEY").unwrap().as_str(), Some("k3y"));
    let shown = format!("{:?} {order:?} {:?} {:?}", run.planned, run.run, crate::script::facts());
    assert!(!shown.contains("k3y") && !shown.contains("t0ken"), "{shown}");
}

#[test]
fn gates() {
    let text = jobs(&[("a", "environment: prod"), ("b", "needs: a")]);
    let mut run = Script::of(&text);
    run.start();
    assert_eq!(run.ends("a", "success"), "", "it has not started");
    assert_snapshot!(run.gate("a", Some("nobody approved")), @"
    end a failure (environment)
    plan b
    end b skipped (needs)
    done failure
    ");
    assert_eq!(run.reason("a"), "nobody approved");
    // (environment, whether there is one)
    let cases = [
        ("environment: ${{ vars.nothing }}", None),
        ("environment: {name: '${{ vars.nothing }}', url: 'https://x'}", None),
        ("environment: ${{ vars.word }}", Some("hello")),
        (r#"environment: ${{ fromJSON('{"name":"e", "url":"https://x"}') }}"#, Some("e")),
    ];
    for (keys, expected) in cases {
        let mut run = Script::of(&jobs(&[("a", keys)]));
        let told = run.start();
        match expected {
            None => assert!(told.ends_with("start a\n"), "{keys}: {told}"),
            Some(name) => assert!(told.ends_with(&format!("gate a {name}\n")), "{keys}: {told}"),
        }
    }
}

#[test]
fn values_of_the_wrong_kind_fail_the_job() {
    let cases = [
        ("timeout-minutes: ${{ vars.word }}", "value", "`timeout-minutes` is a number"),
        (
            "timeout-minutes: ${{ fromJSON('0') }}",
            "timeout",
            "`timeout-minutes` is a number of minutes above 0, not `0`",
        ),
        ("continue-on-error: ${{ matrix.absent }}", "value", "`continue-on-error` is `true` or `false`"),
        ("continue-on-error: ${{ format('true') }}", "value", "`continue-on-error` is `true` or `false`"),
        ("environment: ${{ fromJSON('[]') }}", "value", "`environment` is a string"),
        ("concurrency: {group: g, cancel-in-progress: '${{ vars.absent }}'}", "value", "`cancel-in-progress` is"),
        ("timeout-minutes: ${{ fromJSON(vars.word) }}", "expression", ""),
    ];
    for (keys, code, text) in cases {
        let mut run = Script::of(&jobs(&[("a", keys)]));
        let told = run.start();
        assert_eq!(told, format!("plan a\nend a failure ({code})\ndone failure\n"), "{keys}");
        assert!(run.reason("a").starts_with(text), "{keys}: {}", run.reason("a"));
    }
    // (runs-on, the labels)
    let cases: [(&str, Option<&[&str]>); 9] = [
        ("${{ vars.word }}", Some(&["hello"])),
        ("${{ fromJSON('[\"a\", \"b\"]') }}", Some(&["a", "b"])),
        ("{group: g}", Some(&[])),
        ("{group: g, labels: [a]}", Some(&["a"])),
        (r#"${{ fromJSON('{"labels":"a"}') }}"#, Some(&["a"])),
        ("${{ vars.nothing }}", None),
        ("${{ vars.absent }}", None),
        ("${{ fromJSON('[]') }}", None),
        ("[a, '${{ vars.nothing }}']", None),
    ];
    for (keys, labels) in cases {
        let text = format!("on: push\njobs:\n  a:\n    runs-on: {keys}\n    steps: [{{run: 'true'}}]\n");
        let mut run = Script::of(&text);
        let told = run.start();
        assert_eq!(
            run.orders.get("a").map(|order| order.runs_on.iter().map(String::as_str).collect::<Vec<_>>()),
            labels.map(<[&str]>::to_vec),
            "{keys}: {told}"
        );
    }
}
