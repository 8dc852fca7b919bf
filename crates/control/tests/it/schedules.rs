//! Schedules fire once a minute at most, whatever servers and clocks do.

use store::Clock;
use store::testing::on_both;

use crate::world::{WORKFLOW, World};

const TEXT: &str = "on:\n  schedule:\n    - cron: '*/5 * * * *'\n    - cron: '0 4 * * *'\n      timezone: Europe/Berlin\njobs:\n  a: { runs-on: x, steps: [{ run: 'true' }] }\n";
const MINUTE: i64 = 60_000_000;

#[tokio::test]
async fn once_a_minute_whatever_servers_and_clocks_do() {
    on_both("once_a_minute_whatever_servers_and_clocks_do", async |database| {
        // 2026-11-30T00:26:40Z
        let clock = Clock::by_hand(1_796_000_000_000_000 - 1_796_000_000_000_000 % MINUTE);
        let start = clock.now();
        let world = World::with(database, clock.clone(), control::Settings::default()).await;
        let other =
            World::over(database.open_with(clock.clone()).await, &database.directory(), control::Settings::default())
                .await;
        let repository = world.repository("app").await;
        world.push(&repository, "main", "go", &[(WORKFLOW, TEXT)]).await;
        world.processed(&repository, "push").await;
        let known = store::schedules::of_repo(&mut world.store.read(), repository.id).await.unwrap();
        assert_eq!(known.len(), 2);
        let fired = async || {
            use store::Query as _;
            let sql = "SELECT COUNT(*) FROM events WHERE name = 'schedule'";
            world.store.read().fetch_one::<i64>(sql, vec![]).await.unwrap()
        };
        let next = known[0].next_minute.unwrap();
        let tick = async || {
            world.store.wake(store::Topic::Timers);
            other.store.wake(store::Topic::Timers);
        };
        // Not before its minute.
        clock.advance((next - 1) * MINUTE - clock.now());
        tick().await;
        clock.advance(MINUTE);
        tick().await;
        world.until("the first", async || (fired().await == 1).then_some(())).await;
        let run = world.runs(&repository, 1).await.remove(0);
        assert_eq!((run.event_name.as_str(), run.actor_login.as_str()), ("schedule", "owner"));
        // An hour is missed: it is made up for once.
        clock.advance(60 * MINUTE);
        tick().await;
        world.until("the second", async || (fired().await == 2).then_some(())).await;
        // The clock goes back: nothing fires that has fired.
        clock.advance(start - clock.now());
        tick().await;
        clock.advance(10 * MINUTE);
        tick().await;
        world.processed(&repository, "schedule").await;
        assert_eq!(fired().await, 2);
        // A push without the lines takes them away.
        world
            .push(
                &repository,
                "main",
                "none",
                &[(WORKFLOW, "on: push\njobs:\n  a: { runs-on: x, steps: [{ run: 'true' }] }\n")],
            )
            .await;
        world.processed(&repository, "push").await;
        assert!(store::schedules::of_repo(&mut world.store.read(), repository.id).await.unwrap().is_empty());
    })
    .await;
}

async fn crons(world: &World, repository: &store::repositories::Repository) -> Vec<String> {
    let known = store::schedules::of_repo(&mut world.store.read(), repository.id).await.unwrap();
    known.into_iter().map(|schedule| schedule.cron).collect()
}

