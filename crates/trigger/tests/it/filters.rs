//! Branch and tag filters.

use trigger::{Event, Gate, Runs, Settings, WorkflowRun, verdict};

use crate::workflow::{On, on, pull_request, push, tag};

fn judge(on: On, event: &Event) -> (Runs, Gate, String) {
    let verdict = verdict(&on.workflow(), event, &Settings::local());
    (verdict.runs, verdict.gate, verdict.reason)
}

#[test]
fn push_by_kind_of_ref() {
    let branches = || on("push").filter("branches", &["main"]);
    let tags = || on("push").filter("tags", &["v*"]);
    let both = || on("push").filter("branches", &["main"]).filter("tags", &["v*"]);
    let rows: Vec<(&str, On, Event, Runs, Gate)> = vec![
        ("neither, branch", on("push"), push("dev"), Runs::Yes, Gate::Event),
        ("neither, tag", on("push"), tag("v1"), Runs::Yes, Gate::Event),
        ("branches, branch in", branches(), push("main"), Runs::Yes, Gate::Ref),
        ("branches, branch out", branches(), push("dev"), Runs::No, Gate::Ref),
        ("branches, tag", branches(), tag("main"), Runs::No, Gate::Ref),
        ("tags, tag in", tags(), tag("v1"), Runs::Yes, Gate::Ref),
        ("tags, tag out", tags(), tag("x1"), Runs::No, Gate::Ref),
        ("tags, branch", tags(), push("v1"), Runs::No, Gate::Ref),
        ("both, branch in", both(), push("main"), Runs::Yes, Gate::Ref),
        ("both, branch out", both(), push("v1"), Runs::No, Gate::Ref),
        ("both, tag in", both(), tag("v1"), Runs::Yes, Gate::Ref),
        ("both, tag out", both(), tag("main"), Runs::No, Gate::Ref),
        ("ignore, branch in", on("push").filter("branches-ignore", &["wip/**"]), push("main"), Runs::Yes, Gate::Ref),
        ("ignore, branch out", on("push").filter("branches-ignore", &["wip/**"]), push("wip/x"), Runs::No, Gate::Ref),
        ("branches-ignore, tag", on("push").filter("branches-ignore", &["wip/**"]), tag("v1"), Runs::No, Gate::Ref),
        ("tags-ignore, branch", on("push").filter("tags-ignore", &["v1"]), push("main"), Runs::No, Gate::Ref),
        ("tags-ignore, tag", on("push").filter("tags-ignore", &["v1"]), tag("v2"), Runs::Yes, Gate::Ref),
        ("prefix is not seen", branches(), push("refs/heads/main"), Runs::Yes, Gate::Ref),
        ("case matters", branches(), push("Main"), Runs::No, Gate::Ref),
    ];
    for (name, on, event, runs, gate) in rows {
        let (got, at, reason) = judge(on, &event);
        assert_eq!((got, at), (runs, gate), "{name}: {reason}");
    }
}

#[test]
fn order_and_negation() {
    let rows: &[(&[&str], &str, Runs)] = &[
        (&["releases/**", "!releases/**-alpha"], "releases/10", Runs::Yes),
        (&["releases/**", "!releases/**-alpha"], "releases/10-alpha", Runs::No),
        (&["releases/**", "!releases/**-alpha", "releases/keep-alpha"], "releases/keep-alpha", Runs::Yes),
        (&["!releases/**-alpha", "releases/**"], "releases/10-alpha", Runs::Yes),
        (&["!main", "**"], "main", Runs::Yes),
        (&["**", "!main"], "main", Runs::No),
    ];
    for (patterns, branch, runs) in rows {
        let (got, _, reason) = judge(on("push").filter("branches", patterns), &push(branch));
        assert_eq!(got, *runs, "{patterns:?} {branch}: {reason}");
    }
}

#[test]
fn negation_within_an_ignore_list_takes_back() {
    let list = ["wip/**", "!wip/keep"];
    assert_eq!(judge(on("push").filter("branches-ignore", &list), &push("wip/keep")).0, Runs::Yes);
    assert_eq!(judge(on("push").filter("branches-ignore", &list), &push("wip/x")).0, Runs::No);
}

#[test]
fn lists_of_negations_alone_are_invalid() {
    for key in ["branches", "tags"] {
        let event = if key == "tags" { tag("v1") } else { push("main") };
        let (runs, gate, _) = judge(on("push").filter(key, &["!x"]), &event);
        assert_eq!((runs, gate), (Runs::No, Gate::Valid), "{key}");
    }
}

#[test]
fn a_filter_and_its_ignore_do_not_go_together() {
    let on = on("push").filter("branches", &["main"]).filter("branches-ignore", &["dev"]);
    assert_eq!(judge(on, &push("main")).1, Gate::Valid);
}

#[test]
fn pull_requests_are_filtered_by_their_base() {
    let rows = [("main", "feature", Runs::Yes), ("feature", "main", Runs::No)];
    for (base, head, runs) in rows {
        for name in ["pull_request", "pull_request_target"] {
            let event = Event { name: name.to_owned(), ..pull_request(base, head) };
            assert_eq!(judge(on(name).filter("branches", &["main"]), &event).0, runs, "{name} {base} <- {head}");
        }
    }
}

#[test]
fn merge_groups_are_filtered_by_the_branch_merged_into() {
    let event = Event { base_ref: Some("refs/heads/main".to_owned()), ..Event::new("merge_group") };
    assert_eq!(judge(on("merge_group").filter("branches", &["main"]), &event).0, Runs::Yes);
    assert_eq!(judge(on("merge_group").filter("branches", &["dev"]), &event).0, Runs::No);
}

#[test]
fn workflow_run_is_filtered_by_the_branch_of_the_triggering_run() {
    let run = WorkflowRun { workflow: "CI".to_owned(), head_branch: "dev".to_owned(), chain: 1, rerun: false };
    let event = Event { workflow_run: Some(run), ref_name: "main".to_owned(), ..Event::new("workflow_run") };
    let listen = |workflow: &str, branch: &str| {
        on("workflow_run").filter("workflows", &["Other", workflow]).filter("branches", &[branch])
    };
    assert_eq!(judge(listen("CI", "dev"), &event).0, Runs::Yes);
    assert_eq!(judge(listen("CI", "main"), &event).1, Gate::Ref);
    assert_eq!(judge(listen("Lint", "dev"), &event).1, Gate::Event);
}

#[test]
fn other_events_have_no_ref_filter() {
    let event = Event { ref_name: "dev".to_owned(), ..Event::new("workflow_dispatch") };
    assert_eq!(judge(on("workflow_dispatch").filter("branches", &["main"]), &event).0, Runs::Yes);
}

#[test]
fn the_verdict_shows_the_pattern_that_decided() {
    let workflow = on("push").filter("branches", &["**", "!wip/**"]).workflow();
    let filter = workflow.on.events[0].branches.as_ref().expect("branches");
    let verdict = verdict(&workflow, &push("wip/x"), &Settings::local());
    assert_eq!(verdict.span, Some(filter.patterns[1].span));
    assert_eq!(verdict.reason, "branch `wip/x` is taken away by `!wip/**` of `branches`");
    assert_eq!(verdict.evidence.iter().map(|step| step.matched).collect::<Vec<_>>(), [true, true]);
    assert_eq!(serde_json::to_value(&verdict).expect("json")["gate"], serde_json::json!("trigger/ref"),);
}
