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
