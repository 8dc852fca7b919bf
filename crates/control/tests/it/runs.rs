//! Runs driven from the database: needs, outputs, matrices, called workflows, groups, cancelling, starting again.

use api::Conclusion;
use axum::http::StatusCode;
use control::{Again, Which};
use serde_json::json;
use store::testing::on_both;

use crate::world::{WORKFLOW, World};

fn steps(extra: &str) -> String {
    format!("{{ runs-on: ubuntu-latest, steps: [{{ run: 'true' }}]{extra} }}")
}

#[tokio::test]
async fn jobs_follow_their_needs_with_outputs() {
    on_both("jobs_follow_their_needs_with_outputs", async |database| {
        let world = World::new(database).await;
        let repository = world.repository("app").await;
        let text = format!(
            "on: push\njobs:\n  a: {}\n  b:\n    needs: a\n    if: needs.a.outputs.x == 'yes'\n    runs-on: ubuntu-latest\n    strategy: {{ matrix: {{ n: [1, 2] }} }}\n    steps: [{{ run: 'echo ${{{{ needs.a.outputs.x }}}}' }}]\n  c: {}\n",
            steps(""),
            steps(", needs: b, if: failure()")
        );
        world.push(&repository, "main", "go", &[(WORKFLOW, &text)]).await;
        let runner = world.runner("one", &["ubuntu-latest"]).await;
        let run = world.runs(&repository, 1).await.remove(0);
        let first = runner.claim().await;
        assert_eq!((first.path.as_str(), first.run_id, first.attempt, first.fence), ("a", run.id, 1, 1));
        assert_eq!(first.repository.clone_url, "http://trunkline.localhost/owner/app.git");
        assert_eq!(first.contexts.github.expose()["token"], first.repository.token.expose().as_str());
        assert_eq!(first.contexts.secrets.expose()["GITHUB_TOKEN"], first.repository.token.expose().as_str());
        assert_eq!(world.run(run.id).await.status, "in_progress");
        runner.finish_with(&first, Conclusion::Success, &[("x", "yes")]).await;
        let legs = [runner.claim().await];
        assert_eq!(legs[0].name, "b (1)");
        assert_eq!(legs[0].contexts.needs["a"]["outputs"]["x"], "yes");
        assert_eq!(legs[0].contexts.matrix["n"], 1);
        runner.finish(&legs[0], Conclusion::Success).await;
        let second = runner.claim().await;
        assert_eq!(second.name, "b (2)");
        runner.finish(&second, Conclusion::Success).await;
        let run = world.completed(run.id).await;
        assert_eq!(run.conclusion.as_deref(), Some("success"));
        let jobs = world.jobs(run.id).await;
        let shown: Vec<_> = jobs.iter().map(|job| (job.key.as_str(), job.conclusion.as_deref().unwrap_or(""))).collect();
        assert_eq!(shown, [("a", "success"), ("b#0", "success"), ("b#1", "success"), ("c", "skipped")]);
        assert!(jobs[3].reason.as_deref().is_some_and(|reason| reason.contains("`if` is false")), "{:?}", jobs[3].reason);
        // A job that is over is nobody's any more.
        assert_eq!(runner.heartbeat(&second).await.0, StatusCode::CONFLICT);
        let (status, answer) = runner.try_finish(&second, Conclusion::Failure, &[]).await;
        assert_eq!((status, &answer["code"]), (StatusCode::CONFLICT, &"fenced".into()));
        let events = store::runs::events_after(&mut world.store.read(), run.id, 1, 0, 1000).await.unwrap();
        let numbers: Vec<i64> = events.iter().map(|event| event.seq).collect();
        assert_eq!(numbers, (1..=i64::try_from(events.len()).unwrap()).collect::<Vec<_>>(), "without gaps");
        assert!(events.last().unwrap().json.contains("run_finished"));
    })
    .await;
}

