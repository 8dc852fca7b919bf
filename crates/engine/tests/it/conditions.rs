//! `needs` and `if`: what runs after what came of the others.

use engine::{Mask, Selection};
use expr::Value;
use insta::assert_snapshot;

use crate::script::{Script, facts, jobs, program};

/// What becomes of `last`, by the results of the chain before it.
#[test]
fn status_functions_see_the_whole_chain() {
    // (`if` of middle, result of first, result of middle if it runs, `if` of last, what becomes of last)
    let cases = [
        ("", "success", "success", "", "start"),
        ("", "failure", "-", "", "skipped"),
        ("", "skipped", "-", "", "skipped"),
        ("", "cancelled", "-", "", "skipped"),
        ("always()", "failure", "success", "", "skipped"),
        ("always()", "skipped", "success", "", "skipped"),
        ("always()", "failure", "success", "always()", "start"),
        ("always()", "failure", "success", "!cancelled()", "start"),
        ("always()", "failure", "success", "failure()", "start"),
        ("always()", "skipped", "success", "failure()", "skipped"),
        ("", "failure", "-", "failure()", "start"),
        ("", "success", "failure", "failure()", "start"),
        ("", "success", "success", "failure()", "skipped"),
        ("", "success", "success", "failure() || success()", "start"),
        ("", "success", "success", "cancelled()", "skipped"),
        ("", "success", "cancelled", "cancelled()", "skipped"),
        // Named needs: only those count.
        ("always()", "failure", "success", "success('middle')", "start"),
        ("always()", "failure", "success", "failure('middle')", "skipped"),
        ("", "success", "failure", "failure('MIDDLE')", "start"),
        // A function's name in a string is no function.
        ("", "success", "failure", "'success()' == 'success()'", "skipped"),
        ("", "success", "success", "needs.middle.result == 'success'", "start"),
        ("", "failure", "-", "needs.middle.result == 'skipped'", "skipped"),
        ("", "failure", "-", "always() && needs.middle.result == 'skipped'", "start"),
        // `first` is no direct need.
        ("", "success", "success", "needs.first.result == 'success'", "skipped"),
        ("", "success", "success", "success('first')", "failure"),
        // Text around an expression makes a string, which is true.
        ("", "success", "success", "'${{ false }} '", "start"),
        ("", "success", "success", "false", "skipped"),
        ("", "success", "success", "${{ github.ref == 'REFS/heads/MAIN' }}", "start"),
    ];
    for (middle_if, first, middle, last_if, expected) in cases {
        let line = |condition: &str| {
            if condition.contains("${{") {
                format!("if: {condition}\n")
            } else if condition.is_empty() {
                String::new()
            } else {
                format!("if: ${{{{ {condition} }}}}\n")
            }
        };
        let mut run = Script::of(&jobs(&[
            ("first", ""),
            ("middle", &format!("needs: first\n{}", line(middle_if))),
            ("last", &format!("needs: [middle]\n{}", line(last_if))),
        ]));
        run.start();
        let mut told = run.ends("first", first);
        if middle != "-" {
            assert!(told.contains("start middle"), "{told}");
            told = run.ends("middle", middle);
        }
        let found = ["start last", "end last skipped", "end last failure"].iter().find(|line| told.contains(*line));
        let found = found.and_then(|line| line.split(' ').next_back());
        let found = if found == Some("last") { Some("start") } else { found };
        assert_eq!(found, Some(expected), "{middle_if} {first} {middle} {last_if}:\n{told}");
    }
}

