//! The gates in their order.

use serde_json::json;
use trigger::{
    ActorKind, Event, Gate, RefKind, Runs, Settings, TokenAccess, WorkflowRun, trust, verdict,
    verdict_for_broken_file,
};

use crate::workflow::{On, on, pull_request, push, tag};

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
    let off = Settings {
        disabled: Some("the workflow is disabled".to_owned()),
        ..Settings::local()
    };
    expect(
        "off",
        on("push"),
        &push("main"),
        &off,
        Runs::No,
        Gate::Enabled,
    );
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
        assert_eq!(
            verdict(&workflow, &push("main"), &directories).runs,
            runs,
            "{path}"
        );
    }
    let absent = Settings {
        on_default_branch: Some(false),
        ..Settings::local()
    };
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
        expect(
            name,
            on(name),
            &Event::new(name),
            &absent,
            Runs::No,
            Gate::Revision,
        );
        expect(
            name,
            on(name),
            &Event::new(name),
            &Settings::local(),
            Runs::Yes,
            Gate::Event,
        );
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
        expect(
            name,
            on(name),
            &Event::new(name),
            &absent,
            Runs::Yes,
            Gate::Event,
        );
    }
    let deleted = Event {
        deleted: true,
        ..push("gone")
    };
    expect(
        "deleted",
        on("push"),
        &deleted,
        &Settings::local(),
        Runs::No,
        Gate::Revision,
    );
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
    let skipped = Event {
        head_message: Some("[skip ci]".to_owned()),
        ..push("main")
    };
    assert_eq!(
        verdict_for_broken_file(path, &skipped, &Settings::local()).gate,
        Gate::Valid
    );
    let off = Settings {
        disabled: Some("off".to_owned()),
        ..Settings::local()
    };
    assert_eq!(
        verdict_for_broken_file(path, &push("main"), &off).gate,
        Gate::Enabled
    );
}

#[test]
fn g3_events_that_are_not_created() {
    let run = |chain, rerun| {
        Some(WorkflowRun {
            workflow: "CI".to_owned(),
            head_branch: "main".to_owned(),
            chain,
            rerun,
        })
    };
    let with = |name: &str, action: Option<&str>, payload| Event {
        action: action.map(str::to_owned),
        payload,
        ..Event::new(name)
    };
    let rows: Vec<(&str, Event, bool)> = vec![
        (
            "5,000 branches",
            Event {
                branches_at_once: 5_000,
                ..push("a")
            },
            true,
        ),
        (
            "5,001 branches",
            Event {
                branches_at_once: 5_001,
                ..push("a")
            },
            false,
        ),
        (
            "3 tags",
            Event {
                tags_at_once: 3,
                ..tag("v1")
            },
            true,
        ),
        (
            "4 tags",
            Event {
                tags_at_once: 4,
                ..tag("v1")
            },
            false,
        ),
        (
            "4 tags, this is a branch",
            Event {
                tags_at_once: 4,
                ..push("main")
            },
            true,
        ),
        (
            "4 tags created",
            Event {
                tags_at_once: 4,
                ref_kind: RefKind::Tag,
                ..Event::new("create")
            },
            false,
        ),
        (
            "inactive",
            with(
                "deployment_status",
                None,
                json!({"deployment_status": {"state": "inactive"}}),
            ),
            false,
        ),
        (
            "success",
            with(
                "deployment_status",
                None,
                json!({"deployment_status": {"state": "success"}}),
            ),
            true,
        ),
        (
            "own check run",
            with(
                "check_run",
                None,
                json!({"check_run": {"app": {"slug": "github-actions"}}}),
            ),
            false,
        ),
        (
            "own check suite",
            with(
                "check_suite",
                None,
                json!({"check_suite": {"app": {"slug": "github-actions"}}}),
            ),
            false,
        ),
        (
            "other check",
            with(
                "check_run",
                None,
                json!({"check_run": {"app": {"slug": "other"}}}),
            ),
            true,
        ),
        (
            "draft",
            with(
                "release",
                Some("created"),
                json!({"release": {"draft": true}}),
            ),
            false,
        ),
        (
            "published",
            with(
                "release",
                Some("published"),
                json!({"release": {"draft": false}}),
            ),
            true,
        ),
        (
            "chain of 3",
            Event {
                workflow_run: run(3, false),
                ..Event::new("workflow_run")
            },
            true,
        ),
        (
            "chain of 4",
            Event {
                workflow_run: run(4, false),
                ..Event::new("workflow_run")
            },
            false,
        ),
        (
            "requested",
            Event {
                workflow_run: run(1, false),
                ..with("workflow_run", Some("requested"), json!({}))
            },
            true,
        ),
        (
            "requested again",
            Event {
                workflow_run: run(1, true),
                ..with("workflow_run", Some("requested"), json!({}))
            },
            false,
        ),
    ];
    for (name, event, runs) in rows {
        let (got, gate, reason) = judge(on(&event.name), &event, &Settings::local());
        assert_eq!(got == Runs::Yes, runs, "{name}: {reason}");
        assert_eq!(gate == Gate::EventLimits, !runs, "{name}: {reason}");
    }
}

