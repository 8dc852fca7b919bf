//! Events to verdicts: every workflow of every event has one, and runs are what the verdicts say.

use store::testing::on_both;

use crate::world::{WORKFLOW, World};

const CI: &str = "name: CI\non: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps: [{ run: true }]\n";

fn runs(verdicts: &[store::verdicts::Verdict]) -> Vec<(&str, &str, &str)> {
    verdicts.iter().map(|one| (one.workflow_path.as_str(), one.runs.as_str(), one.gate.as_str())).collect()
}

#[tokio::test]
async fn a_push_has_a_verdict_for_every_workflow() {
    on_both("a_push_has_a_verdict_for_every_workflow", async |database| {
        let world = World::new(database).await;
        let repository = world.repository("app").await;
        let docs = "on:\n  push:\n    paths: ['docs/**']\njobs:\n  d:\n    runs-on: x\n    steps: [{ run: true }]\n";
        let tags = "on:\n  push:\n    tags: ['v*']\njobs:\n  t:\n    runs-on: x\n    steps: [{ run: true }]\n";
        let pull = "on: pull_request\njobs:\n  p:\n    runs-on: x\n    steps: [{ run: true }]\n";
        let files = [
            (WORKFLOW, CI),
            (".github/workflows/docs.yml", docs),
            (".github/workflows/tags.yaml", tags),
            (".github/workflows/pull.yml", pull),
            (".github/workflows/broken.yml", "on: push\njobs: 3\n"),
            (".github/workflows/readme.md", "no workflow"),
            (".github/workflows/below/x.yml", CI),
        ];
        let first = world.push(&repository, "main", "first", &files).await;
        let verdicts = world.verdicts(&repository, "push").await;
        let expected = [
            (".github/workflows/broken.yml", "no", "trigger/valid"),
            (".github/workflows/ci.yml", "yes", "trigger/event"),
            (".github/workflows/docs.yml", "no", "trigger/paths"),
            (".github/workflows/pull.yml", "no", "trigger/event"),
            (".github/workflows/tags.yaml", "no", "trigger/ref"),
        ];
        assert_eq!(runs(&verdicts), expected);
        let place =
            |path: &str| verdicts.iter().find(|one| one.workflow_path.ends_with(path)).map(|one| (one.line, one.col));
        assert_eq!(place("docs.yml"), Some((Some(3), Some(5))), "the filter that decided");
        // A broken file of a push is a failed run without jobs, named by its path.
        let all = world.runs(&repository, 2).await;
        let broken = all.iter().find(|run| run.workflow_path.ends_with("broken.yml")).unwrap();
        assert_eq!(
            (broken.workflow_name.as_str(), broken.conclusion.as_deref()),
            (".github/workflows/broken.yml", Some("failure"))
        );
        assert!(world.jobs(broken.id).await.is_empty());
        let run = all.iter().find(|run| run.workflow_path == WORKFLOW).unwrap();
        assert_eq!(
            (run.workflow_name.as_str(), run.number, run.title.as_str(), &run.head_sha),
            ("CI", 1, "first", &first)
        );
        assert_eq!(run.head_branch.as_deref(), Some("main"));
        // What a path filter skipped is neutral for who requires it.
        let checks = store::checks::of_commit(&mut world.store.read(), repository.id, &first).await.unwrap();
        let neutral: Vec<_> = checks.iter().filter(|check| check.conclusion.as_deref() == Some("neutral")).collect();
        assert_eq!(neutral.iter().map(|check| check.name.as_str()).collect::<Vec<_>>(), ["d"]);
        // Another push, with the docs.
        world.push(&repository, "main", "second", &[("docs/a.md", "a"), (".github/workflows/broken.yml", CI)]).await;
        let verdicts = world.verdicts(&repository, "push").await;
        let yes: Vec<_> =
            verdicts.iter().filter(|one| one.runs == "yes").map(|one| one.workflow_path.rsplit('/').next()).collect();
        assert_eq!(yes, [Some("broken.yml"), Some("ci.yml"), Some("docs.yml")]);
        // A tag: paths do not count, branches without filter do not matter.
        world.push(&repository, "refs/tags/v1", "third", &[]).await;
        let verdicts = world.verdicts(&repository, "push").await;
        assert!(
            verdicts.iter().any(|one| one.workflow_path.ends_with("tags.yaml") && one.runs == "yes"),
            "{verdicts:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn skip_strings_and_disabled_workflows() {
    on_both("skip_strings_and_disabled_workflows", async |database| {
        let world = World::new(database).await;
        let repository = world.repository("app").await;
        for (message, gate) in [
            ("quiet [skip ci]", "trigger/skip-instruction"),
            ("quiet [actions skip] now", "trigger/skip-instruction"),
            ("subject\n\nbody\n\n\nskip-checks: true", "trigger/skip-instruction"),
            ("loud", "trigger/event"),
        ] {
            world.push(&repository, "main", message, &[(WORKFLOW, CI), ("a", message)]).await;
            let verdicts = world.verdicts(&repository, "push").await;
            assert_eq!(verdicts[0].gate, gate, "{message}");
        }
        let workflow =
            store::workflows::by_path(&mut world.store.read(), repository.id, WORKFLOW).await.unwrap().unwrap();
        let mut tx = world.store.begin().await.unwrap();
        store::workflows::set_state(&mut tx, workflow.id, "disabled_manually").await.unwrap();
        tx.commit().await.unwrap();
        world.push(&repository, "main", "loud", &[("a", "off")]).await;
        let verdicts = world.verdicts(&repository, "push").await;
        assert_eq!(runs(&verdicts), [(WORKFLOW, "no", "trigger/enabled")]);
        assert_eq!(world.runs(&repository, 1).await.len(), 1, "only the loud one ran");
    })
    .await;
}

#[tokio::test]
async fn a_run_that_completes_starts_others_three_deep() {
    on_both("a_run_that_completes_starts_others_three_deep", async |database| {
        let world = World::new(database).await;
        let repository = world.repository("app").await;
        let after = "name: After\non:\n  workflow_run:\n    workflows: [CI, After]\n    types: [completed]\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{ run: true }]\n";
        world.push(&repository, "main", "go", &[(WORKFLOW, CI), (".github/workflows/after.yml", after)]).await;
        let runner = world.runner("one", &["ubuntu-latest"]).await;
        for count in 1..=4 {
            let run = world.runs(&repository, count).await.remove(0);
            assert_eq!(runner.work_off(run.id).await.len(), 1, "run {count}");
        }
        let verdicts = world
            .until("the fourth is refused", async || {
                let verdicts = world.verdicts(&repository, "workflow_run").await;
                verdicts.into_iter().find(|one| one.gate == "trigger/event-limits")
            })
            .await;
        assert!(verdicts.reason.contains("number 4 in a chain"), "{}", verdicts.reason);
        assert_eq!(world.runs(&repository, 4).await.len(), 4);
    })
    .await;
}
