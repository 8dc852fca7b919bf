//! Nothing that was acknowledged is lost, whatever is killed and whenever.
//!
//! Real servers, runners and a real database are processes of their own under a mixed load by real clients: git pushes, jobs
//! that print numbered lines and upload artifacts, approvals. At random moments a server, a runner, the database or all of
//! them are killed with `kill -9` and started again; after each restart everything that any client was ever told is looked
//! for again. `TRUNKLINE_KILLS` says how often (for each database), `TRUNKLINE_SEED` repeats a failure's choices.

mod admin;
mod api;
mod away;
mod chaos;
mod disk;
mod ledger;
mod load;
mod shared;
mod signals;
mod site;
mod steps;
mod uploads;

use std::time::{Duration, Instant};

use self::chaos::Dice;
use self::ledger::Ledger;
use self::load::Load;
use self::site::Site;
use store::testing::Database;

/// In the suite; more by hand.
const KILLS: usize = 6;

/// What may be left to do when the killing stops is done within this time; only a hang comes near it.
const ENDING: Duration = Duration::from_secs(300);

fn number_of(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn kill_at_random(name: &str, database: Database) {
    let seed = number_of("TRUNKLINE_SEED").unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.map_or(1, |now| u64::from(now.subsec_nanos()))
    });
    let kills = number_of("TRUNKLINE_KILLS").map_or(KILLS, |kills| usize::try_from(kills).unwrap_or(KILLS));
    // Shown when the test fails.
    println!("{name}: TRUNKLINE_SEED={seed} TRUNKLINE_KILLS={kills}");
    let mut site = Site::start(database);
    let ledger = Ledger::new(&site);
    let load = Load::start(&site, &ledger);
    let mut dice = Dice::new(seed);
    let mut tally = std::collections::BTreeMap::new();
    // Something must be under way before the first death.
    ledger.until("the first job prints", Duration::from_secs(120), |told| !told.logs.is_empty());
    for kill in 0..kills {
        let pause = Duration::from_millis(dice.below(1200));
        std::thread::sleep(pause);
        let victim = dice.victim(&site);
        *tally.entry(victim.to_string()).or_insert(0) += 1;
        ledger.context(format!("after kill {kill} of {victim}, {} ms later (seed {seed})", pause.as_millis()));
        site.kill(&victim);
        std::thread::sleep(Duration::from_millis(dice.below(300)));
        site.start_again(&victim);
        ledger.check(&site, ledger::Depth::Recent);
        load.must_live();
    }
    ledger.context(format!("at the end (seed {seed})"));
    load.stop();
    let began = Instant::now();
    let mut open = ledger.open_runs(&site);
    while !open.is_empty() {
        assert!(began.elapsed() < ENDING, "these runs hang (seed {seed}): {open:#?}\n{}", site.said());
        std::thread::sleep(Duration::from_millis(200));
        open = ledger.open_runs(&site);
    }
    load.end();
    ledger.look(&site);
    ledger.check(&site, ledger::Depth::All);
    println!("{name}: killed {tally:?}; {}", ledger.summary());
    site.end();
}

#[test]
fn everything_on_sqlite_is_killed_at_random_and_nothing_is_lost() {
    kill_at_random("sqlite", Database::sqlite());
}

#[test]
fn everything_on_postgresql_is_killed_at_random_and_nothing_is_lost() {
    match Database::postgres() {
        Ok(database) => kill_at_random("postgresql", database),
        Err(reason) => {
            testkit::skip("everything_on_postgresql_is_killed_at_random_and_nothing_is_lost", &reason);
        }
    }
}