#[tokio::test]
async fn any_server_takes_the_next_step() {
    on_both("any_server_takes_the_next_step", async |database| {
        let world = World::new(database).await;
        let repository = world.repository("app").await;
        let text = format!(
            "on: push\njobs:\n  a: {}\n  b: {}\n  c: {}\n",
            steps(""),
            steps(", needs: a"),
            steps(", needs: b")
        );
        world.push(&repository, "main", "go", &[(WORKFLOW, &text)]).await;
        let run = world.runs(&repository, 1).await.remove(0);
        for expected in ["a", "b", "c"] {
            // Each step by a server that has seen nothing of the run.
            let other = World::over(database.open().await, &database.directory(), control::Settings::default()).await;
            let runner = other.runner(&format!("for-{expected}"), &["ubuntu-latest"]).await;
            let job = runner.claim().await;
            assert_eq!(job.path, expected);
            runner.finish(&job, Conclusion::Success).await;
        }
        assert_eq!(world.completed(run.id).await.conclusion.as_deref(), Some("success"));
    })
    .await;
}

#[tokio::test]
async fn called_workflows_of_this_and_another_repository() {
    on_both("called_workflows_of_this_and_another_repository", async |database| {
        let world = World::new(database).await;
        let shared = world.repository("shared").await;
        let callee = "on:\n  workflow_call:\n    inputs: { who: { type: string } }\n    outputs: { said: { value: '${{ jobs.say.outputs.said }}' } }\njobs:\n  say:\n    runs-on: ubuntu-latest\n    outputs: { said: x }\n    steps: [{ run: 'echo ${{ inputs.who }}' }]\n";
        world.push(&shared, "main", "lib", &[(".github/workflows/say.yml", callee)]).await;
        let repository = world.repository("app").await;
        let text = "on: push\njobs:\n  there:\n    uses: owner/shared/.github/workflows/say.yml@main\n    with: { who: you }\n  here:\n    needs: there\n    uses: ./.github/workflows/local.yml\n    with: { who: '${{ needs.there.outputs.said }}' }\n";
        world.push(&repository, "main", "go", &[(WORKFLOW, text), (".github/workflows/local.yml", callee)]).await;
        let runner = world.runner("one", &["ubuntu-latest"]).await;
        let run = world.until("the caller runs", async || {
            world.runs(&repository, 1).await.into_iter().find(|run| run.workflow_path == WORKFLOW)
        }).await;
        let job = runner.claim().await;
        assert_eq!((job.path.as_str(), job.workflow.path.as_str()), ("there/say", "owner/shared/.github/workflows/say.yml@main"));
        assert_eq!((&job.workflow.text, &job.contexts.inputs["who"]), (&callee.to_owned(), &"you".into()));
        runner.finish_with(&job, Conclusion::Success, &[("said", "hello")]).await;
        let job = runner.claim().await;
        assert_eq!((job.path.as_str(), job.workflow.path.as_str()), ("here/say", ".github/workflows/local.yml"));
        assert_eq!(job.contexts.inputs["who"], "hello");
        runner.finish(&job, Conclusion::Success).await;
        assert_eq!(world.completed(run.id).await.conclusion.as_deref(), Some("success"));
        // One that is not there is said, on a run that failed.
        let text = "on: push\njobs:\n  x:\n    uses: owner/nowhere/.github/workflows/say.yml@main\n";
        world.push(&repository, "main", "no", &[(WORKFLOW, text)]).await;
        let run = world.until("it fails", async || {
            world.runs(&repository, 2).await.into_iter().find(|run| run.workflow_path == WORKFLOW && run.number == 2)
        }).await;
        assert_eq!(run.conclusion.as_deref(), Some("failure"));
        assert!(run.reason.unwrap().contains("no repository `owner/nowhere`"));
    })
    .await;
}

