//! The gates before the workflow's own `on:`: enabled, revision, valid, event limits.

use serde_json::json;
use trigger::{Event, Gate, RefKind, Runs, Settings, WorkflowRun, verdict, verdict_for_broken_file};

use crate::workflow::{On, on, push, tag};

fn judge(on: On, event: &Event, settings: &Settings) -> (Runs, Gate, String) {
    let verdict = verdict(&on.workflow(), event, settings);
    (verdict.runs, verdict.gate, verdict.reason)
}

fn expect(name: &str, on: On, event: &Event, settings: &Settings, runs: Runs, gate: Gate) {
    let (got, at, reason) = judge(on, event, settings);
    assert_eq!((got, at), (runs, gate), "{name}: {reason}");
}

#[test]
fn gates_are_numbered_in_order() {
    for (number, gate) in Gate::ALL.into_iter().enumerate() {
        assert_eq!(usize::from(gate.number()), number);
        assert!(gate.code().starts_with("trigger/"));
        assert!(!gate.title().is_empty());
    }
}

#[test]
fn g0_disabled() {
    let off = Settings { disabled: Some("the workflow is disabled".to_owned()), ..Settings::local() };
    expect("off", on("push"), &push("main"), &off, Runs::No, Gate::Enabled);
}

#[test]
fn g1_where_the_file_has_to_be() {
    let directories = Settings::github();
    for (path, runs) in [
        (".github/workflows/ci.yml", Runs::Yes),
        (".github/workflows/ci.yaml", Runs::Yes),
        (".github/workflows/sub/ci.yml", Runs::No),
        (".github/workflows/ci.json", Runs::No),
        ("ci.yml", Runs::No),
    ] {
        let mut workflow = on("push").workflow();
        workflow.path = path.into();
        assert_eq!(verdict(&workflow, &push("main"), &directories).runs, runs, "{path}");
    }
    let absent = Settings { on_default_branch: Some(false), ..Settings::local() };
    let needs_default = [
        "branch_protection_rule",
        "check_run",
        "check_suite",
        "delete",
        "discussion",
        "discussion_comment",
        "fork",
        "gollum",
        "issue_comment",
        "issues",
        "label",
        "milestone",
        "page_build",
        "project",
        "project_card",
        "project_column",
        "public",
        "registry_package",
        "repository_dispatch",
        "schedule",
        "status",
        "watch",
        "workflow_dispatch",
        "workflow_run",
        "pull_request_target",
    ];
    for name in needs_default {
        expect(name, on(name), &Event::new(name), &absent, Runs::No, Gate::Revision);
        expect(name, on(name), &Event::new(name), &Settings::local(), Runs::Yes, Gate::Event);
    }
    for name in [
        "push",
        "pull_request",
        "pull_request_review",
        "create",
        "deployment",
        "deployment_status",
        "merge_group",
        "release",
    ] {
        expect(name, on(name), &Event::new(name), &absent, Runs::Yes, Gate::Event);
    }
    let deleted = Event { deleted: true, ..push("gone") };
    expect("deleted", on("push"), &deleted, &Settings::local(), Runs::No, Gate::Revision);
}

#[test]
fn g2_a_broken_file() {
    let path = ".github/workflows/ci.yml";
    let on_push = verdict_for_broken_file(path, &push("main"), &Settings::local());
    assert_eq!((on_push.runs, on_push.gate), (Runs::No, Gate::Valid));
    assert!(on_push.reason.contains("failed run without jobs"));
    let on_others = verdict_for_broken_file(path, &Event::new("issues"), &Settings::local());
    assert_eq!(on_others.reason, "the workflow file is invalid");
    // Filters and later gates are not asked, earlier ones are.
    let skipped = Event { head_message: Some("[skip ci]".to_owned()), ..push("main") };
    assert_eq!(verdict_for_broken_file(path, &skipped, &Settings::local()).gate, Gate::Valid);
    let off = Settings { disabled: Some("off".to_owned()), ..Settings::local() };
    assert_eq!(verdict_for_broken_file(path, &push("main"), &off).gate, Gate::Enabled);
}

#[test]
fn g3_events_that_are_not_created() {
    let run =
        |chain, rerun| Some(WorkflowRun { workflow: "CI".to_owned(), head_branch: "main".to_owned(), chain, rerun });
    let with = |name: &str, action: Option<&str>, payload| Event {
        action: action.map(str::to_owned),
        payload,
        ..Event::new(name)
    };
    let rows: Vec<(&str, Event, bool)> = vec![
        ("5,000 branches", Event { branches_at_once: 5_000, ..push("a") }, true),
        ("5,001 branches", Event { branches_at_once: 5_001, ..push("a") }, false),
        ("3 tags", Event { tags_at_once: 3, ..tag("v1") }, true),
        ("4 tags", Event { tags_at_once: 4, ..tag("v1") }, false),
        ("4 tags, this is a branch", Event { tags_at_once: 4, ..push("main") }, true),
        ("4 tags created", Event { tags_at_once: 4, ref_kind: RefKind::Tag, ..Event::new("create") }, false),
        ("inactive", with("deployment_status", None, json!({"deployment_status": {"state": "inactive"}})), false),
        ("success", with("deployment_status", None, json!({"deployment_status": {"state": "success"}})), true),
        ("own check run", with("check_run", None, json!({"check_run": {"app": {"slug": "github-actions"}}})), false),
        (
            "own check suite",
            with("check_suite", None, json!({"check_suite": {"app": {"slug": "github-actions"}}})),
            false,
        ),
        ("other check", with("check_run", None, json!({"check_run": {"app": {"slug": "other"}}})), true),
        ("draft", with("release", Some("created"), json!({"release": {"draft": true}})), false),
        ("published", with("release", Some("published"), json!({"release": {"draft": false}})), true),
        ("chain of 3", Event { workflow_run: run(3, false), ..Event::new("workflow_run") }, true),
        ("chain of 4", Event { workflow_run: run(4, false), ..Event::new("workflow_run") }, false),
        (
            "requested",
            Event { workflow_run: run(1, false), ..with("workflow_run", Some("requested"), json!({})) },
            true,
        ),
        (
            "requested again",
            Event { workflow_run: run(1, true), ..with("workflow_run", Some("requested"), json!({})) },
            false,
        ),
    ];
    for (name, event, runs) in rows {
        let (got, gate, reason) = judge(on(&event.name), &event, &Settings::local());
        assert_eq!(got == Runs::Yes, runs, "{name}: {reason}");
        assert_eq!(gate == Gate::EventLimits, !runs, "{name}: {reason}");
    }
}
