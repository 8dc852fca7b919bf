//! `strategy`: legs, their names and contexts, `fail-fast`, `max-parallel`.

use insta::assert_snapshot;

use crate::script::{Script, jobs};

#[test]
fn fail_fast_cancels_the_others() {
    let mut run = Script::of(&jobs(&[("t", "strategy: {matrix: {n: [1, 2, 3]}}"), ("after", "needs: t")]));
    assert_snapshot!(run.start(), @"
    plan t#0
    plan t#1
    plan t#2
    start t#0
    start t#1
    start t#2
    ");
    assert_snapshot!(run.ends("t#1", "failure"), @"
    end t#1 failure
    cancel t#0
    cancel t#2
    ");
    assert_eq!(run.ends("t#0", "failure"), "end t#0 failure\n", "cancelled once");
    assert_snapshot!(run.ends("t#2", "cancelled"), @"
    end t#2 cancelled
    plan after
    end after skipped (needs)
    done failure
    ");
}

#[test]
fn legs_without_a_place_do_not_start_when_the_others_are_cancelled() {
    let strategy = "strategy: {max-parallel: 1, matrix: {n: [1, 2, 3]}}";
    let mut run = Script::of(&jobs(&[("t", strategy)]));
    run.start();
    assert_snapshot!(run.ends("t#0", "failure"), @"
    end t#0 failure
    end t#1 cancelled (fail-fast)
    end t#2 cancelled (fail-fast)
    done failure
    ");
    let mut run = Script::of(&jobs(&[("t", strategy)]));
    run.start();
    assert_snapshot!(run.cancel(), @"
    cancel t#0
    end t#1 cancelled (cancelled)
    end t#2 cancelled (cancelled)
    ");
    assert_snapshot!(run.ends("t#0", "success"), @"
    end t#0 success
    done cancelled
    ");
}

#[test]
fn without_fail_fast_all_run() {
    let mut run = Script::of(&jobs(&[("t", "strategy: {fail-fast: false, max-parallel: 2, matrix: {n: [1, 2, 3]}}")]));
    assert_snapshot!(run.start(), @"
    plan t#0
    plan t#1
    plan t#2
    start t#0
    start t#1
    ");
    assert_snapshot!(run.ends("t#1", "failure"), @"
    end t#1 failure
    start t#2
    ");
    run.ends("t#0", "success");
    assert_snapshot!(run.ends("t#2", "success"), @"
    end t#2 success
    done failure
    ");
}

#[test]
fn a_leg_that_may_fail_does_not_cancel_the_others() {
    let mut run =
        Script::of(&jobs(&[("t", "continue-on-error: ${{ matrix.n == 1 }}\nstrategy: {matrix: {n: [1, 2, 3]}}")]));
    run.start();
    assert_snapshot!(run.ends("t#0", "failure"), @"end t#0 failure");
    assert_snapshot!(run.ends("t#1", "failure"), @"
    end t#1 failure
    cancel t#2
    ");
    assert_snapshot!(run.ends("t#2", "cancelled"), @"
    end t#2 cancelled
    done failure
    ");
}

/// Legs set outputs in the order in which they end; empty values set nothing.
#[test]
fn outputs_of_legs_are_merged_as_they_end() {
    let mut run = Script::of(&jobs(&[("t", "strategy: {matrix: {n: [1, 2, 3]}}"), ("after", "needs: t")]));
    run.start();
    run.ends_with("t#2", "success", &[("last", "2"), ("only", "2")]);
    run.ends_with("t#0", "success", &[("last", "0")]);
    run.ends_with("t#1", "success", &[("last", ""), ("LAST", "")]);
    let needs = run.orders["after"].needs.to_json();
    assert_eq!(needs.to_string(), r#"{"t":{"result":"success","outputs":{"last":"0","only":"2"}}}"#);
}

#[test]
fn names() {
    let cases: &[(&str, &[&str])] = &[
        ("", &["t"]),
        ("name: Test", &["Test"]),
        ("name: 5", &["5"]),
        ("name: ''", &["t"]),
        ("strategy: {matrix: {os: [a, b], n: [1]}}", &["t (a, 1)", "t (b, 1)"]),
        ("name: Test\nstrategy: {matrix: {os: [a]}}", &["Test (a)"]),
        ("name: On ${{ matrix.os }}\nstrategy: {matrix: {os: [a, b]}}", &["On a", "On b"]),
        ("name: ${{ vars.nothing }}\nstrategy: {matrix: {os: [a]}}", &["t (a)"]),
        (
            "name: ${{ strategy.job-index }} of ${{ strategy.job-total }}\nstrategy: {matrix: {os: [a, b]}}",
            &["0 of 2", "1 of 2"],
        ),
        // Keys that `include` adds do not name a leg.
        ("strategy: {matrix: {os: [a], include: [{os: a, extra: 1}, {os: b, extra: 2}]}}", &["t (a)", "t (b, 2)"]),
        // A job that does not run has no values for its name.
        ("if: false\nname: On ${{ matrix.os }}\nstrategy: {matrix: {os: [a, b]}}", &["t"]),
        ("if: false\nname: Test", &["Test"]),
    ];
    for (keys, names) in cases {
        let mut run = Script::of(&jobs(&[("t", keys)]));
        run.start();
        assert_eq!(run.names(), *names, "{keys}");
    }
    let mut run = Script::of(&jobs(&[("t", "name: ${{ github }}"), ("u", "name: ${{ fromJSON('[1]') }}")]));
    let told = run.start();
    assert!(told.contains("end t failure (value)") && told.contains("end u failure (value)"), "{told}");
    assert_eq!(run.names(), ["t", "u"]);
}

#[test]
fn the_strategy_context() {
    let cases = [
        ("", r#"{"fail-fast":true,"job-index":0,"job-total":1,"max-parallel":1} null"#),
        ("strategy: {fail-fast: false}", r#"{"fail-fast":false,"job-index":0,"job-total":1,"max-parallel":1} null"#),
        (
            "strategy: {matrix: {n: [1, 2]}}",
            r#"{"fail-fast":true,"job-index":1,"job-total":2,"max-parallel":2} {"n":2}"#,
        ),
        (
            "strategy: {max-parallel: 7, matrix: {n: [1, 2]}}",
            r#"{"fail-fast":true,"job-index":1,"job-total":2,"max-parallel":7} {"n":2}"#,
        ),
        // Below 1 is no bound.
        (
            "strategy: {max-parallel: '${{ fromJSON(0) }}', matrix: {n: [1, 2]}}",
            r#"{"fail-fast":true,"job-index":1,"job-total":2,"max-parallel":2} {"n":2}"#,
        ),
        // A strategy that is one expression.
        (
            r#"strategy: ${{ fromJSON('{"fail-fast":false, "max-parallel":3, "matrix":{"n":[1, 2]}}') }}"#,
            r#"{"fail-fast":false,"job-index":1,"job-total":2,"max-parallel":3} {"n":2}"#,
        ),
        // A matrix of which everything is excluded: one leg without a matrix.
        (
            "strategy: {max-parallel: 4, matrix: {n: [1, 2], exclude: '${{ fromJSON(''[{\"n\":1},{\"n\":2}]'') }}'}}",
            r#"{"fail-fast":true,"job-index":0,"job-total":1,"max-parallel":1} null"#,
        ),
        (
            "strategy: {matrix: {n: '${{ fromJSON(vars.list) }}'}}",
            r#"{"fail-fast":true,"job-index":2,"job-total":3,"max-parallel":3} {"n":3}"#,
        ),
    ];
    for (keys, expected) in cases {
        let mut run = Script::of(&jobs(&[("t", keys)]));
        run.start();
        let last = &run.orders[&run.planned.last().unwrap().key];
        assert_eq!(format!("{} {}", last.strategy.to_json(), last.matrix.to_json()), expected, "{keys}");
    }
}

#[test]
fn a_strategy_that_is_none_fails_the_job() {
    let cases = [
        ("strategy: ${{ vars.word }}", "`strategy` is a mapping, the expression gives `hello`"),
        (
            r#"strategy: ${{ fromJSON('{"matrixx":{}}') }}"#,
            "`strategy` has `fail-fast`, `max-parallel` and `matrix`, not `matrixx`",
        ),
        ("strategy: {matrix: '${{ vars.word }}'}", "a matrix is a mapping, this is a string"),
        (
            "strategy: {matrix: '${{ fromJSON(''{}'') }}'}",
            "this matrix has no axis and no `include`, so it makes no job",
        ),
        ("strategy: {matrix: {n: '${{ fromJSON(''[]'') }}'}}", "the axis `n` has no values"),
        ("strategy: {matrix: {n: '${{ vars.list }}'}}", "the axis `n` is a list, this is a string"),
        (
            "strategy: {fail-fast: '${{ vars.word }}'}",
            "`fail-fast` is `true` or `false`, the expression gives the string `hello`; `fromJSON` makes one of it",
        ),
        ("strategy: {max-parallel: '${{ vars.absent }}'}", "`max-parallel` is a number, the expression gives nothing"),
        (
            "strategy: {max-parallel: '${{ format(''{0}'', 2) }}'}",
            "`max-parallel` is a number, the expression gives the string `2`; `fromJSON` makes one of it",
        ),
    ];
    for (keys, expected) in cases {
        let mut run = Script::of(&jobs(&[("t", keys), ("after", "needs: t")]));
        let told = run.start();
        assert_eq!(run.reason("t"), expected, "{keys}\n{told}");
        assert_eq!(run.reasons["after"].code, "needs");
        assert_eq!(run.done, Some(api::Conclusion::Failure));
    }
}

#[test]
fn a_matrix_from_another_job() {
    let mut run = Script::of(&jobs(&[
        ("plan", ""),
        ("t", "needs: plan\nstrategy: {matrix: '${{ fromJSON(needs.plan.outputs.m) }}'}"),
    ]));
    run.start();
    assert_snapshot!(run.ends_with("plan", "success", &[("m", r#"{"os": ["a", "b"]}"#)]), @r#"
    end plan success m={"os": ["a", "b"]}
    plan t#0
    plan t#1
    start t#0
    start t#1
    "#);
}

#[test]
fn only_the_legs_asked_for() {
    let text = jobs(&[
        ("plain", ""),
        ("t", "name: ${{ strategy.job-index }}/${{ strategy.job-total }}\nstrategy: {matrix: {n: [1, 2], os: [a, b]}}"),
        ("other", "strategy: {matrix: {n: [7]}}"),
    ]);
    let matrix = vec![("n".to_owned(), "2".to_owned()), ("os".to_owned(), "b".to_owned())];
    let mut run = Script::selected(&text, &[], engine::Selection { matrix, ..Default::default() });
    assert_snapshot!(run.start(), @"
    plan plain
    plan t#3
    plan other
    end other skipped (matrix)
    start plain
    start t#3
    ");
    assert_eq!(run.names(), ["plain", "3/4", "other"]);
}