#[tokio::test]
async fn another_default_branch_brings_its_own_lines() {
    on_both("another_default_branch_brings_its_own_lines", async |database| {
        let world = World::new(database).await;
        let repository = world.repository("app").await;
        let line = |cron: &str| {
            format!(
                "on: {{ schedule: [{{ cron: '{cron}' }}] }}\njobs:\n  a: {{ runs-on: x, steps: [{{ run: 'true' }}] }}\n"
            )
        };
        world.push(&repository, "main", "go", &[(WORKFLOW, &line("0 1 * * *"))]).await;
        world.push(&repository, "next", "go", &[(WORKFLOW, &line("0 2 * * *"))]).await;
        world.processed(&repository, "push").await;
        assert_eq!(crons(&world, &repository).await, ["0 1 * * *"]);
        let change =
            forge::repositories::ChangeRepository { default_branch: Some("next".to_owned()), ..Default::default() };
        let actor = forge::Actor::of(&world.owner).unwrap();
        world.forge.change_repository(&world.owner, &actor, &repository, change).await.unwrap();
        let id = world.processed(&repository, "repository").await;
        assert_eq!(crons(&world, &repository).await, ["0 2 * * *"]);
        // No workflow listens to it, so there is nothing to decide.
        assert!(store::verdicts::of_event(&mut world.store.read(), id).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_was_years_ahead_silences_no_line() {
    on_both("a_clock_that_was_years_ahead_silences_no_line", async |database| {
        let years = 10 * 365 * 24 * 60 * MINUTE;
        let clock = Clock::by_hand(1_796_000_000_000_000 - 1_796_000_000_000_000 % MINUTE + years);
        let settings = control::Settings { lease: std::time::Duration::from_millis(200), ..Default::default() };
        let world = World::with(database, clock.clone(), settings).await;
        let repository = world.repository("app").await;
        world.push(&repository, "main", "go", &[(WORKFLOW, TEXT)]).await;
        world.processed(&repository, "push").await;
        clock.advance(5 * MINUTE);
        world.store.wake(store::Topic::Timers);
        world.runs(&repository, 1).await;
        // The machine asks for the time.
        clock.jump(-years);
        world.until("the jump is made up for", async || clock.settle().is_none().then_some(())).await;
        clock.advance(5 * MINUTE);
        world.store.wake(store::Topic::Timers);
        world.runs(&repository, 2).await;
    })
    .await;
}

#[tokio::test]
async fn a_line_that_never_fires_is_told_with_its_place() {
    on_both("a_line_that_never_fires_is_told_with_its_place", async |database| {
        let world = World::new(database).await;
        let repository = world.repository("app").await;
        let text = "on:\n  schedule:\n    - { cron: '0 4 * * *', timezone: Europe/Berln }\n    - { cron: '0 0 30 2 *' }\n    - { cron: '0 5 * * *' }\njobs:\n  a: { runs-on: x, steps: [{ run: 'true' }] }\n";
        let sha = world.push(&repository, "main", "go", &[(WORKFLOW, text)]).await;
        world.processed(&repository, "push").await;
        let known = store::schedules::of_repo(&mut world.store.read(), repository.id).await.unwrap();
        let crons: Vec<&str> = known.iter().map(|known| known.cron.as_str()).collect();
        assert_eq!(crons, ["0 5 * * *"]);
        let checks = store::checks::of_commit(&mut world.store.read(), repository.id, &sha).await.unwrap();
        let check = checks.iter().find(|check| check.name == format!("schedule of {WORKFLOW}")).unwrap();
        assert_eq!(check.conclusion.as_deref(), Some("failure"));
        let told = check.output["summary"].as_str().unwrap();
        let lines: Vec<&str> = told.lines().collect();
        assert!(lines.len() == 2 && lines.iter().all(|line| line.starts_with(WORKFLOW)), "{told}");
        assert!(lines[0].contains(":3:") && lines[0].contains("there is no time zone `Europe/Berln`"), "{told}");
        assert!(lines[1].contains(":4:") && lines[1].contains("`0 0 30 2 *` names no day that ever comes"), "{told}");
    })
    .await;
}

#[tokio::test]
async fn schedules_of_a_public_repository_rest_when_nothing_happens_in_it() {
    on_both("schedules_of_a_public_repository_rest_when_nothing_happens_in_it", async |database| {
        const DAY: i64 = 24 * 60 * MINUTE;
        let clock = Clock::by_hand(1_796_000_000_000_000 - 1_796_000_000_000_000 % MINUTE);
        let world = World::with(database, clock.clone(), control::Settings::default()).await;
        let (public, private) = (world.repository("public").await, world.repository("private").await);
        let mut changed = public.clone();
        changed.visibility = "public".to_owned();
        let mut tx = world.store.begin().await.unwrap();
        store::repositories::update(&mut tx, &public, &changed).await.unwrap();
        tx.commit().await.unwrap();
        let daily = "on:\n  schedule:\n    - cron: '0 4 * * *'\njobs:\n  a: { runs-on: x, steps: [{ run: 'true' }] }\n";
        for repository in [&public, &private] {
            world.push(repository, "main", "go", &[(WORKFLOW, daily)]).await;
            world.processed(repository, "push").await;
        }
        let state = async |repository: &store::repositories::Repository| {
            let found = store::workflows::by_path(&mut world.store.read(), repository.id, WORKFLOW).await.unwrap();
            found.unwrap().state
        };
        // Minutes that are missed are made up for once: there is one run each time.
        let pass = async |days: i64, runs: [usize; 2]| {
            clock.advance(days * DAY);
            world.store.wake(store::Topic::Timers);
            for (repository, count) in [&public, &private].into_iter().zip(runs) {
                world
                    .until("the schedule has fired", async || {
                        let lines = store::schedules::of_repo(&mut world.store.read(), repository.id).await.unwrap();
                        (lines[0].next_minute? * MINUTE > clock.now()).then_some(())
                    })
                    .await;
                assert_eq!(world.runs(repository, count).await.len(), count);
            }
        };
        pass(59, [1, 1]).await;
        // What schedules start is nobody's doing.
        pass(2, [1, 2]).await;
        assert_eq!(state(&public).await, "disabled_inactivity");
        assert_eq!(state(&private).await, "active");
        let id = store::workflows::by_path(&mut world.store.read(), public.id, WORKFLOW).await.unwrap().unwrap().id;
        let mut tx = world.store.begin().await.unwrap();
        store::workflows::set_state(&mut tx, id, "active").await.unwrap();
        tx.commit().await.unwrap();
        pass(1, [2, 3]).await;
        assert_eq!(state(&public).await, "active");
    })
    .await;
}
