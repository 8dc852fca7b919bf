//! A database that is away, or that stands still and keeps its connections, while a job runs. `TRUNKLINE_AWAY_SECONDS` says
//! for how long; with 60 and more the leases are those of every server.

use std::time::{Duration, Instant};

use store::testing::Database;

use super::number_of;
use super::site::{Plan, Site};
use super::steps::{UNTIL_TOLD, assert_whole, head, repository, until};

fn away(test: &str, go: impl Fn(&Site), come_back: impl Fn(&Site)) {
    let database = match Database::postgres() {
        Ok(database) => database,
        Err(reason) => return testkit::skip(test, &reason),
    };
    let seconds = number_of("TRUNKLINE_AWAY_SECONDS").unwrap_or(1);
    let settings = if seconds >= 60 { String::new() } else { Plan::small().settings };
    let site = Site::of(database, Plan { settings, ..Plan::small() });
    let repository = repository(UNTIL_TOLD);
    site.push(0, &repository).expect("a push");
    let sha = head(&repository);
    let sign = site.tools().join("runs");
    until(&site, "the job prints", || sign.exists().then_some(()));
    until(&site, "a line is at the server", || site.log(0, &sha).filter(|log| log.contains("Z line 1")));
    go(&site);
    let began = Instant::now();
    // Degraded, and it is said so: by its health, by the API with when to come back, by git.
    let told = until(&site, "the server is not ready", || site.ready(0).filter(|(status, _)| *status == 503));
    assert!(told.1["database"].as_str().is_some_and(|word| word != "ok"), "{told:?}");
    let answer =
        until(&site, "the API says that it is not well", || site.get(0, "").filter(|answer| answer.status == 503));
    assert!(answer.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok()), "{}", answer.head);
    repository.write("more", "of it\n").expect("a file");
    repository.commit_all("While the database is away").expect("a commit");
    let said = site.push(0, &repository).expect_err("no push is taken in");
    assert!(said.contains("503"), "{said}");
    // The job goes on all the while.
    std::fs::remove_file(&sign).expect("the sign of life");
    until(&site, "the job still prints", || sign.exists().then_some(()));
    std::thread::sleep(Duration::from_secs(seconds).saturating_sub(began.elapsed()));
    come_back(&site);
    until(&site, "the server is ready again", || site.ready(0).filter(|(status, _)| *status == 200));
    std::fs::write(site.tools().join("go-on"), "").expect("a file");
    let run = site.completed(0, &sha);
    assert_eq!(run["conclusion"], "success", "{}", site.said());
    assert_whole(&site.log(0, &sha).expect("the log"));
    let said = site.runners[0].said();
    assert!(!said.contains("was given up"), "{said}");
    assert!(seconds < 60 || said.contains("waiting for the server"), "{said}");
    site.push(0, &repository).expect("a push");
    assert_eq!(site.completed(0, &head(&repository))["conclusion"], "success");
    site.end();
}

#[test]
fn a_killed_database_that_comes_back_costs_a_running_job_nothing() {
    let name = "a_killed_database_that_comes_back_costs_a_running_job_nothing";
    away(name, |site| site.cluster().kill(), |site| site.cluster().go().expect("the database"));
}

#[test]
fn a_database_that_stands_still_costs_a_running_job_nothing() {
    let name = "a_database_that_stands_still_costs_a_running_job_nothing";
    away(name, |site| site.cluster().pause(), |site| site.cluster().resume());
}
