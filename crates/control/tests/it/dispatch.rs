//! Runs started by hand and by events of one's own.

use control::{Dispatch, RepositoryDispatch};
use serde_json::{Map, Value, json};
use store::testing::on_both;

use crate::world::{WORKFLOW, World};

const TEXT: &str = "run-name: to ${{ inputs.where }}\non:\n  workflow_dispatch:\n    inputs:\n      where: { type: choice, options: [a, b], required: true }\n      dry: { type: boolean, default: true }\n      count: { type: number }\n  repository_dispatch:\n    types: [deploy]\njobs:\n  a: { runs-on: x, steps: [{ run: 'true' }] }\n";

fn map(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

#[tokio::test]
async fn inputs_have_their_types_and_mistakes_are_told() {
    on_both("inputs_have_their_types_and_mistakes_are_told", async |database| {
        let world = World::new(database).await;
        let repository = world.repository("app").await;
        world.push(&repository, "main", "go", &[(WORKFLOW, TEXT)]).await;
        world.push(&repository, "side", "new", &[(".github/workflows/new.yml", TEXT)]).await;
        // A stranger's pull request, and a revision that is neither branch nor tag.
        let git = world.forge.git(repository.id);
        let head = git.ref_oid("refs/heads/side").await.unwrap().unwrap();
        let pull = forge::git::RefUpdate { name: "refs/pull/1/head".into(), old: forge::git::ZERO.into(), new: head };
        git.update_refs(&[pull], None).await.unwrap().unwrap();
        let dispatch = async |workflow: &str, git_ref: &str, inputs: Value| {
            let dispatch =
                Dispatch { workflow: workflow.into(), git_ref: git_ref.into(), inputs: map(inputs), priority: None };
            world.control.dispatch(&world.owner, &repository, &dispatch).await
        };
        let table = [
            (WORKFLOW, "nowhere", json!({ "where": "a" }), "No ref found for: nowhere"),
            (WORKFLOW, "refs/pull/1/head", json!({ "where": "a" }), "No ref found for: refs/pull/1/head"),
            (WORKFLOW, "main^{commit}", json!({ "where": "a" }), "No ref found for: main^{commit}"),
            (
                ".github/workflows/none.yml",
                "main",
                json!({}),
                "the workflow .github/workflows/none.yml at refs/heads/main does not exist",
            ),
            (
                ".github/workflows/new.yml",
                "side",
                json!({ "where": "a" }),
                ".github/workflows/new.yml is not on the default branch `main`",
            ),
            (WORKFLOW, "main", json!({}), "the input `where` is required"),
            (WORKFLOW, "main", json!({ "where": "c" }), "the input `where` is one of a, b, not `c`"),
            (WORKFLOW, "main", json!({ "where": "a", "wher": "a" }), "there is no input `wher`; did you mean `where`?"),
            (
                WORKFLOW,
                "main",
                json!({ "where": "a", "count": "many" }),
                "the input `count` is a number, `many` is not",
            ),
        ];
        for (workflow, git_ref, inputs, expected) in table {
            assert_eq!(dispatch(workflow, git_ref, inputs).await.unwrap_err().to_string(), expected);
        }
        dispatch(WORKFLOW, "main", json!({ "where": "b", "count": "3" })).await.unwrap();
        let run = world.runs(&repository, 1).await.remove(0);
        assert_eq!((run.event_name.as_str(), run.title.as_str()), ("workflow_dispatch", "to b"));
        let runner = world.runner("one", &["x"]).await;
        let job = runner.claim().await;
        assert_eq!(job.contexts.inputs, json!({ "where": "b", "dry": true, "count": 3 }));
        assert_eq!(job.contexts.github.expose()["event"]["inputs"]["where"], "b");
    })
    .await;
}

#[tokio::test]
async fn an_event_of_ones_own() {
    on_both("an_event_of_ones_own", async |database| {
        let world = World::new(database).await;
        let repository = world.repository("app").await;
        world.push(&repository, "main", "go", &[(WORKFLOW, TEXT)]).await;
        let send = async |kind: &str, payload: Value| {
            let dispatch = RepositoryDispatch { event_type: kind.into(), client_payload: map(payload) };
            world.control.repository_dispatch(&world.owner, &repository, &dispatch).await
        };
        let many: Map<String, Value> = (0..11).map(|n| (n.to_string(), json!(n))).collect();
        for (kind, payload) in [
            ("", json!({})),
            (&*"x".repeat(101), json!({})),
            ("x", many.into()),
            ("x", json!({ "a": "x".repeat(70_000) })),
        ] {
            assert!(send(kind, payload).await.is_err(), "{kind}");
        }
        send("other", json!({})).await.unwrap();
        let verdicts = world.verdicts(&repository, "repository_dispatch").await;
        assert_eq!((verdicts[0].runs.as_str(), verdicts[0].gate.as_str()), ("no", "trigger/event"));
        send("deploy", json!({ "k": 1 })).await.unwrap();
        let run = world.runs(&repository, 1).await.remove(0);
        assert_eq!((run.event_name.as_str(), run.head_branch.as_deref()), ("repository_dispatch", Some("main")));
        let runner = world.runner("one", &["x"]).await;
        let job = runner.claim().await;
        let event = &job.contexts.github.expose()["event"];
        assert_eq!((&event["action"], &event["client_payload"]["k"]), (&json!("deploy"), &json!(1)));
    })
    .await;
}
