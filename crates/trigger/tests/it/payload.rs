use serde_json::{Value, json};
use trigger::{CommitFacts, EventFacts, Person, PullRequestFacts, RefKind, merge, synthesise};

const ALL_EVENTS: &[&str] = &[
    "branch_protection_rule",
    "check_run",
    "check_suite",
    "create",
    "delete",
    "deployment",
    "deployment_status",
    "discussion",
    "discussion_comment",
    "fork",
    "gollum",
    "image_version",
    "issue_comment",
    "issues",
    "label",
    "merge_group",
    "milestone",
    "page_build",
    "project",
    "project_card",
    "project_column",
    "public",
    "pull_request",
    "pull_request_comment",
    "pull_request_review",
    "pull_request_review_comment",
    "pull_request_target",
    "push",
    "registry_package",
    "release",
    "repository_dispatch",
    "schedule",
    "status",
    "watch",
    "workflow_call",
    "workflow_dispatch",
    "workflow_run",
];

fn facts(event: &str) -> EventFacts {
    let me = Person { name: "Mona".to_owned(), email: "mona@example.com".to_owned() };
    EventFacts {
        sha: "b".repeat(40),
        before: Some("a".repeat(40)),
        commits: vec![CommitFacts {
            sha: "b".repeat(40),
            tree: "c".repeat(40),
            message: "Add things".to_owned(),
            timestamp: "2026-11-23T05:00:00+01:00".to_owned(),
            author: me.clone(),
            committer: me,
            added: vec!["a.txt".to_owned()],
            removed: Vec::new(),
            modified: vec!["b.txt".to_owned()],
        }],
        pull_request: Some(PullRequestFacts {
            number: 12,
            title: "Add things".to_owned(),
            labels: vec!["bug".to_owned()],
            base_ref: "main".to_owned(),
            base_sha: "a".repeat(40),
            head_ref: "feature".to_owned(),
            head_sha: "b".repeat(40),
            changed_files: 2,
            ..PullRequestFacts::default()
        }),
        ..EventFacts::new(event, "octo/hello")
    }
}

fn at(payload: &Value, pointer: &str) -> Value {
    payload.pointer(pointer).cloned().unwrap_or_else(|| panic!("nothing at {pointer}"))
}

#[test]
fn every_event_has_repository_and_sender() {
    for name in ALL_EVENTS {
        let payload = synthesise(&facts(name));
        assert_eq!(at(&payload, "/repository/full_name"), "octo/hello", "{name}");
        assert_eq!(at(&payload, "/repository/default_branch"), "main", "{name}");
        assert_eq!(at(&payload, "/repository/owner/login"), "octo", "{name}");
        assert_eq!(at(&payload, "/sender/login"), "trunkline", "{name}");
        assert_eq!(payload, synthesise(&facts(name)), "{name}: the same facts give the same payload");
    }
}

#[test]
fn push_in_full() {
    let payload = synthesise(&facts("push"));
    let rows = [
        ("/ref", json!("refs/heads/main")),
        ("/before", json!("a".repeat(40))),
        ("/after", json!("b".repeat(40))),
        ("/created", json!(false)),
        ("/deleted", json!(false)),
        ("/forced", json!(false)),
        ("/pusher/email", json!("mona@example.com")),
        ("/commits/0/id", json!("b".repeat(40))),
        ("/commits/0/added/0", json!("a.txt")),
        ("/head_commit/message", json!("Add things")),
        ("/head_commit/tree_id", json!("c".repeat(40))),
        ("/head_commit/author/name", json!("Mona")),
        ("/head_commit/timestamp", json!("2026-11-23T05:00:00+01:00")),
        ("/compare", json!("https://github.com/octo/hello/compare/aaaaaaaaaaaa...bbbbbbbbbbbb")),
    ];
    for (pointer, value) in rows {
        assert_eq!(at(&payload, pointer), value, "{pointer}");
    }
    assert!(payload.get("action").is_none());
}

#[test]
fn push_of_a_new_tag_and_of_nothing() {
    let new = EventFacts { before: None, ref_kind: RefKind::Tag, ref_name: "v1".to_owned(), ..facts("push") };
    let payload = synthesise(&new);
    assert_eq!(at(&payload, "/ref"), "refs/tags/v1");
    assert_eq!(at(&payload, "/before"), "0".repeat(40));
    assert_eq!(at(&payload, "/created"), true);
    let deleted = synthesise(&EventFacts { deleted: true, ..facts("push") });
    assert_eq!(at(&deleted, "/after"), "0".repeat(40));
    assert_eq!(at(&deleted, "/head_commit"), Value::Null);
}

