//! Several who change the same thing at once, and clients that go away in the middle.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use base64::Engine as _;
use forge::pulls::{ChangePull, MergeMethod, MergePull, NewPull};
use store::testing::on_both;

use crate::world::{World, start};

const MERGE: MergePull<'static> = MergePull { method: MergeMethod::Merge, title: None, message: None, sha: None };

/// Polls: what is waited for is done by tasks of the server.
async fn until<T>(what: &str, mut found: impl AsyncFnMut() -> Option<T>) -> T {
    let patience = Instant::now() + Duration::from_secs(90);
    loop {
        if let Some(found) = found().await {
            return found;
        }
        assert!(Instant::now() < patience, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_title_given_during_a_merge_undoes_nothing() {
    on_both("title_during_merge", async |database| {
        let world = World::new(database).await;
        let (_alice, bob, repository, work) = start(&world).await;
        for number in 1..=6 {
            let branch = format!("topic{number}");
            work.git(&["checkout", "-q", "-b", &branch]);
            work.commit(&format!("{number}.txt"), "x\n", "more");
            work.git(&["push", "-q", "origin", &branch]);
            let new = NewPull { title: "old", head: &branch, base: "main", ..NewPull::default() };
            let (issue, _) = world.forge.create_pull(&repository, &bob.caller, &bob.actor, &new).await.unwrap();
            let change = ChangePull { title: Some("new".to_owned()), ..ChangePull::default() };
            let (merged, changed) = tokio::join!(
                world.forge.merge_pull(&repository, &bob.actor, issue.number, &MERGE),
                world.forge.change_pull(&repository, &bob.actor, issue.number, change),
            );
            merged.unwrap();
            changed.unwrap();
            let (issue, pull) = world.forge.pull(&repository, issue.number).await.unwrap();
            assert_eq!((issue.title.as_str(), issue.state.as_str(), pull.merged), ("new", "closed", true));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_leaves_refs_and_events_that_agree() {
    on_both("client_goes_away", async |database| {
        let world = World::new(database).await;
        let (_alice, bob, repository, work) = start(&world).await;
        let first = work.git(&["rev-parse", "HEAD"]);
        let head = work.commit("b.txt", "two\n", "second");
        let zero = "0".repeat(40);
        let mut body = Vec::new();
        for number in 0..50 {
            let capabilities = if number == 0 { "\0report-status side-band-64k agent=test" } else { "" };
            let command = format!("{zero} {head} refs/heads/x{number:02}{capabilities}");
            body.extend(format!("{:04x}{command}", command.len() + 4).bytes());
        }
        body.extend(b"0000");
        let pack = crate::world::git_command(&work.dir)
            .args(["-c", "pack.threads=1", "bundle", "create", "-", "--all", &format!("^{first}")])
            .output()
            .unwrap();
        assert!(pack.status.success(), "{}", String::from_utf8_lossy(&pack.stderr));
        let start = pack.stdout.windows(4).position(|window| window == b"PACK").unwrap();
        body.extend(&pack.stdout[start..]);
        // The pack is whole, the request is not: its last chunk never comes.
        let authorization = base64::engine::general_purpose::STANDARD.encode(format!("bob:{}", bob.token));
        let mut stream = TcpStream::connect(world.url.strip_prefix("http://").unwrap()).unwrap();
        let request = format!(
            "POST /alice/app.git/git-receive-pack HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {authorization}\r\n\
             Transfer-Encoding: chunked\r\n\r\n{:x}\r\n",
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        stream.write_all(&body).unwrap();
        stream.write_all(b"\r\n").unwrap();
        until("the server has written down what is wanted", async || {
            let sql = "SELECT COUNT(*) FROM pushes WHERE git_ref LIKE 'refs/heads/x%'";
            let count: i64 = store::Query::fetch_one(&mut world.store.read(), sql, vec![]).await.unwrap();
            (count == 50).then_some(())
        })
        .await;
        drop(stream);
        until("everything is settled", async || {
            store::pushes::pending(&mut world.store.read()).await.unwrap().is_empty().then_some(())
        })
        .await;
        let repo = world.forge.git(repository.id);
        let there: BTreeSet<String> =
            repo.refs(&["refs/heads/x*"]).await.unwrap().into_iter().map(|found| found.name).collect();
        let pushes = world.events(&repository).await.into_iter().filter(|event| event.name == "push");
        let told: BTreeSet<String> =
            pushes.map(|event| event.git_ref).filter(|name| name.starts_with("refs/heads/x")).collect();
        assert_eq!(there, told);
        // Every branch can be pushed to.
        work.commit("c.txt", "three\n", "third");
        let names: Vec<String> = (0..50).map(|number| format!("HEAD:refs/heads/x{number:02}")).collect();
        let mut args = vec!["push", "-q", "origin"];
        args.extend(names.iter().map(String::as_str));
        work.git(&args);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pushes_are_told_in_the_order_in_which_the_ref_moved() {
    on_both("order_of_pushes", async |database| {
        let world = World::new(database).await;
        let (_alice, bob, repository, work) = start(&world).await;
        work.git(&["checkout", "-q", "-b", "topic"]);
        let one = work.commit("b.txt", "1\n", "one");
        work.git(&["push", "-q", "origin", "topic"]);
        let new = NewPull { title: "x", head: "topic", base: "main", ..NewPull::default() };
        let (issue, _) = world.forge.create_pull(&repository, &bob.caller, &bob.actor, &new).await.unwrap();
        // A push that has moved the ref, and takes long to be settled.
        let two = work.commit("b.txt", "2\n", "two");
        work.git(&["push", "-q", "origin", "HEAD:other"]);
        let lock = std::fs::File::create(world.directory.join("git/.pushes/slow")).unwrap();
        lock.lock().unwrap();
        let mut tx = world.store.begin().await.unwrap();
        let pusher = store::pushes::Pusher {
            actor_id: Some(bob.actor.account_id),
            actor_kind: "user".to_owned(),
            via: "git".to_owned(),
            facts: serde_json::json!({}),
            ..store::pushes::Pusher::default()
        };
        let refs = [("refs/heads/topic".to_owned(), one, two.clone())];
        store::pushes::insert(&mut tx, repository.id, "slow", &pusher, &refs).await.unwrap();
        tx.commit().await.unwrap();
        let repo = world.forge.git(repository.id);
        let place = format!("--git-dir={}", repo.dir().display());
        work.git(&[&place, "update-ref", "refs/heads/topic", &two]);
        // Another that builds on it.
        let three = work.commit("b.txt", "3\n", "three");
        let dir = work.dir.clone();
        let pushing = tokio::task::spawn_blocking(move || {
            crate::world::git_command(&dir).args(["push", "-q", "origin", "HEAD:topic"]).status().unwrap()
        });
        until("the ref has moved", async || {
            (repo.ref_oid("refs/heads/topic").await.unwrap().as_deref() == Some(three.as_str())).then_some(())
        })
        .await;
        drop(lock);
        assert!(pushing.await.unwrap().success());
        let events = world.events(&repository).await;
        let pushes: Vec<&str> = events
            .iter()
            .filter(|e| e.name == "push" && e.git_ref == "refs/heads/topic")
            .map(|e| e.sha.as_str())
            .collect();
        assert_eq!(pushes[1..], [two.as_str(), three.as_str()]);
        world.settle_pulls().await;
        let (_, pull) = world.forge.pull(&repository, issue.number).await.unwrap();
        assert_eq!(pull.head_sha, three);
        assert_eq!(repo.ref_oid("refs/pull/1/head").await.unwrap(), Some(three));
    })
    .await;
}
