//! The gates from the actor on.

use trigger::{ActorKind, Event, Gate, Runs, Settings, TokenAccess, trust, verdict};

use crate::workflow::{On, on, pull_request, push};

fn judge(on: On, event: &Event, settings: &Settings) -> (Runs, Gate, String) {
    let verdict = verdict(&on.workflow(), event, settings);
    (verdict.runs, verdict.gate, verdict.reason)
}

fn expect(name: &str, on: On, event: &Event, settings: &Settings, runs: Runs, gate: Gate) {
    let (got, at, reason) = judge(on, event, settings);
    assert_eq!((got, at), (runs, gate), "{name}: {reason}");
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
        ("pull_request", Some("opened"), Runs::AwaitsApproval, Gate::Approval),
        ("pull_request", Some("synchronize"), Runs::AwaitsApproval, Gate::Approval),
        ("pull_request", Some("reopened"), Runs::AwaitsApproval, Gate::Approval),
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
            let event = Event { head_message: Some(message.to_owned()), ..event };
            let (_, gate, _) = judge(on(&event.name), &event, &Settings::local());
            assert_eq!(gate == Gate::SkipInstruction, skips && asks, "{message:?} on {}", event.name);
        }
        let target = Event {
            name: "pull_request_target".to_owned(),
            head_message: Some(message.to_owned()),
            ..pull_request("main", "x")
        };
        expect(message, on("pull_request_target"), &target, &Settings::local(), Runs::Yes, Gate::Event);
    }
}

#[test]
fn g6_conflicts() {
    let conflict = Event { mergeable: Some(false), ..pull_request("main", "x") };
    expect("conflict", on("pull_request"), &conflict, &Settings::local(), Runs::No, Gate::Mergeable);
    let target = Event { name: "pull_request_target".to_owned(), ..conflict };
    expect("target", on("pull_request_target"), &target, &Settings::local(), Runs::Yes, Gate::Event);
}

#[test]
fn g7_event_and_types() {
    let typed = |name: &str, action: &str| Event { action: Some(action.to_owned()), ..Event::new(name) };
    let local = Settings::local();
    let (runs, gate, reason) = judge(on("issues").and("push"), &Event::new("watch"), &local);
    assert_eq!((runs, gate), (Runs::No, Gate::Event));
    assert_eq!(reason, "`watch` is not under `on`, which has `issues`, `push`");
    let rows = [
        (on("pull_request"), typed("pull_request", "opened"), Runs::Yes),
        (on("pull_request"), typed("pull_request", "synchronize"), Runs::Yes),
        (on("pull_request"), typed("pull_request", "reopened"), Runs::Yes),
        (on("pull_request"), typed("pull_request", "labeled"), Runs::No),
        (on("pull_request"), typed("pull_request", "closed"), Runs::No),
        (on("pull_request_target"), typed("pull_request_target", "closed"), Runs::No),
        (on("pull_request").filter("types", &["labeled"]), typed("pull_request", "labeled"), Runs::Yes),
        (on("pull_request").filter("types", &["labeled"]), typed("pull_request", "opened"), Runs::No),
        (on("pull_request_review"), typed("pull_request_review", "dismissed"), Runs::Yes),
        (on("issues"), typed("issues", "demilestoned"), Runs::Yes),
        (on("issues").filter("types", &["opened", "edited"]), typed("issues", "edited"), Runs::Yes),
        (on("issues").filter("types", &["opened"]), typed("issues", "edited"), Runs::No),
        (on("release"), typed("release", "published"), Runs::Yes),
        (on("repository_dispatch").filter("types", &["deploy"]), typed("repository_dispatch", "deploy"), Runs::Yes),
        (on("repository_dispatch").filter("types", &["deploy"]), typed("repository_dispatch", "other"), Runs::No),
        (on("repository_dispatch"), typed("repository_dispatch", "anything"), Runs::Yes),
        (on("merge_group"), typed("merge_group", "checks_requested"), Runs::Yes),
    ];
    for (on, event, runs) in rows {
        let name = format!("{} {:?}", event.name, event.action);
        expect(&name, on, &event, &local, runs, Gate::Event);
    }
}

