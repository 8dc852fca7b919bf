//! Cancellation of runs.

use insta::assert_snapshot;

use crate::script::{Script, job, jobs};

#[test]
fn what_runs_is_cancelled_unless_its_condition_holds() {
    let mut run = Script::of(&jobs(&[
        ("plain", ""),
        ("stays", "if: always()"),
        ("not", "if: '!cancelled()'"),
        ("explicit", "if: success() || failure()"),
        ("after", "needs: [plain, stays]"),
        ("cleanup", "needs: [plain, stays]\nif: always()"),
        ("notify", "needs: [plain, stays]\nif: cancelled()"),
        ("broken", "needs: [plain, stays]\nif: failure()"),
    ]));
    run.start();
    assert_snapshot!(run.cancel(), @"
    cancel plain
    cancel not
    cancel explicit
    ");
    assert_eq!(run.cancel(), "");
    run.ends("not", "cancelled");
    run.ends("explicit", "cancelled");
    run.ends("plain", "failure");
    assert_snapshot!(run.ends("stays", "success"), @"
    end stays success
    plan after
    end after skipped (cancelled)
    plan cleanup
    plan notify
    plan broken
    end broken skipped (if)
    start cleanup
    start notify
    ");
    run.ends("cleanup", "success");
    assert_snapshot!(run.ends("notify", "success"), @"
    end notify success
    done failure
    ");
}

#[test]
fn before_the_start_everything_is_cancelled() {
    let mut run = Script::of(&jobs(&[("a", "if: always()"), ("b", "needs: a")]));
    assert_snapshot!(run.cancel(), @"
    plan a
    end a cancelled (cancelled)
    plan b
    end b cancelled (cancelled)
    done cancelled
    ");
    assert_eq!(run.start(), "");
}

#[test]
fn jobs_that_wait_are_cancelled_at_once() {
    let mut run = Script::of(&jobs(&[
        ("group", "concurrency: g"),
        ("gate", "environment: prod"),
        ("place", "strategy: {max-parallel: 1, matrix: {n: [1, 2]}}"),
    ]));
    run.start();
    assert_snapshot!(run.cancel(), @"
    end group cancelled (cancelled)
    leave group
    end gate cancelled (cancelled)
    cancel place#0
    end place#1 cancelled (cancelled)
    ");
    assert_eq!(run.gate("gate", None), "");
    assert_eq!(run.enters("group"), "");
    assert_snapshot!(run.ends("place#0", "cancelled"), @"
    end place#0 cancelled
    done cancelled
    ");
}

#[test]
fn a_matrix_that_stays_goes_on() {
    let mut run = Script::of(&jobs(&[("t", "if: always()\nstrategy: {max-parallel: 1, matrix: {n: [1, 2]}}")]));
    run.start();
    assert_eq!(run.cancel(), "");
    assert_snapshot!(run.ends("t#0", "success"), @"
    end t#0 success
    start t#1
    ");
    assert_snapshot!(run.ends("t#1", "success"), @"
    end t#1 success
    done cancelled
    ");
}

#[test]
fn a_cancelled_run_that_went_well_otherwise_is_cancelled() {
    let mut run = Script::of(&jobs(&[("a", "if: always()"), ("b", "needs: a")]));
    run.start();
    assert_eq!(run.cancel(), "");
    assert_snapshot!(run.ends("a", "success"), @"
    end a success
    plan b
    end b skipped (cancelled)
    done cancelled
    ");
}

/// Approvals may never come, and groups never be free.
#[test]
fn killing_leaves_nothing_waiting() {
    let mut run = Script::of(&jobs(&[
        ("runs", "if: always()"),
        ("group", "if: always()\nconcurrency: g"),
        ("gate", "if: always()\nenvironment: prod"),
        ("cleanup", "needs: runs\nif: always()"),
    ]));
    run.start();
    assert_eq!(run.cancel(), "");
    assert_snapshot!(run.apply(engine::Input::Kill), @"
    cancel runs
    end group cancelled (cancelled)
    leave group
    end gate cancelled (cancelled)
    plan cleanup
    end cleanup cancelled (cancelled)
    ");
    assert_snapshot!(run.ends("runs", "cancelled"), @"
    end runs cancelled
    done cancelled
    ");
}

const CALLED: &str = "on: workflow_call\njobs:\n  a: {runs-on: x, steps: [{run: 'true'}]}\n  \
                      b: {runs-on: x, needs: a, if: always(), steps: [{run: 'true'}]}\n";

/// In a called workflow its jobs' own conditions decide, whenever it was called.
#[test]
fn calls() {
    let root = format!(
        "on: push\njobs:\n{}  c: {{uses: ./.github/workflows/c.yml}}\n  late: {{needs: first, if: always(), uses: ./.github/workflows/c.yml}}\n",
        job("first", "")
    );
    let mut run = Script::with(&root, &[("c", CALLED)]);
    run.start();
    assert_snapshot!(run.cancel(), @"
    cancel first
    cancel c/a
    ");
    assert_snapshot!(run.ends("c/a", "cancelled"), @"
    end c/a cancelled
    plan c/b
    start c/b
    ");
    assert_snapshot!(run.ends("c/b", "success"), @"
    end c/b success
    end c cancelled
    ");
    assert_snapshot!(run.ends("first", "cancelled"), @"
    end first cancelled
    plan late
    plan late/a
    end late/a skipped (cancelled)
    plan late/b
    start late/b
    ");
    assert_snapshot!(run.ends("late/b", "success"), @"
    end late/b success
    end late cancelled
    done cancelled
    ");
}
