//! `concurrency` of workflows and jobs.

use api::Conclusion;
use engine::{Holder, Input};
use insta::assert_snapshot;

use crate::script::{Script, job, jobs};

fn workflow(concurrency: &str, rest: &str) -> String {
    format!("on: push\nconcurrency: {concurrency}\njobs:\n{rest}")
}

#[test]
fn what_is_asked_for() {
    let cases = [
        ("g", "enter workflow-0 g"),
        ("g-${{ github.ref }}", "enter workflow-0 g-refs/heads/main"),
        ("{group: g, cancel-in-progress: true}", "enter workflow-0 g cancel"),
        ("{group: g, queue: max}", "enter workflow-0 g max"),
        ("{group: g, queue: single}", "enter workflow-0 g"),
        ("{group: g, cancel-in-progress: \"${{ github.ref == 'x' }}\"}", "enter workflow-0 g"),
        (r#"${{ fromJSON('{"group":"g", "cancel-in-progress":true}') }}"#, "enter workflow-0 g cancel"),
        (r#"${{ fromJSON('{"group":7, "queue":"max"}') }}"#, "enter workflow-0 7 max"),
    ];
    for (concurrency, expected) in cases {
        let mut run = Script::of(&workflow(concurrency, &job("a", "")));
        assert_eq!(run.start(), format!("{expected}\n"), "{concurrency}");
        let entered = run.apply(Input::Entered(Holder::Workflow(0)));
        assert_eq!(entered, "plan a\nstart a\n");
        assert_eq!(run.apply(Input::Entered(Holder::Workflow(0))), "");
        assert_eq!(run.ends("a", "success"), "end a success\nleave workflow-0\ndone success\n");
    }
}

#[test]
fn a_group_that_is_none_fails_everything() {
    let cases = [
        ("${{ vars.nothing }}", "the concurrency group is empty"),
        ("{group: '${{ vars.absent }}'}", "the concurrency group is empty"),
        ("${{ fromJSON(vars.list) }}", "`concurrency` is a string, the expression gives `Array`"),
        (
            "{group: g, cancel-in-progress: '${{ vars.word }}'}",
            "`cancel-in-progress` is `true` or `false`, the expression gives the string `hello`; `fromJSON` makes one of it",
        ),
        (r#"${{ fromJSON('{"group":"g", "queue":"all"}') }}"#, "`queue` is `single` or `max`, not `all`"),
        (
            r#"${{ fromJSON('{"groups":"g"}') }}"#,
            "`concurrency` has `group`, `cancel-in-progress` and `queue`, not `groups`",
        ),
    ];
    for (concurrency, expected) in cases {
        let mut run = Script::of(&workflow(concurrency, &(job("a", "") + &job("b", "needs: a"))));
        assert_eq!(
            run.start(),
            "plan a\nend a failure (".to_owned()
                + run.reasons["a"].code
                + ")\nplan b\nend b failure ("
                + run.reasons["b"].code
                + ")\ndone failure ("
                + run.why.as_ref().unwrap().code
                + ")\n"
        );
        assert_eq!(run.why.as_ref().unwrap().text, expected, "{concurrency}");
    }
    let long = format!("{}${{{{ vars.word }}}}", "x".repeat(396));
    let mut run = Script::of(&workflow(&long, &job("a", "")));
    run.start();
    assert_eq!(run.reason("a"), "the concurrency group's name has 401 characters, at most 400 are allowed");
}

#[test]
fn jobs_wait_for_their_group() {
    let mut run = Script::of(&jobs(&[(
        "t",
        "strategy: {max-parallel: 2, matrix: {n: [1, 2, 3]}}\nconcurrency: {group: 'g-${{ matrix.n }}'}",
    )]));
    assert_snapshot!(run.start(), @"
    plan t#0
    plan t#1
    plan t#2
    wait t#0: concurrency
    enter t#0 g-1
    wait t#1: concurrency
    enter t#1 g-2
    ");
    assert_eq!(run.enters("t#1"), "start t#1\n");
    assert_eq!(run.enters("t#1"), "");
    assert_snapshot!(run.ends("t#1", "success"), @"
    end t#1 success
    leave t#1
    wait t#2: concurrency
    enter t#2 g-3
    ");
    assert_snapshot!(run.evicts("t#0"), @"
    end t#0 cancelled (concurrency)
    leave t#0
    ");
    run.enters("t#2");
    assert_eq!(run.evicts("t#2"), "cancel t#2\n");
    assert_eq!(run.evicts("t#2"), "");
    assert_snapshot!(run.ends("t#2", "cancelled"), @"
    end t#2 cancelled
    leave t#2
    done cancelled
    ");
}

#[test]
fn a_bad_group_fails_its_leg_and_frees_the_place() {
    let strategy = "strategy: {fail-fast: false, max-parallel: 1, matrix: {g: ['', a, '']}}";
    let mut run = Script::of(&jobs(&[("t", &format!("{strategy}\nconcurrency: '${{{{ matrix.g }}}}'"))]));
    assert_snapshot!(run.start(), @"
    plan t#0
    plan t#1
    plan t#2
    end t#0 failure (concurrency)
    wait t#1: concurrency
    enter t#1 a
    ");
    run.enters("t#1");
    assert_snapshot!(run.ends("t#1", "success"), @"
    end t#1 success
    leave t#1
    end t#2 failure (concurrency)
    done failure
    ");
}

#[test]
fn an_evicted_workflow_ends() {
    let text = workflow("g", &(job("a", "") + &job("b", "needs: a\nif: always()")));
    let mut pending = Script::of(&text);
    pending.start();
    assert_snapshot!(pending.apply(Input::Evicted(Holder::Workflow(0))), @"
    plan a
    end a cancelled (concurrency)
    plan b
    end b cancelled (concurrency)
    leave workflow-0
    done cancelled
    ");
    let mut running = Script::of(&text);
    running.start();
    running.apply(Input::Entered(Holder::Workflow(0)));
    assert_eq!(running.apply(Input::Evicted(Holder::Workflow(0))), "cancel a\n");
    assert_snapshot!(running.ends("a", "cancelled"), @"
    end a cancelled
    plan b
    start b
    ");
    assert_snapshot!(running.ends("b", "success"), @"
    end b success
    leave workflow-0
    done cancelled
    ");
}

fn called(concurrency: &str) -> String {
    format!("on: workflow_call\nconcurrency: {concurrency}\njobs:\n{}", job("a", ""))
}

#[test]
fn a_called_workflow_has_a_group_of_its_own() {
    let root = "on: push\njobs:\n  c: {uses: ./.github/workflows/c.yml, concurrency: outer}\n";
    let mut run = Script::with(root, &[("c", &called("inner"))]);
    assert_snapshot!(run.start() + &run.enters("c"), @"
    plan c
    wait c: concurrency
    enter c outer
    enter workflow-1 inner
    ");
    assert_eq!(run.apply(Input::Entered(Holder::Workflow(1))), "plan c/a\nstart c/a\n");
    assert_snapshot!(run.ends("c/a", "success"), @"
    end c/a success
    leave workflow-1
    end c success
    leave c
    done success
    ");
    // Evicted while it waits: nothing of it is left waiting.
    let mut run = Script::with(root, &[("c", &called("inner"))]);
    run.start();
    run.enters("c");
    assert_snapshot!(run.apply(Input::Evicted(Holder::Workflow(1))), @"
    plan c/a
    end c/a cancelled (concurrency)
    leave workflow-1
    end c cancelled
    leave c
    done cancelled
    ");
}

#[test]
fn called_in_a_cancelled_run_and_evicted_it_ends() {
    let root = format!(
        "on: push\njobs:\n{}  c: {{needs: first, if: always(), uses: ./.github/workflows/c.yml}}\n",
        job("first", "")
    );
    let mut run = Script::with(&root, &[("c", &called("inner"))]);
    run.start();
    run.cancel();
    assert_snapshot!(run.ends("first", "cancelled"), @"
    end first cancelled
    plan c
    enter workflow-1 inner
    ");
    run.apply(Input::Evicted(Holder::Workflow(1)));
    assert_eq!(run.done, Some(Conclusion::Cancelled));
}

/// What is inside of a group cannot wait for it.
#[test]
fn deadlocks_are_errors() {
    let mut run = Script::of(&workflow("G", &job("a", "concurrency: g")));
    run.start();
    assert_snapshot!(run.apply(Input::Entered(Holder::Workflow(0))), @"
    plan a
    end a failure (concurrency)
    leave workflow-0
    done failure
    ");
    let root = workflow("same", "  c: {uses: ./.github/workflows/c.yml}\n");
    let mut run = Script::with(&root, &[("c", &called("same"))]);
    run.start();
    assert_snapshot!(run.apply(Input::Entered(Holder::Workflow(0))), @"
    plan c
    plan c/a
    end c/a failure (concurrency)
    end c failure (concurrency)
    leave workflow-0
    done failure
    ");
    assert!(run.reason("c").starts_with("deadlock: "), "{}", run.reason("c"));
    let root = "on: push\njobs:\n  c: {uses: ./.github/workflows/c.yml, concurrency: same}\n";
    let mut run = Script::with(root, &[("c", &called("SAME"))]);
    run.start();
    assert!(run.enters("c").contains("end c failure (concurrency)"));
}

/// Two calls, each with a group that the other's workflow asks for.
#[test]
fn deadlocks_across_calls_are_errors() {
    let root = "on: push\njobs:\n  a: {uses: ./.github/workflows/one.yml, concurrency: one}\n  \
                b: {uses: ./.github/workflows/two.yml, concurrency: two}\n";
    let mut run = Script::with(root, &[("one", &called("two")), ("two", &called("one"))]);
    run.start();
    assert_eq!(run.enters("a"), "enter workflow-1 two\n");
    assert_snapshot!(run.enters("b"), @"
    plan b/a
    end b/a failure (concurrency)
    end b failure (concurrency)
    leave b
    ");
    assert_eq!(run.apply(Input::Entered(Holder::Workflow(1))), "plan a/a\nstart a/a\n");
}

#[test]
fn who_would_wait_for_itself_fails_and_gives_nothing_back() {
    let refused = |holder| Input::Refused { holder, reason: "deadlock: seen by the server".to_owned() };
    let text = workflow("outer", &(job("a", "concurrency: inner") + &job("b", "needs: a\nif: always()")));
    let mut run = Script::of(&text);
    assert_eq!(run.start(), "enter workflow-0 outer\n");
    assert_snapshot!(run.apply(Input::Entered(Holder::Workflow(0))), @"
    plan a
    wait a: concurrency
    enter a inner
    ");
    let leg = Holder::Leg(run.leg("a"));
    assert_snapshot!(run.apply(refused(leg)), @"
    end a failure (concurrency)
    plan b
    start b
    ");
    assert_eq!(run.reason("a"), "deadlock: seen by the server");
    assert_eq!(run.apply(refused(leg)), "", "it has ended");
    assert_snapshot!(run.ends("b", "success"), @"
    end b success
    leave workflow-0
    done failure
    ");
    let mut whole = Script::of(&text);
    whole.start();
    assert_snapshot!(whole.apply(refused(Holder::Workflow(0))), @"
    plan a
    end a failure (concurrency)
    plan b
    end b failure (concurrency)
    done failure (concurrency)
    ");
}