#[test]
fn g7_schedules_and_images() {
    let local = Settings::local();
    let due = |line: &str| Event { schedule: Some(line.to_owned()), ..Event::new("schedule") };
    let listen = || on("schedule").cron("0 4 * * *").cron("0 5 * * *");
    expect("listed", listen(), &due("0 5 * * *"), &local, Runs::Yes, Gate::Event);
    expect("not listed", listen(), &due("0 6 * * *"), &local, Runs::No, Gate::Event);
    expect("any", listen(), &Event::new("schedule"), &local, Runs::Yes, Gate::Event);
    let image = |name: &str, version: &str| Event {
        image: Some((name.to_owned(), version.to_owned())),
        ..Event::new("image_version")
    };
    let listen = || on("image_version").filter("names", &["ubuntu-*"]).filter("versions", &["1.*"]);
    expect("both", listen(), &image("ubuntu-x", "1.2"), &local, Runs::Yes, Gate::Event);
    expect("name", listen(), &image("debian", "1.2"), &local, Runs::No, Gate::Event);
    expect("version", listen(), &image("ubuntu-x", "2.0"), &local, Runs::No, Gate::Event);
}

#[test]
fn g10_approval() {
    let fork = Event { fork: true, ..pull_request("main", "x") };
    let first = Event { first_time_contributor: true, ..fork.clone() };
    let private = Settings { private_repository: true, ..Settings::local() };
    let allowed = Settings { private_fork_workflows: true, ..private.clone() };
    let rows = [
        ("known contributor", fork.clone(), Settings::local(), Runs::Yes, Gate::Event),
        ("first contribution", first.clone(), Settings::local(), Runs::AwaitsApproval, Gate::Approval),
        ("private", fork.clone(), private.clone(), Runs::No, Gate::Approval),
        ("private, allowed", fork, allowed, Runs::Yes, Gate::Event),
        ("private, own branch", pull_request("main", "x"), private, Runs::Yes, Gate::Event),
        ("filters first", Event { base_ref: Some("dev".to_owned()), ..first }, Settings::local(), Runs::No, Gate::Ref),
    ];
    for (name, event, settings, runs, gate) in rows {
        let on = if gate == Gate::Ref { on("pull_request").filter("branches", &["main"]) } else { on("pull_request") };
        expect(name, on, &event, &settings, runs, gate);
    }
}

#[test]
fn the_first_gate_that_fails_decides() {
    let event = Event { head_message: Some("[skip ci]".to_owned()), actor_kind: ActorKind::GithubToken, ..push("dev") };
    let listen = || on("push").filter("branches", &["main"]).filter("paths", &["x"]);
    let local = Settings::local();
    expect("actor first", listen(), &event, &local, Runs::No, Gate::Actor);
    let event = Event { actor_kind: ActorKind::User, ..event };
    expect("then skip", listen(), &event, &local, Runs::No, Gate::SkipInstruction);
    let event = Event { head_message: None, ..event };
    expect("then ref", listen(), &event, &local, Runs::No, Gate::Ref);
    let event = Event { ref_name: "main".to_owned(), ..event };
    expect("then paths", listen(), &event, &local, Runs::No, Gate::Paths);
}

#[test]
fn what_runs_are_trusted_with() {
    let rows = [
        ("push", false, ActorKind::User, true),
        ("pull_request", false, ActorKind::User, true),
        ("pull_request", true, ActorKind::User, false),
        ("pull_request", false, ActorKind::Dependabot, false),
        ("push", false, ActorKind::Dependabot, false),
        ("create", false, ActorKind::User, true),
        ("create", false, ActorKind::Dependabot, false),
        ("deployment", false, ActorKind::Dependabot, false),
        ("deployment_status", false, ActorKind::Dependabot, false),
        ("pull_request_target", true, ActorKind::User, true),
        ("pull_request_target", true, ActorKind::Dependabot, true),
        ("workflow_run", true, ActorKind::User, true),
        ("issue_comment", true, ActorKind::User, true),
        ("deployment", false, ActorKind::User, true),
        ("deployment", true, ActorKind::User, false),
        ("deployment_status", true, ActorKind::User, false),
    ];
    for (name, fork, actor_kind, trusted) in rows {
        let given = trust(&Event { fork, actor_kind, ..Event::new(name) });
        let token = if trusted { TokenAccess::AsConfigured } else { TokenAccess::ReadOnly };
        assert_eq!((given.secrets, given.token), (trusted, token), "{name} fork={fork} {actor_kind:?}");
    }
    let into_its_own = Event {
        actor_kind: ActorKind::Dependabot,
        base_ref: Some("dependabot/npm_and_yarn/left-pad-1.3.0".to_owned()),
        ..Event::new("pull_request_target")
    };
    assert!(!trust(&into_its_own).secrets);
}
