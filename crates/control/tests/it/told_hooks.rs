//! What webhooks hear of jobs, checks and suites.

use api::Conclusion;
use serde_json::{Value, json};
use store::hooks::Hook;
use store::repositories::Repository;
use store::testing::on_both;
use store::{Query as _, args};

use crate::world::{WORKFLOW, World};

const TWO: &str = "on: push\njobs:\n  a: { runs-on: x, steps: [{ run: 'true' }] }\n  b: { runs-on: x, needs: a, if: failure(), steps: [{ run: 'true' }] }\n";
/// On GitHub, too, checks of workflows start none.
const LISTENS: &str = "on: [check_run, check_suite]\njobs:\n  a: { runs-on: x, steps: [{ run: 'true' }] }\n";

async fn hook(world: &World, repository: &Repository, events: Value) -> Hook {
    let mut tx = world.store.begin().await.unwrap();
    let hook = Hook {
        id: 0,
        repo_id: Some(repository.id),
        owner_id: None,
        active: true,
        events,
        // Nobody listens: what is queued for it is what counts.
        url: "http://127.0.0.1:9/".to_owned(),
        content_type: "json".to_owned(),
        secret_sealed: None,
        insecure_ssl: false,
        last_response: json!({}),
        created_at: 0,
        updated_at: 0,
    };
    let hook = store::hooks::insert(&mut tx, &hook).await.unwrap();
    store::hooks::skip_to_now(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    hook
}

async fn told(world: &World, repository: &Repository) -> Vec<(String, String, Value, String)> {
    let sql = "SELECT name, action, payload, state FROM events WHERE repo_id = $1 \
               AND name IN ('workflow_job', 'check_run', 'check_suite') ORDER BY id";
    world.store.read().fetch_all(sql, args![repository.id]).await.unwrap()
}

#[tokio::test]
async fn webhooks_hear_of_jobs_and_checks_and_workflows_do_not() {
    on_both("webhooks_hear_of_jobs_and_checks_and_workflows_do_not", async |database| {
        let world = World::new(database).await;
        let (quiet, loud) = (world.repository("quiet").await, world.repository("loud").await);
        let files = [(WORKFLOW, TWO), (".github/workflows/listens.yml", LISTENS)];
        let listening = hook(&world, &loud, json!(["workflow_job", "check_run", "check_suite"])).await;
        hook(&world, &quiet, json!(["push"])).await;
        let runner = world.runner("r", &["x"]).await;
        for repository in [&quiet, &loud] {
            world.push(repository, "main", "go", &files).await;
            let run = world.runs(repository, 1).await.remove(0);
            let job = runner.claim().await;
            runner.finish(&job, Conclusion::Success).await;
            world.completed(run.id).await;
        }
        assert!(told(&world, &quiet).await.is_empty(), "nothing is made for nobody");
        let all = told(&world, &loud).await;
        let seen: Vec<String> = all
            .iter()
            .map(|(name, action, payload, state)| {
                assert_eq!(state, "done", "no workflow looks at it");
                assert_eq!(payload["action"], json!(action));
                assert_eq!(payload["repository"]["full_name"], "owner/loud");
                assert_eq!(payload["sender"]["login"], "owner");
                let what = match name.as_str() {
                    "check_suite" => "",
                    name => payload[name]["name"].as_str().unwrap(),
                };
                let conclusion = payload[name.as_str()]["conclusion"].as_str().unwrap_or("-");
                format!("{name} {action} {what} {conclusion}")
            })
            .collect();
        assert_eq!(
            seen,
            [
                "workflow_job queued a -",
                "check_run created a -",
                "workflow_job in_progress a -",
                "workflow_job completed a success",
                "check_run completed a success",
                "workflow_job completed b skipped",
                "check_run completed b skipped",
                "check_suite completed  success",
            ]
        );
        let job = &all.iter().find(|(name, action, ..)| name == "workflow_job" && action == "in_progress").unwrap().2;
        assert_eq!(job["workflow_job"]["runner_name"], "r");
        assert_eq!(job["workflow_job"]["labels"], json!(["x"]));
        let suite = &all.last().unwrap().2["check_suite"];
        assert_eq!((&suite["status"], &suite["app"]["slug"]), (&json!("completed"), &json!("github-actions")));
        // Each of them goes to the webhook that asked for it.
        world
            .until("the deliveries are queued", async || {
                let queued = store::hooks::deliveries(&mut world.store.read(), listening.id, None, 100).await.unwrap();
                (queued.len() == all.len()).then_some(())
            })
            .await;
        assert_eq!(world.runs(&loud, 1).await.len(), 1, "nothing else was started");
    })
    .await;
}
