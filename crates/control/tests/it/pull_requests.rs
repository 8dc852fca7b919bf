//! Events around pull requests and deployments: which file they take, what they may, and what decides.

use forge::Actor;
use forge::pulls::NewPull;
use serde_json::json;
use store::events::{ActorKind, Facts, NewEvent};
use store::repositories::Repository;
use store::testing::on_both;

use crate::world::{WORKFLOW, World};

const TARGET: &str = "on: pull_request_target
permissions: write-all
jobs:
  a: { runs-on: x, steps: [{ run: 'true' }] }
";

async fn change(world: &World, repository: &Repository, change: impl FnOnce(&mut Repository)) -> Repository {
    let before = world.forge.repository_by_id(repository.id).await.unwrap();
    let mut row = before.clone();
    change(&mut row);
    let mut tx = world.store.begin().await.unwrap();
    store::repositories::update(&mut tx, &before, &row).await.unwrap();
    tx.commit().await.unwrap();
    row
}

#[tokio::test]
async fn pull_request_target_takes_the_base_s_file_and_has_what_the_base_has() {
    on_both("pull_request_target", async |database| {
        let world = World::new(database).await;
        let repository = world.repository("app").await;
        let repository = change(&world, &repository, |row| row.visibility = "public".to_owned()).await;
        let mut tx = world.store.begin().await.unwrap();
        let scope = identity::SecretScope::Repository(repository.id);
        world.identity.put_secret(&mut tx, &world.owner, scope, "KEY", b"the base's", "all", &[]).await.unwrap();
        tx.commit().await.unwrap();
        let base = world.push(&repository, "main", "base", &[(WORKFLOW, TARGET)]).await;
        // A stranger's fork, whose head has another file.
        let eve = world.user("eve").await;
        let actor = Actor::of(&eve).unwrap();
        let fork = world.forge.fork_repository(&eve, &actor, &repository, actor.account_id, None, false).await.unwrap();
        let theirs = "on: pull_request_target\njobs:\n  steal: { runs-on: x, steps: [{ run: 'true' }] }\n";
        let head = world.push_as(&eve, &fork, "patch", "theirs", &[(WORKFLOW, theirs)]).await;
        let new = NewPull { title: "Mine", head: "eve:patch", base: "main", ..NewPull::default() };
        world.forge.create_pull(&repository, &eve, &actor, &new).await.unwrap();
        let run = world.runs(&repository, 1).await.remove(0);
        assert_eq!((run.event_name.as_str(), run.head_sha.as_str()), ("pull_request_target", head.as_str()));
        let runner = world.runner("one", &["x"]).await;
        let job = runner.claim().await;
        assert_eq!(job.workflow.job, "a", "the job of the base's file");
        assert_eq!(job.contexts.secrets.expose()["KEY"], "the base's");
        let github = job.contexts.github.expose();
        assert_eq!(
            (&github["sha"], &github["ref"], &github["event"]["pull_request"]["head"]["sha"]),
            (&json!(base), &json!("refs/heads/main"), &json!(head))
        );
        let credentials = identity::Credentials::Token(job.repository.token.expose().clone());
        let identity::Caller::Job(caller) = world.identity.authenticate(&credentials, "::1").await.unwrap() else {
            panic!("the job's token is a job's");
        };
        assert!(!caller.fork && caller.grant.iter().any(|(_, level)| level == identity::Level::Write));
    })
    .await;
}

