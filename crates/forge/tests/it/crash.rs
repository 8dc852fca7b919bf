//! kill -9 of the server at every point of a push, and what is there afterwards.

use std::process::{Command, Stdio};

use store::Store;
use store::testing::Database;

use crate::world::{World, git_command};

/// Commits of the database that a push makes, each with a point before and one behind it, and some more.
const POINTS: i64 = 12;

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_told_twice() {
    for (name, database) in [("sqlite", Ok(Database::sqlite())), ("postgres", Database::postgres())] {
        match database {
            Ok(database) => kill_at_every_point(&database),
            Err(reason) => testkit::skip(&format!("crash of a push, {name}"), &reason),
        }
    }
}

fn kill_at_every_point(database: &Database) {
    let mut killed = 0;
    for point in 1..=POINTS {
        let directory = database.directory().join(format!("at-{point}"));
        std::fs::create_dir_all(&directory).unwrap();
        let mut server = serve(database, &directory, point);
        let url = std::io::BufRead::lines(std::io::BufReader::new(server.stdout.take().unwrap()))
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("serving ").map(str::to_owned))
            .expect("the server says where it is");
        let work = directory.join("work");
        std::fs::create_dir(&work).unwrap();
        let git = |args: &[&str]| git_command(&work).args(args).output().unwrap();
        git(&["init", "-q", "-b", "main"]);
        git(&["config", "user.name", "alice"]);
        git(&["config", "user.email", "alice@example.com"]);
        std::fs::write(work.join("a"), "1").unwrap();
        git(&["add", "-A"]);
        git(&["commit", "-q", "-m", "one"]);
        let acknowledged = git(&["push", &url, "main", "main:other"]).status.success();
        // It dies at its point, or has passed them all.
        let _ = server.kill();
        let died = server.wait().unwrap();
        killed += i32::from(std::os::unix::process::ExitStatusExt::signal(&died) == Some(6));
        check_after(database, &directory, &format!("alice/p{point}"), acknowledged);
    }
    assert!(killed > 4, "the points lie within the push: {killed}");
}

/// The server in a process of its own, which dies after so many points once it serves.
fn serve(database: &Database, directory: &std::path::Path, point: i64) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::server_process", "--ignored", "--nocapture"])
        .env("FORGE_TEST_DATABASE", database.address())
        .env("FORGE_TEST_DIRECTORY", directory)
        .env("FORGE_TEST_POINT", point.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "the process that the crash test kills"]
fn server_process() {
    let Ok(address) = std::env::var("FORGE_TEST_DATABASE") else { return };
    let directory = std::path::PathBuf::from(std::env::var("FORGE_TEST_DIRECTORY").unwrap());
    let point: i64 = std::env::var("FORGE_TEST_POINT").unwrap().parse().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&address).await.unwrap();
        let world = World::over(store, &directory, |_| {}).await;
        let alice = world.person_again("alice").await;
        let remote = world.remote(&alice, &format!("alice/p{point}"));
        let repository = world.repository(&alice, &format!("p{point}")).await;
        assert!(repository.id > 0);
        store::testing::die_at_commit_point(point);
        println!("\nserving {remote}");
        std::future::pending::<()>().await;
    });
}

/// A server that starts again: refs, pushes and events agree, whoever died where.
fn check_after(database: &Database, directory: &std::path::Path, full_name: &str, acknowledged: bool) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let world = World::over(database.open().await, directory, |_| {}).await;
        let (owner, name) = full_name.split_once('/').unwrap();
        let repository = world.forge.repository(owner, name).await.unwrap();
        // git may have outlived the server: its lock is waited for.
        while !store::pushes::pending(&mut world.store.read()).await.unwrap().is_empty() {
            world.forge.reconcile_pushes().await.unwrap();
        }
        let refs = world.forge.git(repository.id).refs(&["refs/heads/"]).await.unwrap();
        let mut pushed: Vec<String> = world
            .events(&repository)
            .await
            .into_iter()
            .filter(|event| event.name == "push")
            .map(|event| event.git_ref)
            .collect();
        pushed.sort();
        let there: Vec<String> = refs.into_iter().map(|found| found.name).collect();
        assert_eq!(pushed, there, "each ref that is there was told once ({full_name})");
        if acknowledged {
            assert_eq!(there, ["refs/heads/main", "refs/heads/other"], "what was acknowledged is there ({full_name})");
        }
    });
}