#[test]
fn pull_request_in_full() {
    let payload = synthesise(&facts("pull_request"));
    let rows = [
        ("/action", json!("opened")),
        ("/number", json!(12)),
        ("/pull_request/number", json!(12)),
        ("/pull_request/title", json!("Add things")),
        ("/pull_request/body", Value::Null),
        ("/pull_request/draft", json!(false)),
        ("/pull_request/merged", json!(false)),
        ("/pull_request/state", json!("open")),
        ("/pull_request/base/ref", json!("main")),
        ("/pull_request/base/sha", json!("a".repeat(40))),
        ("/pull_request/head/ref", json!("feature")),
        ("/pull_request/head/label", json!("octo:feature")),
        ("/pull_request/head/repo/full_name", json!("octo/hello")),
        ("/pull_request/labels/0/name", json!("bug")),
        ("/pull_request/user/login", json!("trunkline")),
        ("/pull_request/html_url", json!("https://github.com/octo/hello/pull/12")),
        ("/pull_request/changed_files", json!(2)),
    ];
    for (pointer, value) in rows {
        assert_eq!(at(&payload, pointer), value, "{pointer}");
    }
}

#[test]
fn the_documented_fields_of_the_others() {
    let rows = [
        ("workflow_dispatch", "/ref", json!("refs/heads/main")),
        ("workflow_run", "/workflow_run/conclusion", json!("success")),
        ("workflow_run", "/workflow_run/head_branch", json!("main")),
        ("release", "/release/tag_name", json!("v0.0.0")),
        ("release", "/action", json!("published")),
        ("issues", "/issue/number", json!(1)),
        ("issue_comment", "/comment/body", json!("")),
        ("create", "/ref_type", json!("branch")),
        ("delete", "/ref", json!("main")),
        ("deployment", "/deployment/environment", json!("production")),
        ("deployment_status", "/deployment_status/state", json!("success")),
        ("merge_group", "/merge_group/base_ref", json!("refs/heads/main")),
        ("repository_dispatch", "/client_payload", json!({})),
        ("schedule", "/schedule", Value::Null),
        ("label", "/label/name", json!("")),
        ("milestone", "/milestone/number", json!(1)),
        ("fork", "/forkee/full_name", json!("trunkline/hello")),
        ("gollum", "/pages/0/page_name", json!("Home")),
        ("status", "/state", json!("success")),
        ("check_run", "/check_run/status", json!("completed")),
        ("check_suite", "/check_suite/conclusion", json!("success")),
        ("registry_package", "/registry_package/package_version/version", json!("1.0.0")),
        ("pull_request_review", "/review/state", json!("commented")),
        ("pull_request_review_comment", "/comment/commit_id", json!("b".repeat(40))),
        ("pull_request_target", "/pull_request/base/ref", json!("main")),
        ("discussion", "/discussion/category/name", json!("General")),
        ("page_build", "/build/status", json!("built")),
    ];
    for (event, pointer, value) in rows {
        assert_eq!(at(&synthesise(&facts(event)), pointer), value, "{event} {pointer}");
    }
}

#[test]
fn dispatch_inputs_are_text_in_the_payload() {
    let inputs = vec![("count".to_owned(), json!(3)), ("on".to_owned(), json!(true)), ("name".to_owned(), json!("x"))];
    let payload = synthesise(&EventFacts { inputs, ..facts("workflow_dispatch") });
    assert_eq!(at(&payload, "/inputs"), json!({"count": "3", "on": "true", "name": "x"}));
}

#[test]
fn an_event_file_wins() {
    let mut base = json!({"a": {"b": 1, "c": [1, 2]}, "d": 1});
    merge(&mut base, json!({"a": {"c": [3], "e": null}, "d": {"f": 1}}));
    assert_eq!(base, json!({"a": {"b": 1, "c": [3], "e": null}, "d": {"f": 1}}));

    let user = json!({
        "action": "labeled",
        "number": 7,
        "pull_request": {"base": {"ref": "release"}, "head": {"repo": {"full_name": "fork/hello"}}}
    });
    let event = facts("pull_request").event(Some(user));
    assert_eq!(event.action.as_deref(), Some("labeled"));
    assert_eq!(event.base_ref.as_deref(), Some("release"));
    assert_eq!(event.full_ref(), "refs/pull/7/merge");
    assert!(event.fork);
    assert_eq!(event.payload.pointer("/pull_request/title"), Some(&json!("Add things")));
}

#[test]
fn events_come_from_the_payload() {
    let push = facts("push").event(None);
    assert_eq!((push.full_ref().as_str(), push.before.as_deref()), ("refs/heads/main", Some("a".repeat(40).as_str())));
    assert_eq!(push.head_message.as_deref(), Some("Add things"));
    let tag = facts("push").event(Some(json!({"ref": "refs/tags/v2", "before": "0".repeat(40)})));
    assert_eq!((tag.ref_kind, tag.ref_name.as_str(), tag.ref_type(), tag.before), (RefKind::Tag, "v2", "tag", None));
    let run = facts("workflow_run").event(Some(json!({"workflow_run": {"name": "CI", "head_branch": "dev"}})));
    let run = run.workflow_run.expect("a run");
    assert_eq!((run.workflow.as_str(), run.head_branch.as_str()), ("CI", "dev"));
    let target = facts("pull_request_target").event(None);
    assert_eq!(target.full_ref(), "refs/heads/main");
    let schedule = facts("schedule").event(Some(json!({"schedule": "0 4 * * *"})));
    assert_eq!(schedule.schedule.as_deref(), Some("0 4 * * *"));
}