/// An event as somebody else's program or the API makes it.
async fn happens(
    world: &World,
    repository: &Repository,
    name: &str,
    action: Option<&str>,
    sha: &str,
    facts: Facts,
    payload: serde_json::Value,
) {
    let event = NewEvent {
        repo_id: repository.id,
        name: name.to_owned(),
        action: action.map(str::to_owned),
        git_ref: "refs/heads/main".to_owned(),
        before: None,
        sha: sha.to_owned(),
        facts,
        actor_id: world.owner.account_id(),
        actor_login: "owner".to_owned(),
        actor_kind: ActorKind::User,
        payload,
    };
    let mut tx = world.store.begin().await.unwrap();
    store::events::append(&mut tx, &event).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn deployment_status_and_merge_group_start_what_listens() {
    on_both("deployment_status_and_merge_group", async |database| {
        let world = World::new(database).await;
        let repository = world.repository("app").await;
        let listens = |on: &str| format!("on: {on}\njobs:\n  a: {{ runs-on: x, steps: [{{ run: 'true' }}] }}\n");
        let status = ".github/workflows/status.yml";
        let group = ".github/workflows/group.yml";
        let files = [
            (status, listens("deployment_status")),
            (group, listens("\n  merge_group: { branches: [main] }")),
            (WORKFLOW, listens("deployment")),
        ];
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let sha = world.push(&repository, "main", "go", &files).await;
        let verdict = async |event: &str, path: &str| {
            let verdicts = world.verdicts(&repository, event).await;
            let found = verdicts.into_iter().find(|one| one.workflow_path == path).unwrap();
            (found.runs, found.gate)
        };
        for (state, runs, gate) in [
            ("success", "yes", "trigger/event"),
            ("failure", "yes", "trigger/event"),
            ("inactive", "no", "trigger/event-limits"),
        ] {
            let payload = json!({ "deployment_status": { "state": state }, "deployment": { "environment": "prod" } });
            happens(&world, &repository, "deployment_status", Some("created"), &sha, Facts::default(), payload).await;
            let (found, by) = verdict("deployment_status", status).await;
            assert_eq!((found.as_str(), by.as_str()), (runs, gate), "{state}");
        }
        for (base, runs) in [("main", "yes"), ("next", "no")] {
            let facts = Facts {
                base_ref: Some(base.to_owned()),
                head_ref: Some(format!("gh-readonly-queue/{base}/pr-1")),
                head_sha: Some(sha.clone()),
                ..Facts::default()
            };
            let group_payload = json!({ "merge_group": {
                "head_sha": sha, "head_ref": format!("refs/heads/gh-readonly-queue/{base}/pr-1"),
                "base_ref": format!("refs/heads/{base}"), "base_sha": sha,
            }});
            happens(&world, &repository, "merge_group", Some("checks_requested"), &sha, facts, group_payload).await;
            let (found, by) = verdict("merge_group", group).await;
            assert_eq!((found.as_str(), by.as_str()), (runs, "trigger/ref"), "{base}");
        }
    })
    .await;
}

#[tokio::test]
async fn more_than_300_changed_files_count_unless_a_repository_wants_githubs_limit() {
    on_both("300_files", async |database| {
        let world = World::new(database).await;
        let text = "on:\n  push: { paths: ['z/**'] }\njobs:\n  a: { runs-on: x, steps: [{ run: 'true' }] }\n";
        let names: Vec<String> = (0..310).map(|number| format!("a/{number:03}")).chain(["z/last".to_owned()]).collect();
        for (name, compat, runs) in [("all", false, "yes"), ("github", true, "no")] {
            let repository = world.repository(name).await;
            let repository = change(&world, &repository, |row| row.settings = json!({ "github_compat": compat })).await;
            world.push(&repository, "main", "first", &[(WORKFLOW, text)]).await;
            let first = world.processed(&repository, "push").await;
            let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "x")).collect();
            world.push(&repository, "main", "many", &files).await;
            world
                .until("the second push is processed", async || {
                    (world.processed(&repository, "push").await > first).then_some(())
                })
                .await;
            let verdicts = world.verdicts(&repository, "push").await;
            assert_eq!(
                (verdicts[0].runs.as_str(), verdicts[0].gate.as_str()),
                (runs, "trigger/paths"),
                "{name}: {}",
                verdicts[0].reason
            );
            assert!(verdicts[0].reason.contains("300"), "{name}: {}", verdicts[0].reason);
        }
    })
    .await;
}

const GATED: &str = "on: push
jobs:
  deploy: { environment: prod, runs-on: x, steps: [{ run: 'true' }] }
";

#[tokio::test]
async fn administrators_pass_over_an_environment_s_rules_where_it_lets_them() {
    on_both("administrators_pass_over", async |database| {
        let world = World::new(database).await;
        for (name, lets) in [("open", true), ("shut", false)] {
            let repository = world.repository(name).await;
            let mut tx = world.store.begin().await.unwrap();
            let mut environment = store::environments::put(&mut tx, repository.id, "prod").await.unwrap();
            environment.admins_bypass = lets;
            environment.wait_minutes = 30;
            store::environments::update(&mut tx, &environment).await.unwrap();
            tx.commit().await.unwrap();
            world.push(&repository, "main", "go", &[(WORKFLOW, GATED)]).await;
            let run = world.runs(&repository, 1).await.remove(0);
            world.until("it waits", async || (world.run(run.id).await.status == "waiting").then_some(())).await;
            let bypassed = world.control.bypass_deployments(&world.owner, run.id, &[], "now").await;
            if lets {
                bypassed.unwrap();
                let runner = world.runner(name, &["x"]).await;
                assert_eq!(runner.claim().await.run_id, run.id);
            } else {
                let error = bypassed.unwrap_err().to_string();
                assert_eq!(error, "the environment `prod` lets nobody pass over its rules");
                assert_eq!(world.run(run.id).await.status, "waiting");
            }
        }
        let entries = audit(&world).await;
        assert!(entries.iter().any(|(action, allowed, _)| action == "deployment.bypass" && *allowed), "{entries:?}");
        let refused = entries.iter().find(|(action, allowed, _)| action == "deployment.bypass" && !allowed);
        let reason = &refused.unwrap().2;
        assert!(reason.contains("the environment `prod` lets nobody pass over its rules"), "{reason}");
    })
    .await;
}

/// Everything in the audit log, refusals too: the action, whether it was allowed, the details.
async fn audit(world: &World) -> Vec<(String, bool, String)> {
    use store::Query as _;
    world.identity.flush_refusals().await;
    let sql = "SELECT action, allowed, details FROM audit ORDER BY id";
    world.store.read().fetch_all(sql, store::args![]).await.unwrap()
}
