//! What stands of an earlier attempt.

use api::Conclusion;
use engine::{KnownLeg, Selection};
use insta::assert_snapshot;

use crate::script::{Script, job, jobs};

fn known(keys: &[&str]) -> Selection {
    let leg = |key: &&str| {
        let outputs = vec![("from".to_owned(), (*key).to_owned())];
        ((*key).to_owned(), KnownLeg { conclusion: Conclusion::Success, outputs })
    };
    Selection { known: keys.iter().map(leg).collect(), ..Selection::default() }
}

#[test]
fn what_succeeded_is_kept_with_its_outputs() {
    let text = jobs(&[("a", ""), ("t", "needs: a\nstrategy: {matrix: {n: [1, 2]}}"), ("b", "needs: t")]);
    let mut run = Script::selected(&text, &[], known(&["a", "t#1"]));
    assert_snapshot!(run.start(), @"
    plan a
    end a success (kept) from=a
    plan t#0
    plan t#1
    end t#1 success (kept) from=t#1
    start t#0
    ");
    run.ends_with("t#0", "success", &[("from", "anew")]);
    assert_eq!(run.orders["b"].needs.to_json().to_string(), r#"{"t":{"result":"success","outputs":{"from":"anew"}}}"#);
}

/// Whatever depends on a job that runs again runs again.
#[test]
fn dependants_of_what_runs_again_run_again() {
    let text =
        jobs(&[("a", ""), ("skips", "if: false"), ("b", "needs: a\nif: always()"), ("c", "needs: b"), ("d", "")]);
    let mut run = Script::selected(&text, &[], known(&["b", "c", "d"]));
    run.start();
    assert_snapshot!(run.ends("a", "success"), @"
    end a success
    plan b
    start b
    ");
    assert_snapshot!(run.ends("b", "success"), @"
    end b success
    plan c
    start c
    ");
    // A job that is skipped again has not run.
    let text = jobs(&[("skips", "if: false"), ("b", "needs: skips\nif: always()")]);
    assert_snapshot!(Script::selected(&text, &[], known(&["b"])).start(), @"
    plan skips
    end skips skipped (if)
    plan b
    end b success (kept) from=b
    done success
    ");
}

#[test]
fn calls() {
    let called = format!("on: workflow_call\njobs:\n{}{}", job("x", ""), job("y", "needs: x"));
    let root = format!(
        "on: push\njobs:\n{}  c: {{needs: a, uses: ./.github/workflows/c.yml}}\n{}",
        job("a", ""),
        job("z", "needs: c")
    );
    // A call that succeeded is kept as a whole.
    let mut run = Script::selected(&root, &[("c", &called)], known(&["a", "c", "c/x", "c/y"]));
    assert_snapshot!(run.start(), @"
    plan a
    end a success (kept) from=a
    plan c
    end c success (kept) from=c
    plan z
    start z
    ");
    // One that did not is called again, and keeps of its jobs what can be kept.
    let mut run = Script::selected(&root, &[("c", &called)], known(&["a", "c/x", "z"]));
    assert_snapshot!(run.start(), @"
    plan a
    end a success (kept) from=a
    plan c
    plan c/x
    end c/x success (kept) from=c/x
    plan c/y
    start c/y
    ");
    assert_snapshot!(run.ends("c/y", "success"), @"
    end c/y success
    end c success
    plan z
    start z
    ");
    // Nothing of it stands when what it depends on runs again.
    let mut run = Script::selected(&root, &[("c", &called)], known(&["c/x", "c/y"]));
    run.start();
    assert_snapshot!(run.ends("a", "success"), @"
    end a success
    plan c
    plan c/x
    start c/x
    ");
}