#[test]
fn g4_what_a_jobs_token_starts() {
    let rows = [
        ("push", None, Runs::No, Gate::Actor),
        ("issues", Some("opened"), Runs::No, Gate::Actor),
        ("pull_request_target", Some("opened"), Runs::No, Gate::Actor),
        ("pull_request", Some("labeled"), Runs::No, Gate::Actor),
        ("workflow_dispatch", None, Runs::Yes, Gate::Event),
        ("repository_dispatch", None, Runs::Yes, Gate::Event),
        (
            "pull_request",
            Some("opened"),
            Runs::AwaitsApproval,
            Gate::Approval,
        ),
        (
            "pull_request",
            Some("synchronize"),
            Runs::AwaitsApproval,
            Gate::Approval,
        ),
        (
            "pull_request",
            Some("reopened"),
            Runs::AwaitsApproval,
            Gate::Approval,
        ),
    ];
    for (name, action, runs, gate) in rows {
        let event = Event {
            actor_kind: ActorKind::GithubToken,
            action: action.map(str::to_owned),
            base_ref: Some("main".to_owned()),
            ..Event::new(name)
        };
        expect(name, on(name), &event, &Settings::local(), runs, gate);
    }
}

#[test]
fn g5_skip_instructions() {
    let rows = [
        ("fix [skip ci]", true),
        ("[ci skip] fix", true),
        ("a\n\nbody [no ci]", true),
        ("[skip actions]", true),
        ("[actions skip]", true),
        ("skip ci", false),
        ("[skip  ci]", false),
        ("title\n\nbody\n\n\nskip-checks:true", true),
        ("title\n\nbody\n\n\nskip-checks: true\n", true),
        ("title\n\n\nReviewed-by: A\nskip-checks: true", true),
        ("title\n\n\nskip-checks: true\nReviewed-by: A", false),
        ("title\n\nskip-checks: true", false),
        ("title skip-checks: true", false),
        ("skip-checks: true", false),
        ("", false),
    ];
    for (message, skips) in rows {
        for (event, asks) in [(push("main"), true), (pull_request("main", "x"), true)] {
            let event = Event {
                head_message: Some(message.to_owned()),
                ..event
            };
            let (_, gate, _) = judge(on(&event.name), &event, &Settings::local());
            assert_eq!(
                gate == Gate::SkipInstruction,
                skips && asks,
                "{message:?} on {}",
                event.name
            );
        }
        let target = Event {
            name: "pull_request_target".to_owned(),
            head_message: Some(message.to_owned()),
            ..pull_request("main", "x")
        };
        expect(
            message,
            on("pull_request_target"),
            &target,
            &Settings::local(),
            Runs::Yes,
            Gate::Event,
        );
    }
}