#[tokio::test]
async fn two_runs_that_want_each_others_group_do_not_wait_for_ever() {
    on_both("two_runs_that_want_each_others_group_do_not_wait_for_ever", async |database| {
        let world = World::new(database).await;
        let repository = world.repository("app").await;
        let holds = |own: &str, other: &str| {
            let second = format!("{{ needs: a, concurrency: {other}, runs-on: ubuntu-latest, steps: [{{ run: 'true' }}] }}");
            format!("on: push\nconcurrency: {own}\njobs:\n  a: {}\n  b: {second}\n", steps(""))
        };
        let files = [(WORKFLOW, holds("Left", "right")), (".github/workflows/other.yml", holds("right", "left"))];
        let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
        world.push(&repository, "main", "go", &files).await;
        let ids: Vec<i64> = world.runs(&repository, 2).await.iter().map(|run| run.id).collect();
        let two = json!({ "name": "two", "labels": ["ubuntu-latest"], "os": "Linux", "arch": "X64", "version": "0", "slots": 2 });
        let runner = world.runner_with(two).await;
        // Each run has its own group by now.
        for job in [runner.claim().await, runner.claim().await] {
            runner.finish(&job, Conclusion::Success).await;
        }
        for id in &ids {
            runner.work_off(*id).await;
        }
        let mut ends = Vec::new();
        for id in ids {
            let run = world.completed(id).await;
            let reason = world.job(id, "b").await.reason.unwrap_or_default();
            ends.push((run.conclusion.unwrap(), reason.contains("is held by what waits for")));
        }
        ends.sort();
        assert_eq!(ends, [("failure".to_owned(), true), ("success".to_owned(), false)]);
        assert!(store::groups::of_repo(&mut world.store.read(), repository.id).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_called_file_that_is_too_large_is_a_reason() {
    on_both("a_called_file_that_is_too_large_is_a_reason", async |database| {
        let world = World::new(database).await;
        let repository = world.repository("app").await;
        let text = "on: push\njobs:\n  x:\n    uses: ./.github/workflows/say.yml\n";
        let large = "#".repeat((1 << 20) + 1);
        world.push(&repository, "main", "go", &[(WORKFLOW, text), (".github/workflows/say.yml", &large)]).await;
        let verdict = world.verdicts(&repository, "push").await.into_iter().find(|one| one.workflow_path == WORKFLOW);
        let run = world.run(verdict.unwrap().run_id.unwrap()).await;
        assert_eq!(run.conclusion.as_deref(), Some("failure"));
        let reason = run.reason.unwrap();
        assert!(reason.contains("bytes"), "{reason}");
    })
    .await;
}

#[tokio::test]
async fn a_group_has_one_run_and_the_newest_waits() {
    on_both("a_group_has_one_run_and_the_newest_waits", async |database| {
        let world = World::new(database).await;
        let repository = world.repository("app").await;
        let text = format!("on: push\nconcurrency: Deploy\njobs:\n  a: {}\n", steps(""));
        for number in 1..=3 {
            world
                .push(&repository, "main", &format!("push {number}"), &[(WORKFLOW, &text), ("n", &number.to_string())])
                .await;
            world.runs(&repository, number).await;
        }
        let runs = world.runs(&repository, 3).await;
        let ids: Vec<i64> = runs.iter().rev().map(|run| run.id).collect();
        // The second lost its place to the third.
        assert_eq!(world.completed(ids[1]).await.conclusion.as_deref(), Some("cancelled"));
        let runner = world.runner("one", &["ubuntu-latest"]).await;
        let job = runner.claim().await;
        assert_eq!(job.run_id, ids[0]);
        assert!(runner.claim_within(0).await.is_none(), "the third waits for the group");
        assert_eq!(world.run(ids[2]).await.status, "pending");
        runner.finish(&job, Conclusion::Success).await;
        let job = runner.claim().await;
        assert_eq!(job.run_id, ids[2]);
        runner.finish(&job, Conclusion::Success).await;
        world.completed(ids[2]).await;
        assert!(store::groups::of_repo(&mut world.store.read(), repository.id).await.unwrap().is_empty());
        // With cancel-in-progress the one that runs goes.
        let text = format!(
            "on: push\nconcurrency: {{ group: deploy, cancel-in-progress: true }}\njobs:\n  a: {}\n",
            steps("")
        );
        world.push(&repository, "main", "four", &[(WORKFLOW, &text)]).await;
        let job = runner.claim().await;
        world.push(&repository, "main", "five", &[("n", "five")]).await;
        let newest = world.runs(&repository, 5).await.remove(0);
        let orders = world
            .until("it is told", async || {
                let (_, orders) = runner.heartbeat(&job).await;
                (orders["cancel"] == true).then_some(orders)
            })
            .await;
        assert_eq!(orders["kill"], false);
        runner.finish(&job, Conclusion::Cancelled).await;
        assert_eq!(world.completed(job.run_id).await.conclusion.as_deref(), Some("cancelled"));
        let job = runner.claim().await;
        assert_eq!(job.run_id, newest.id);
    })
    .await;
}

#[tokio::test]
async fn cancelling_politely_then_by_force() {
    on_both("cancelling_politely_then_by_force", async |database| {
        let world = World::new(database).await;
        let repository = world.repository("app").await;
        let text = format!(
            "on: push\njobs:\n  a: {}\n  b: {}\n  late: {}\n",
            steps(""),
            steps(""),
            steps(", needs: a, if: always()")
        );
        world.push(&repository, "main", "go", &[(WORKFLOW, &text)]).await;
        let run = world.runs(&repository, 1).await.remove(0);
        let runner = world.runner("one", &["ubuntu-latest"]).await;
        let running = runner.claim().await;
        world.control.cancel_run(&world.owner, run.id, false).await.unwrap();
        assert_eq!(world.job(run.id, "b").await.conclusion.as_deref(), Some("cancelled"), "it was only queued");
        let (_, orders) = runner.heartbeat(&running).await;
        assert_eq!((&orders["cancel"], &orders["kill"]), (&true.into(), &false.into()));
        runner.finish(&running, Conclusion::Cancelled).await;
        // `always()` goes on in a cancelled run, until somebody insists.
        let late = runner.claim().await;
        assert_eq!(late.path, "late");
        world.control.cancel_run(&world.owner, run.id, true).await.unwrap();
        let (_, orders) = runner.heartbeat(&late).await;
        assert_eq!(orders["kill"], true);
        runner.finish(&late, Conclusion::Cancelled).await;
        assert_eq!(world.completed(run.id).await.conclusion.as_deref(), Some("cancelled"));
        let refused = world.control.cancel_run(&world.owner, run.id, false).await.unwrap_err();
        assert_eq!(refused.to_string(), "the run is completed");
    })
    .await;
}

#[tokio::test]
async fn a_run_once_more() {
    on_both("a_run_once_more", async |database| {
        let world = World::new(database).await;
        let repository = world.repository("app").await;
        let text = format!(
            "on: push\njobs:\n  good: {}\n  bad: {}\n  last: {}\n",
            steps(""),
            steps(""),
            steps(", needs: [good, bad]")
        );
        world.push(&repository, "main", "go", &[(WORKFLOW, &text)]).await;
        let run = world.runs(&repository, 1).await.remove(0);
        let runner = world.runner("one", &["ubuntu-latest"]).await;
        for _ in 0..2 {
            let job = runner.claim().await;
            let (conclusion, outputs) =
                if job.path == "bad" { (Conclusion::Failure, vec![]) } else { (Conclusion::Success, vec![("o", "1")]) };
            runner.finish_with(&job, conclusion, &outputs).await;
        }
        assert_eq!(world.completed(run.id).await.conclusion.as_deref(), Some("failure"));
        // The failed ones, and what depends on them.
        let failed = Again { which: Which::Failed, debug: true };
        assert_eq!(world.control.rerun(&world.owner, run.id, &failed).await.unwrap(), 2);
        let again = runner.claim().await;
        assert_eq!((again.path.as_str(), again.attempt, again.debug), ("bad", 2, true));
        assert_eq!(again.contexts.github.expose()["run_attempt"], "2");
        let busy = world.control.rerun(&world.owner, run.id, &failed).await.unwrap_err();
        assert_eq!(busy.to_string(), "the run is not completed");
        runner.finish(&again, Conclusion::Success).await;
        let last = runner.claim().await;
        assert_eq!((last.path.as_str(), &last.contexts.needs["good"]["outputs"]["o"]), ("last", &"1".into()));
        runner.finish(&last, Conclusion::Success).await;
        assert_eq!(world.completed(run.id).await.conclusion.as_deref(), Some("success"));
        // One job.
        let good = world.job(run.id, "good").await;
        world.control.rerun(&world.owner, run.id, &Again { which: Which::Job(good.id), debug: false }).await.unwrap();
        assert_eq!(runner.work_off(run.id).await, ["good", "last"]);
        // All of them; the attempts before are kept.
        world.control.rerun(&world.owner, run.id, &Again { which: Which::All, debug: false }).await.unwrap();
        assert_eq!(runner.work_off(run.id).await, ["good", "bad", "last"]);
        let attempts: Vec<i64> =
            store::jobs::of_run(&mut world.store.read(), run.id).await.unwrap().iter().map(|job| job.attempt).collect();
        assert_eq!(attempts, [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]);
        assert_eq!(world.run(run.id).await.attempt, 4);
        // Lists can be narrowed, and counted.
        let filter =
            |status: &str| store::runs::Filter { status: Some(status.into()), ..store::runs::Filter::default() };
        for (status, count) in [("success", 1), ("completed", 1), ("failure", 0), ("queued", 0)] {
            let read = &mut world.store.read();
            assert_eq!(store::runs::count(read, repository.id, &filter(status), 100).await.unwrap(), count, "{status}");
            let found = store::runs::list(read, repository.id, &filter(status), 0, 10).await.unwrap();
            assert_eq!(i64::try_from(found.len()).unwrap(), count, "{status}");
        }
    })
    .await;
}

#[tokio::test]
async fn lists_are_pages_of_what_is_counted() {
    on_both("lists_are_pages_of_what_is_counted", async |database| {
        use store::runs::{Filter, Run, find};
        let world = World::new(database).await;
        let repository = world.repository("app").await;
        let text = "on: push\njobs:\n  a: { runs-on: x, steps: [{ run: 'true' }] }\n";
        world.push(&repository, "main", "go", &[(WORKFLOW, text)]).await;
        let model = world.runs(&repository, 1).await.remove(0);
        let mut all = vec![model.clone()];
        for n in 1..30_i64 {
            let mut tx = world.store.begin().await.unwrap();
            let mut run = Run {
                event_id: -n,
                number: store::workflows::take_number(&mut tx, model.workflow_id).await.unwrap(),
                status: "completed".into(),
                conclusion: Some(if n % 3 == 0 { "failure" } else { "success" }.into()),
                head_branch: (n % 4 != 0).then(|| format!("b{}", n % 2)),
                event_name: if n % 5 == 0 { "pull_request" } else { "push" }.into(),
                pull_number: (n % 5 == 0).then_some(n),
                created_at: model.created_at + n,
                ..model.clone()
            };
            run.id = store::runs::insert(&mut tx, &run).await.unwrap();
            tx.commit().await.unwrap();
            all.insert(0, run);
        }
        let some = |text: &str| Some(text.to_owned());
        type Fits = fn(&Run) -> bool;
        let table: [(Filter, Fits); 5] = [
            (Filter::default(), |_| true),
            (Filter { status: some("failure"), ..Filter::default() }, |run| {
                run.conclusion.as_deref() == Some("failure")
            }),
            (Filter { branch: some("b1"), event: some("push"), ..Filter::default() }, |run| {
                run.head_branch.as_deref() == Some("b1") && run.event_name == "push"
            }),
            (Filter { branch: some("nowhere"), status: some("success"), ..Filter::default() }, |_| false),
            (
                Filter { created_from: Some(model.created_at + 7), status: some("success"), ..Filter::default() },
                |run| run.number > 7 && run.conclusion.as_deref() == Some("success"),
            ),
        ];
        for (filter, fits) in table {
            let expected: Vec<i64> = all.iter().filter(|run| fits(run)).map(|run| run.id).collect();
            // Counting ends at 12; pages do not.
            for (offset, limit) in [(0, 5), (3, 4), (8, 4), (10, 5), (25, 10), (100, 5)] {
                let read = &mut world.store.read();
                let (page, total) = find(read, repository.id, &filter, (offset, limit), 12).await.unwrap();
                let page: Vec<i64> = page.iter().map(|run| run.id).collect();
                let (from, count) = (usize::try_from(offset).unwrap(), usize::try_from(limit).unwrap());
                let wanted: Vec<i64> = expected.iter().copied().skip(from).take(count).collect();
                assert_eq!(page, wanted, "{filter:?} from {offset}");
                let counted = if filter.is_open() { expected.len() } else { expected.len().min(12) };
                assert_eq!(total, i64::try_from(counted).unwrap(), "{filter:?}");
            }
        }
        let mut tx = world.store.begin().await.unwrap();
        store::runs::delete(&mut tx, all[0].id).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store::runs::count_all(&mut world.store.read(), repository.id).await.unwrap(), 29);
    })
    .await;
}

#[tokio::test]
async fn secrets_lie_nowhere_in_clear() {
    on_both("secrets_lie_nowhere_in_clear", async |database| {
        use store::Query as _;
        let world = World::new(database).await;
        let repository = world.repository("app").await;
        let mut tx = world.store.begin().await.unwrap();
        let scope = identity::SecretScope::Repository(repository.id);
        world.identity.put_secret(&mut tx, &world.owner, scope, "KEY", b"hunter2hunter2", "all", &[]).await.unwrap();
        tx.commit().await.unwrap();
        let text = "on: push\njobs:\n  a:\n    if: ${{ github.event_name != 'hunter2hunter2' }}\n    runs-on: ubuntu-latest\n    steps: [{ run: 'true', env: { K: '${{ secrets.KEY }}' } }]\n  b:\n    uses: ./.github/workflows/callee.yml\n    secrets: { K: '${{ secrets.KEY }}' }\n";
        let callee = "on:\n  workflow_call:\n    secrets: { K: { required: true } }\njobs:\n  c:\n    runs-on: ubuntu-latest\n    steps: [{ run: 'true' }]\n";
        world.push(&repository, "main", "go", &[(WORKFLOW, text), (".github/workflows/callee.yml", callee)]).await;
        let runner = world.runner("one", &["ubuntu-latest"]).await;
        let run = world.until("it runs", async || {
            world.runs(&repository, 1).await.into_iter().find(|run| run.workflow_path == WORKFLOW)
        }).await;
        let mut token = String::new();
        for _ in 0..2 {
            let job = runner.claim().await;
            let name = if job.path == "a" { "KEY" } else { "K" };
            assert_eq!(job.contexts.secrets.expose()[name], "hunter2hunter2");
            token = job.repository.token.expose().clone();
            runner.finish(&job, Conclusion::Success).await;
        }
        world.completed(run.id).await;
        for (table, columns) in [
            ("events", "payload || facts"), ("run_inputs", "input"), ("run_events", "json"), ("runs", "title || COALESCE(reason, '')"),
            ("jobs", "name || labels || outputs || COALESCE(reason, '')"), ("verdicts", "reason || evidence"),
        ] {
            let rows: Vec<String> = world.store.read().fetch_all(format!("SELECT {columns} FROM {table}"), vec![]).await.unwrap();
            for secret in ["hunter2hunter2", token.as_str()] {
                let found = rows.iter().find(|row| row.contains(secret) && table != "run_events");
                assert!(found.is_none(), "{table}: {found:?}");
            }
        }
    })
    .await;
}