#[test]
fn a_merge_is_whole_or_not_at_all() {
    for (name, database) in [("sqlite", Ok(Database::sqlite())), ("postgres", Database::postgres())] {
        match database {
            Ok(database) => (1..=8).for_each(|point| kill_a_merge(&database, point)),
            Err(reason) => testkit::skip(&format!("crash of a merge, {name}"), &reason),
        }
    }
}

fn kill_a_merge(database: &Database, point: i64) {
    let directory = database.directory().join(format!("merge-{point}"));
    std::fs::create_dir_all(&directory).unwrap();
    let ended = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::merging_process", "--ignored", "--nocapture"])
        .env("FORGE_TEST_DATABASE", database.address())
        .env("FORGE_TEST_DIRECTORY", &directory)
        .env("FORGE_TEST_POINT", point.to_string())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(said.contains("merging"), "{said}");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let world = World::idle(database.open().await, &directory, |_| {}).await;
        let repository = world.forge.repository("alice", &format!("m{point}")).await.unwrap();
        while !store::pushes::pending(&mut world.store.read()).await.unwrap().is_empty() {
            world.forge.reconcile_pushes().await.unwrap();
        }
        world.settle_pulls().await;
        let (issue, pull) = world.forge.pull(&repository, 1).await.unwrap();
        let git = world.forge.git(repository.id);
        let main = git.ref_oid("refs/heads/main").await.unwrap().unwrap();
        let is_there = git.is_ancestor(&pull.head_sha, &main).await.unwrap();
        assert_eq!((pull.merged, issue.is_open()), (is_there, !is_there), "at {point}");
        let names = world.event_names(&repository).await;
        let closed = names.iter().filter(|name| *name == "pull_request:closed").count();
        let pushes = world.events(&repository).await.iter().filter(|e| e.name == "push" && e.sha == main).count();
        assert_eq!((closed, pushes), (usize::from(is_there), 1), "at {point}: {names:?}");
        if said.contains("merged") {
            assert!(is_there, "what was acknowledged is there");
        }
    });
}

#[test]
#[ignore = "the process that the crash test kills"]
fn merging_process() {
    let Ok(address) = std::env::var("FORGE_TEST_DATABASE") else { return };
    let directory = std::path::PathBuf::from(std::env::var("FORGE_TEST_DIRECTORY").unwrap());
    let point: i64 = std::env::var("FORGE_TEST_POINT").unwrap().parse().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let world = World::idle(Store::open(&address).await.unwrap(), &directory, |_| {}).await;
        let alice = world.person_again("alice").await;
        let name = format!("m{point}");
        let repository = world.repository(&alice, &name).await;
        let work = world.work(&alice, &format!("alice/{name}"), "work");
        work.commit("a", "1", "one");
        work.git(&["push", "-q", "origin", "main"]);
        work.commit("b", "2", "two");
        work.git(&["push", "-q", "origin", "main:topic"]);
        let new = forge::pulls::NewPull { title: "Two", head: "topic", base: "main", ..Default::default() };
        world.forge.create_pull(&repository, &alice.caller, &alice.actor, &new).await.unwrap();
        println!("\nmerging");
        store::testing::die_at_commit_point(point);
        let method = forge::pulls::MergeMethod::Merge;
        let merge = forge::pulls::MergePull { method, title: None, message: None, sha: None };
        world.forge.merge_pull(&repository, &alice.actor, 1, &merge).await.unwrap();
        println!("merged");
        std::process::exit(0);
    });
}