#[test]
fn g6_conflicts() {
    let conflict = Event {
        mergeable: Some(false),
        ..pull_request("main", "x")
    };
    expect(
        "conflict",
        on("pull_request"),
        &conflict,
        &Settings::local(),
        Runs::No,
        Gate::Mergeable,
    );
    let target = Event {
        name: "pull_request_target".to_owned(),
        ..conflict
    };
    expect(
        "target",
        on("pull_request_target"),
        &target,
        &Settings::local(),
        Runs::Yes,
        Gate::Event,
    );
}

#[test]
fn g7_event_and_types() {
    let typed = |name: &str, action: &str| Event {
        action: Some(action.to_owned()),
        ..Event::new(name)
    };
    let local = Settings::local();
    let (runs, gate, reason) = judge(on("issues").and("push"), &Event::new("watch"), &local);
    assert_eq!((runs, gate), (Runs::No, Gate::Event));
    assert_eq!(
        reason,
        "`watch` is not under `on`, which has `issues`, `push`"
    );
    let rows = [
        (
            on("pull_request"),
            typed("pull_request", "opened"),
            Runs::Yes,
        ),
        (
            on("pull_request"),
            typed("pull_request", "synchronize"),
            Runs::Yes,
        ),
        (
            on("pull_request"),
            typed("pull_request", "reopened"),
            Runs::Yes,
        ),
        (
            on("pull_request"),
            typed("pull_request", "labeled"),
            Runs::No,
        ),
        (
            on("pull_request"),
            typed("pull_request", "closed"),
            Runs::No,
        ),
        (
            on("pull_request_target"),
            typed("pull_request_target", "closed"),
            Runs::No,
        ),
        (
            on("pull_request").filter("types", &["labeled"]),
            typed("pull_request", "labeled"),
            Runs::Yes,
        ),
        (
            on("pull_request").filter("types", &["labeled"]),
            typed("pull_request", "opened"),
            Runs::No,
        ),
        (
            on("pull_request_review"),
            typed("pull_request_review", "dismissed"),
            Runs::Yes,
        ),
        (on("issues"), typed("issues", "demilestoned"), Runs::Yes),
        (
            on("issues").filter("types", &["opened", "edited"]),
            typed("issues", "edited"),
            Runs::Yes,
        ),
        (
            on("issues").filter("types", &["opened"]),
            typed("issues", "edited"),
            Runs::No,
        ),
        (on("release"), typed("release", "published"), Runs::Yes),
        (
            on("repository_dispatch").filter("types", &["deploy"]),
            typed("repository_dispatch", "deploy"),
            Runs::Yes,
        ),
        (
            on("repository_dispatch").filter("types", &["deploy"]),
            typed("repository_dispatch", "other"),
            Runs::No,
        ),
        (
            on("repository_dispatch"),
            typed("repository_dispatch", "anything"),
            Runs::Yes,
        ),
        (
            on("merge_group"),
            typed("merge_group", "checks_requested"),
            Runs::Yes,
        ),
    ];
    for (on, event, runs) in rows {
        let name = format!("{} {:?}", event.name, event.action);
        expect(&name, on, &event, &local, runs, Gate::Event);
    }
}

#[test]
fn g7_schedules_and_images() {
    let local = Settings::local();
    let due = |line: &str| Event {
        schedule: Some(line.to_owned()),
        ..Event::new("schedule")
    };
    let listen = || on("schedule").cron("0 4 * * *").cron("0 5 * * *");
    expect(
        "listed",
        listen(),
        &due("0 5 * * *"),
        &local,
        Runs::Yes,
        Gate::Event,
    );
    expect(
        "not listed",
        listen(),
        &due("0 6 * * *"),
        &local,
        Runs::No,
        Gate::Event,
    );
    expect(
        "any",
        listen(),
        &Event::new("schedule"),
        &local,
        Runs::Yes,
        Gate::Event,
    );
    let image = |name: &str, version: &str| Event {
        image: Some((name.to_owned(), version.to_owned())),
        ..Event::new("image_version")
    };
    let listen = || {
        on("image_version")
            .filter("names", &["ubuntu-*"])
            .filter("versions", &["1.*"])
    };
    expect(
        "both",
        listen(),
        &image("ubuntu-x", "1.2"),
        &local,
        Runs::Yes,
        Gate::Event,
    );
    expect(
        "name",
        listen(),
        &image("debian", "1.2"),
        &local,
        Runs::No,
        Gate::Event,
    );
    expect(
        "version",
        listen(),
        &image("ubuntu-x", "2.0"),
        &local,
        Runs::No,
        Gate::Event,
    );
}