#[test]
fn there_are_no_stages() {
    let mut run = Script::of(&jobs(&[("a", ""), ("b", ""), ("c", "needs: a"), ("d", "needs: [b, C, c]")]));
    assert_snapshot!(run.start(), @"
    plan a
    plan b
    start a
    start b
    ");
    assert_snapshot!(run.ends("a", "success"), @"
    end a success
    plan c
    start c
    ");
    assert_snapshot!(run.ends("c", "success"), @"end c success");
    assert_snapshot!(run.ends("b", "success"), @"
    end b success
    plan d
    start d
    ");
    assert_snapshot!(run.ends("d", "failure"), @"
    end d failure
    done failure
    ");
    assert_eq!(run.planned[3].needs, ["b", "c"]);
}

#[test]
fn inputs_that_do_not_fit_are_ignored() {
    let mut run = Script::of(&jobs(&[("a", ""), ("b", "needs: a")]));
    assert_eq!(run.apply(engine::Input::Entered(engine::Holder::Workflow(0))), "");
    run.start();
    assert_eq!(run.start(), "");
    assert_eq!(run.enters("a"), "");
    assert_eq!(run.evicts("a"), "");
    assert_eq!(run.gate("a", Some("no")), "");
    assert_eq!(run.apply(engine::Input::Evicted(engine::Holder::Workflow(7))), "");
    let unknown = engine::Input::Ended { leg: api::LegId(9), conclusion: api::Conclusion::Failure, outputs: vec![] };
    assert_eq!(run.apply(unknown), "");
    run.ends("a", "success");
    assert_eq!(run.ends("a", "failure"), "");
    run.ends("b", "success");
    assert_eq!(run.done, Some(api::Conclusion::Success));
    assert_eq!(run.cancel(), "");
}

#[test]
fn reasons_name_what_decided() {
    let mut run = Script::of(&jobs(&[
        ("a", ""),
        ("b", "needs: a"),
        ("c", "needs: b\nif: github.ref == 'x'"),
        ("d", "needs: a\nif: always() && github.ref == 'x'"),
        ("e", "if: github.event_name == 'pull_request'"),
        ("f", "if: failure('nobody')"),
    ]));
    run.start();
    assert_snapshot!(run.ends("a", "failure"), @"
    end a failure
    plan b
    end b skipped (needs)
    plan d
    end d skipped (if)
    plan c
    end c skipped (needs)
    done failure
    ");
    assert_eq!(run.reason("b"), "`a`, which it depends on, ended as failure");
    assert_eq!(run.reason("c"), "`b`, which it depends on, ended as skipped");
    assert!(run.reason("d").starts_with("`if` is false: "), "{}", run.reason("d"));
    assert!(run.reason("e").contains("'push'"), "{}", run.reason("e"));
    assert_eq!(run.reasons["f"].code, "if-error");
}

#[test]
fn reasons_hide_secrets_longer_than_a_line() {
    let secret = "s3cr3t-".repeat(40);
    let mut facts = facts();
    facts.vars = Value::object([("long", Value::from(secret.as_str()))]);
    facts.mask = {
        let secret = secret.clone();
        Mask::new(move |text| text.replace(&secret, "***"))
    };
    let root = jobs(&[("a", "if: vars.long == 'x'")]);
    let mut run = Script::new(program(&root, &[]), facts, Selection::default());
    run.start();
    assert_eq!(
        run.reason("a"),
        "`if` is false: success() && (vars.long == 'x'), where success() is true, vars.long is '***'"
    );
}

#[test]
fn nothing_but_skipped_jobs_is_a_skipped_run() {
    let mut run = Script::of(&jobs(&[("a", "if: false"), ("b", "needs: a")]));
    assert_snapshot!(run.start(), @"
    plan a
    end a skipped (if)
    plan b
    end b skipped (needs)
    done skipped
    ");
}

/// The runner does not decide what dependants see of a tolerated failure; success is what the documentation implies.
#[test]
fn a_tolerated_failure_is_success_to_others() {
    let mut run =
        Script::of(&jobs(&[("a", "continue-on-error: true"), ("b", "needs: a\nif: needs.a.result == 'success'")]));
    run.start();
    assert_snapshot!(run.ends_with("a", "failure", &[("x", "1"), ("empty", "")]), @"
    end a failure x=1 empty=
    plan b
    start b
    ");
    let needs = run.orders["b"].needs.to_json();
    assert_eq!(needs.to_string(), r#"{"a":{"result":"success","outputs":{"x":"1"}}}"#);
    assert_snapshot!(run.ends("b", "success"), @"
    end b success
    done success
    ");
}

#[test]
fn a_selection_takes_what_it_needs_along() {
    let text = jobs(&[("a", ""), ("b", "needs: a"), ("c", "needs: [b]"), ("d", "")]);
    let selection = engine::Selection { jobs: vec!["B".to_owned()], ..Default::default() };
    let mut run = Script::selected(&text, &[], selection);
    assert_snapshot!(run.start() + &run.ends("a", "success") + &run.ends("b", "success"), @"
    plan a
    start a
    end a success
    plan b
    start b
    end b success
    done success
    ");
    let nobody = engine::Selection { jobs: vec!["nobody".to_owned()], ..Default::default() };
    assert_snapshot!(Script::selected(&text, &[], nobody).start(), @"done success");
}
