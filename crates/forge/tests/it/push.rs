//! Pushes and what they lead to.

use store::testing::on_both;

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_push_becomes_an_event_before_the_client_hears_of_it() {
    on_both("a_push_becomes_an_event", async |database| {
        let world = World::new(database).await;
        let alice = world.person("alice").await;
        let repository = world.repository(&alice, "app").await;
        let work = world.work(&alice, "alice/app", "work");
        let first = work.commit("a.txt", "one\n", "first");
        let pushed = work.try_git(&["push", "origin", "main"]);
        let said = String::from_utf8_lossy(&pushed.stderr).into_owned();
        assert!(pushed.status.success(), "{said}");
        assert!(said.contains("/alice/app/actions"), "{said}");
        let events = world.events(&repository).await;
        let names: Vec<_> = events.iter().map(|event| event.name.as_str()).collect();
        assert_eq!(names, ["repository", "create", "push"]);
        let push = &events[2];
        assert_eq!((push.git_ref.as_str(), push.sha.as_str()), ("refs/heads/main", first.as_str()));
        assert_eq!(push.before_sha, None);
        assert_eq!(push.payload["commits"][0]["added"], serde_json::json!(["a.txt"]));
        assert_eq!(push.payload["head_commit"]["id"], first.as_str());
        assert_eq!(push.payload["created"], true);
        assert_eq!(push.payload["sender"]["login"], "alice");
        assert_eq!(push.payload["repository"]["full_name"], "alice/app");
        let second = work.commit("b.txt", "two\n", "second\n\nwith \x01 and \x02 and \"quotes\" in it");
        work.git(&["mv", "a.txt", "c.txt"]);
        work.git(&["commit", "-q", "-m", "third"]);
        work.git(&["push", "-q", "origin", "main"]);
        let push = world.events(&repository).await.pop().unwrap();
        assert_eq!(push.before_sha.as_deref(), Some(first.as_str()));
        assert_eq!(push.payload["commits"].as_array().unwrap().len(), 2);
        assert_eq!(push.payload["commits"][0]["id"], second.as_str());
        assert_eq!(push.payload["commits"][1]["added"], serde_json::json!(["c.txt"]));
        assert_eq!(push.payload["commits"][1]["removed"], serde_json::json!(["a.txt"]));
        assert_eq!(push.payload["forced"], false);
        // Going back and on from there takes commits away.
        work.git(&["reset", "-q", "--hard", &first]);
        work.commit("d.txt", "four\n", "fourth");
        assert!(work.refused(&["push", "origin", "main"]).contains("rejected"));
        work.git(&["push", "-q", "--force", "origin", "main"]);
        let push = world.events(&repository).await.pop().unwrap();
        assert_eq!(push.payload["forced"], true);
        assert_eq!(push.payload["commits"].as_array().unwrap().len(), 1);
        // Tags and deletions.
        work.git(&["tag", "-a", "v1", "-m", "one"]);
        work.git(&["push", "-q", "origin", "v1", "main:topic"]);
        work.git(&["push", "-q", "origin", ":topic"]);
        let names = world.event_names(&repository).await;
        assert_eq!(names[names.len() - 6..], ["create:", "push:", "create:", "push:", "delete:", "push:"]);
        let events = world.events(&repository).await;
        let tag = events.iter().find(|event| event.name == "push" && event.git_ref == "refs/tags/v1").unwrap();
        assert_eq!(tag.sha, work.git(&["rev-parse", "v1^{commit}"]), "a tag's run is on its commit");
        let gone = events.last().unwrap();
        assert_eq!((gone.payload["deleted"].as_bool(), gone.sha.as_str()), (Some(true), ""));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_branch_stays_and_the_first_branch_becomes_it() {
    on_both("default_branch", async |database| {
        let world = World::new(database).await;
        let alice = world.person("alice").await;
        let repository = world.repository(&alice, "app").await;
        let work = world.work(&alice, "alice/app", "work");
        work.commit("a", "1", "one");
        work.git(&["push", "-q", "origin", "main:develop"]);
        let repository = world.forge.repository_by_id(repository.id).await.unwrap();
        assert_eq!(repository.default_branch, "develop");
        let said = work.refused(&["push", "origin", ":develop"]);
        assert!(said.contains("this is the default branch"), "{said}");
        let clone = world.directory.join("clone");
        work.git(&["clone", "-q", &world.remote(&alice, "alice/app"), clone.to_str().unwrap()]);
        assert!(clone.join("a").is_file(), "HEAD leads to the branch");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_makes_a_repository_in_ones_own_namespace_only() {
    on_both("push_to_create", async |database| {
        let world = World::new(database).await;
        let (alice, bob) = (world.person("alice").await, world.person("bob").await);
        world.forge.identity().create_org(&alice.caller, "team", None, alice.actor.account_id).await.unwrap();
        let work = world.work(&alice, "alice/fresh", "work");
        work.commit("a", "1", "one");
        work.git(&["push", "-q", "origin", "main"]);
        let made = world.forge.repository("alice", "fresh").await.unwrap();
        assert_eq!((made.visibility.as_str(), made.default_branch.as_str()), ("private", "main"));
        work.git(&["push", "-q", &world.remote(&alice, "team/app"), "main"]);
        assert!(world.forge.repository("team", "app").await.is_ok());
        for place in ["alice/other", "team/other", "nobody/other", "bob/..", "bob/x%2f..%2fy"] {
            let said = work.refused(&["push", &world.remote(&bob, place), "main"]);
            assert!(said.contains("not found") || said.contains("404") || said.contains("403"), "{place}: {said}");
        }
        // What bob may not see, he may not fetch, and nobody who has not logged in.
        assert!(work.refused(&["ls-remote", &world.remote(&bob, "alice/fresh")]).contains("not found"));
        let said = work.refused(&["ls-remote", &format!("{}/alice/fresh.git", world.url)]);
        assert!(said.contains("could not read Username"), "{said}");
        let wrong = world.remote(&alice, "alice/fresh").replace(&alice.token, "nonsense");
        assert!(work.refused(&["ls-remote", &wrong]).contains("Authentication failed"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_pushes_at_once_one_wins_and_both_repositories_agree() {
    on_both("push_race", async |database| {
        let world = World::new(database).await;
        let alice = world.person("alice").await;
        let repository = world.repository(&alice, "app").await;
        let base = world.work(&alice, "alice/app", "base");
        base.commit("a", "0", "base");
        base.git(&["push", "-q", "origin", "main"]);
        let mut works = Vec::new();
        for index in 0..6 {
            let work = world.work(&alice, "alice/app", &format!("work-{index}"));
            work.git(&["pull", "-q", "origin", "main"]);
            work.commit(&format!("f{index}"), "x", &format!("commit {index}"));
            works.push(work);
        }
        let won: Vec<bool> = std::thread::scope(|scope| {
            let threads: Vec<_> = works
                .iter()
                .map(|work| scope.spawn(|| work.try_git(&["push", "origin", "main"]).status.success()))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(won.iter().filter(|won| **won).count(), 1, "{won:?}");
        let winner = &works[won.iter().position(|won| *won).unwrap()];
        let head = winner.git(&["rev-parse", "HEAD"]);
        let git = world.forge.git(repository.id);
        assert_eq!(git.ref_oid("refs/heads/main").await.unwrap().as_deref(), Some(head.as_str()));
        let pushes: Vec<_> = world.events(&repository).await.into_iter().filter(|event| event.name == "push").collect();
        assert_eq!(pushes.len(), 2, "one event for each push that was taken in");
        assert_eq!(pushes[1].sha, head);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_refs_in_one_push() {
    on_both("a_thousand_refs", async |database| {
        let world = World::new(database).await;
        let alice = world.person("alice").await;
        let repository = world.repository(&alice, "app").await;
        let work = world.work(&alice, "alice/app", "work");
        let head = work.commit("a", "1", "one");
        let input: String = (0..1000).map(|n| format!("create refs/heads/b/{n} {head}\n")).collect();
        let mut child = crate::world::git_command(&work.dir)
            .args(["update-ref", "--stdin"])
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
        work.git(&["push", "-q", "--all", "origin"]);
        let git = world.forge.git(repository.id);
        assert_eq!(git.refs(&["refs/heads/"]).await.unwrap().len(), 1001);
        let events = world.events(&repository).await;
        assert_eq!(events.iter().filter(|event| event.name == "push").count(), 1001);
        assert_eq!(events.last().unwrap().facts().branches_at_once, 1001);
        let listed = work.git(&["ls-remote", "--heads", "origin"]);
        assert_eq!(listed.lines().count(), 1001);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn renamed_and_moved_repositories_are_found_under_their_old_names() {
    on_both("rename", async |database| {
        let world = World::new(database).await;
        let alice = world.person("alice").await;
        let repository = world.repository(&alice, "app").await;
        let work = world.work(&alice, "alice/app", "work");
        work.commit("a", "1", "one");
        work.git(&["push", "-q", "origin", "main"]);
        let change = forge::repositories::ChangeRepository { name: Some("new".to_owned()), ..Default::default() };
        let renamed = world.forge.change_repository(&alice.caller, &alice.actor, &repository, change).await.unwrap();
        assert_eq!(renamed.full_name(), "alice/new");
        work.git(&["ls-remote", "origin"]);
        let org = world.forge.identity().create_org(&alice.caller, "team", None, alice.actor.account_id).await.unwrap();
        let moved = world.forge.transfer_repository(&alice.caller, &alice.actor, &renamed, org, None).await.unwrap();
        assert_eq!(moved.full_name(), "team/new");
        work.commit("b", "1", "two");
        work.git(&["push", "-q", "origin", "main"]);
        for (owner, name) in [("alice", "APP"), ("Alice", "new"), ("team", "new")] {
            assert_eq!(world.forge.repository(owner, name).await.unwrap().id, repository.id);
        }
        // A name that is used again leads to the new one.
        let other = world.repository(&alice, "app").await;
        assert_eq!(world.forge.repository("alice", "app").await.unwrap().id, other.id);
        world.forge.delete_repository(&alice.caller, &alice.actor, &moved).await.unwrap();
        assert!(world.forge.repository("team", "new").await.is_err());
        assert!(world.forge.git(repository.id).exists());
        world.forge.tidy().await.unwrap();
        assert!(!world.forge.git(repository.id).exists());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_share_repositories_and_tell_each_push_once() {
    on_both("two_servers", async |database| {
        let one = World::new(database).await;
        let two = World::over(database.open().await, &database.directory(), |_| {}).await;
        let alice = one.person("alice").await;
        let repository = one.repository(&alice, "app").await;
        let work = one.work(&alice, "alice/app", "work");
        work.git(&["remote", "add", "two", &two.remote(&alice, "alice/app")]);
        // The other looks for pushes that nobody settles, all the time: those that are under way are not among them.
        let looking = {
            let forge = two.forge.clone();
            tokio::spawn(async move {
                loop {
                    forge.reconcile_pushes().await.unwrap();
                    tokio::task::yield_now().await;
                }
            })
        };
        let mut heads = Vec::new();
        for number in 0..10 {
            heads.push(work.commit("a", &number.to_string(), "more"));
            work.git(&["push", "-q", if number % 2 == 0 { "origin" } else { "two" }, "main"]);
        }
        looking.abort();
        let told: Vec<String> = one
            .events(&repository)
            .await
            .into_iter()
            .filter(|event| event.name == "push")
            .map(|event| event.sha)
            .collect();
        assert_eq!(told, heads);
    })
    .await;
}

/// `cargo nextest run -p forge --run-ignored only push_latency --no-capture`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a figure"]
async fn push_latency() {
    let database = store::testing::Database::sqlite();
    let world = World::new(&database).await;
    let alice = world.person("alice").await;
    let repository = world.repository(&alice, "app").await;
    let work = world.work(&alice, "alice/app", "work");
    let (mut whole, mut told) = (Vec::new(), Vec::new());
    for number in 0..40 {
        work.commit("a", &number.to_string(), "more");
        let begun = (std::time::Instant::now(), world.store.now());
        work.git(&["push", "-q", "origin", "main"]);
        whole.push(begun.0.elapsed().as_secs_f64() * 1000.0);
        let event = world.events(&repository).await.pop().unwrap();
        told.push((event.created_at - begun.1) as f64 / 1000.0);
    }
    for (what, mut times) in [("git push", whole), ("until its event is stored", told)] {
        times.sort_by(f64::total_cmp);
        println!("{what}: median {:.0} ms, p90 {:.0} ms", times[20], times[36]);
    }
}