#[test]
fn g10_approval() {
    let fork = Event {
        fork: true,
        ..pull_request("main", "x")
    };
    let first = Event {
        first_time_contributor: true,
        ..fork.clone()
    };
    let private = Settings {
        private_repository: true,
        ..Settings::local()
    };
    let allowed = Settings {
        private_fork_workflows: true,
        ..private.clone()
    };
    let rows = [
        (
            "known contributor",
            fork.clone(),
            Settings::local(),
            Runs::Yes,
            Gate::Event,
        ),
        (
            "first contribution",
            first.clone(),
            Settings::local(),
            Runs::AwaitsApproval,
            Gate::Approval,
        ),
        (
            "private",
            fork.clone(),
            private.clone(),
            Runs::No,
            Gate::Approval,
        ),
        ("private, allowed", fork, allowed, Runs::Yes, Gate::Event),
        (
            "private, own branch",
            pull_request("main", "x"),
            private,
            Runs::Yes,
            Gate::Event,
        ),
        (
            "filters first",
            Event {
                base_ref: Some("dev".to_owned()),
                ..first
            },
            Settings::local(),
            Runs::No,
            Gate::Ref,
        ),
    ];
    for (name, event, settings, runs, gate) in rows {
        let on = if gate == Gate::Ref {
            on("pull_request").filter("branches", &["main"])
        } else {
            on("pull_request")
        };
        expect(name, on, &event, &settings, runs, gate);
    }
}

#[test]
fn the_first_gate_that_fails_decides() {
    let event = Event {
        head_message: Some("[skip ci]".to_owned()),
        actor_kind: ActorKind::GithubToken,
        ..push("dev")
    };
    let listen = || {
        on("push")
            .filter("branches", &["main"])
            .filter("paths", &["x"])
    };
    let local = Settings::local();
    expect(
        "actor first",
        listen(),
        &event,
        &local,
        Runs::No,
        Gate::Actor,
    );
    let event = Event {
        actor_kind: ActorKind::User,
        ..event
    };
    expect(
        "then skip",
        listen(),
        &event,
        &local,
        Runs::No,
        Gate::SkipInstruction,
    );
    let event = Event {
        head_message: None,
        ..event
    };
    expect("then ref", listen(), &event, &local, Runs::No, Gate::Ref);
    let event = Event {
        ref_name: "main".to_owned(),
        ..event
    };
    expect(
        "then paths",
        listen(),
        &event,
        &local,
        Runs::No,
        Gate::Paths,
    );
}

#[test]
fn what_runs_are_trusted_with() {
    let rows = [
        ("push", false, ActorKind::User, true),
        ("pull_request", false, ActorKind::User, true),
        ("pull_request", true, ActorKind::User, false),
        ("pull_request", false, ActorKind::Dependabot, false),
        ("push", false, ActorKind::Dependabot, false),
        ("pull_request_target", true, ActorKind::User, true),
        ("pull_request_target", true, ActorKind::Dependabot, true),
        ("workflow_run", true, ActorKind::User, true),
        ("issue_comment", true, ActorKind::User, true),
    ];
    for (name, fork, actor_kind, trusted) in rows {
        let given = trust(&Event {
            fork,
            actor_kind,
            ..Event::new(name)
        });
        let token = if trusted {
            TokenAccess::AsConfigured
        } else {
            TokenAccess::ReadOnly
        };
        assert_eq!(
            (given.secrets, given.token),
            (trusted, token),
            "{name} fork={fork} {actor_kind:?}"
        );
    }
}
