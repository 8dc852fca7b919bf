//! What people with some rights try in order to get more.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use forge::protection::{RequiredReviews, Rules};
use forge::pulls::{MergeMethod, MergePull, NewPull};
use forge::repositories::ChangeRepository;
use forge::reviews::ReviewEvent;
use store::testing::on_both;

use crate::world::{World, protect, start};

const MERGE: MergePull<'static> = MergePull { method: MergeMethod::Merge, title: None, message: None, sha: None };

#[tokio::test(flavor = "multi_thread")]
async fn refs_that_are_the_servers_own_are_written_by_nobody() {
    on_both("refs_of_the_server", async |database| {
        let world = World::new(database).await;
        let (_alice, _bob, repository, work) = start(&world).await;
        let first = work.git(&["rev-parse", "HEAD"]);
        let evil = work.commit("a.txt", "evil\n", "another content");
        for name in [format!("refs/replace/{first}"), "refs/mirror/x".to_owned(), "refs/pull/7/head".to_owned()] {
            let said = work.refused(&["push", "origin", &format!("{evil}:{name}")]);
            assert!(said.contains("server"), "{name}: {said}");
        }
        work.git(&["push", "-q", "origin", &format!("{evil}:refs/notes/commits")]);
        // One that got there all the same changes nothing of what is read.
        let repo = world.forge.git(repository.id);
        let place = format!("--git-dir={}", repo.dir().display());
        work.git(&[&place, "update-ref", &format!("refs/replace/{first}"), &evil]);
        let entry = repo.entry(&first, "a.txt").await.unwrap().unwrap();
        assert_eq!(entry.oid, work.git(&["--no-replace-objects", "rev-parse", &format!("{first}:a.txt")]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_make_the_server_read_nothing() {
    on_both("strangers", async |database| {
        let world = World::new(database).await;
        start(&world).await;
        let address = world.url.strip_prefix("http://").unwrap();
        for (path, name) in [("git-receive-pack", "app"), ("git-receive-pack", "none"), ("info/lfs/locks", "app")] {
            let mut stream = TcpStream::connect(address).unwrap();
            // A body that never comes whole.
            let head =
                format!("POST /alice/{name}.git/{path} HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n0");
            stream.write_all(head.as_bytes()).unwrap();
            let mut answer = [0; 12];
            tokio::task::spawn_blocking(move || stream.read_exact(&mut answer).map(|()| answer))
                .await
                .unwrap()
                .map(|answer| assert_eq!(&answer, b"HTTP/1.1 401", "{path} of {name}"))
                .unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_head_of_a_push_is_bounded() {
    on_both("head_of_a_push", async |database| {
        let world = World::new(database).await;
        let (alice, ..) = start(&world).await;
        let line = format!("0035shallow {}\n", "a".repeat(40));
        let body = line.repeat(100_001);
        let client = reqwest::Client::new();
        let request = client
            .post(format!("{}/alice/app.git/git-receive-pack", world.url))
            .basic_auth("alice", Some(&alice.token))
            .body(body);
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
        assert!(status == 413 && text.contains("100000 lines"), "{status} {text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_pushes_through_a_pull_request_of_their_own() {
    on_both("through_a_pull_request", async |database| {
        let world = World::new(database).await;
        let (alice, _bob, repository, _work) = start(&world).await;
        let mallory = world.person("mallory").await;
        let public = ChangeRepository { visibility: Some("public".to_owned()), ..ChangeRepository::default() };
        let repository = world.forge.change_repository(&alice.caller, &alice.actor, &repository, public).await.unwrap();
        let fork = world
            .forge
            .fork_repository(&mallory.caller, &mallory.actor, &repository, mallory.actor.account_id, None, false)
            .await
            .unwrap();
        let theirs = world.work(&mallory, "mallory/app", "theirs");
        theirs.git(&["pull", "-q", "origin", "main"]);
        theirs.commit("evil.txt", "x\n", "evil");
        theirs.git(&["push", "-q", "origin", "HEAD:evil"]);
        // In her own fork, with the upstream's branch as the head: she says that maintainers may push to it.
        let hers = world.work(&alice, "alice/app", "hers");
        hers.git(&["pull", "-q", "origin", "main"]);
        let head = hers.commit("b.txt", "b\n", "upstream goes on");
        hers.git(&["push", "-q", "origin", "main"]);
        let new =
            NewPull { title: "x", head: "alice:main", base: "evil", maintainer_can_modify: true, ..NewPull::default() };
        let (issue, pull) = world.forge.create_pull(&fork, &mallory.caller, &mallory.actor, &new).await.unwrap();
        assert!(!pull.maintainer_can_modify, "it is not hers to lend");
        let refused = world.forge.update_branch(&fork, &mallory.caller, issue.number, None).await.unwrap_err();
        assert!(refused.to_string().contains("you may not push"), "{refused}");
        let git = world.forge.git(repository.id);
        assert_eq!(git.ref_oid("refs/heads/main").await.unwrap(), Some(head));
        assert!(git.refs(&["refs/pull/"]).await.unwrap().is_empty(), "nothing of it is left in the upstream");
        // The other way round it is hers, and alice may.
        let new = NewPull {
            title: "y",
            head: "mallory:evil",
            base: "main",
            maintainer_can_modify: true,
            ..NewPull::default()
        };
        let (issue, pull) = world.forge.create_pull(&repository, &mallory.caller, &mallory.actor, &new).await.unwrap();
        assert!(pull.maintainer_can_modify);
        let merged = world.forge.update_branch(&repository, &alice.caller, issue.number, None).await.unwrap();
        let git = world.forge.git(fork.id);
        assert_eq!(git.ref_oid("refs/heads/evil").await.unwrap(), Some(merged));
        assert!(git.refs(&["refs/pull/1/update", "refs/pull/2/update"]).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workflows_need_the_scope_by_whatever_way_they_come() {
    on_both("workflow_ways", async |database| {
        let world = World::new(database).await;
        let (_alice, bob, repository, work) = start(&world).await;
        let weak = forge::Actor { workflows: false, ..bob.actor.clone() };
        work.git(&["checkout", "-q", "-b", "topic"]);
        work.commit(".github/workflows/ci.yml", "on: push\njobs: {}\n", "workflow");
        work.git(&["push", "-q", "origin", "topic"]);
        let forge = &world.forge;
        let wanted = "may not create or change workflows";
        let refused = forge.merge_branches(&repository, &weak, "main", "topic", None).await.unwrap_err();
        assert!(refused.to_string().contains(wanted), "{refused}");
        let new = NewPull { title: "x", head: "topic", base: "main", ..NewPull::default() };
        let (issue, _) = forge.create_pull(&repository, &bob.caller, &bob.actor, &new).await.unwrap();
        let refused = forge.merge_pull(&repository, &weak, issue.number, &MERGE).await.unwrap_err();
        assert!(refused.to_string().contains(wanted), "{refused}");
        forge.merge_pull(&repository, &bob.actor, issue.number, &MERGE).await.unwrap();
        // To move one away is to change it.
        work.git(&["fetch", "-q", "origin", "main"]);
        work.git(&["checkout", "-q", "FETCH_HEAD"]);
        work.git(&["mv", ".github/workflows/ci.yml", "ci.yml"]);
        work.git(&["commit", "-q", "-m", "away"]);
        work.git(&["push", "-q", "origin", "HEAD:refs/heads/away"]);
        let refused = forge.merge_branches(&repository, &weak, "main", "away", None).await.unwrap_err();
        assert!(refused.to_string().contains(wanted), "{refused}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unapproved_commits_are_not_merged_however_fast() {
    on_both("unapproved", async |database| {
        // Nothing dismisses approvals in the background here: the merge itself has to see it.
        let world = World::idle(database.open().await, &database.directory(), |_| {}).await;
        let (alice, bob, repository, work) = start(&world).await;
        let reviews = RequiredReviews { approvals: 1, dismiss_stale: true, ..RequiredReviews::default() };
        let rules = Rules { required_reviews: Some(reviews), enforce_admins: true, ..Rules::default() };
        protect(&world, &repository, "branch", "main", &rules).await;
        work.git(&["checkout", "-q", "-b", "topic"]);
        work.commit("b.txt", "two\n", "second");
        work.git(&["push", "-q", "origin", "topic"]);
        let new = NewPull { title: "Second", head: "topic", base: "main", ..NewPull::default() };
        let (issue, _) = world.forge.create_pull(&repository, &bob.caller, &bob.actor, &new).await.unwrap();
        let approve = Some(ReviewEvent::Approve);
        world.forge.create_review(&repository, &alice.actor, issue.number, approve, "", None, &[]).await.unwrap();
        work.commit("b.txt", "evil\n", "evil");
        work.git(&["push", "-q", "origin", "topic"]);
        let refused = world.forge.merge_pull(&repository, &bob.actor, issue.number, &MERGE).await.unwrap_err();
        assert!(refused.to_string().contains("there are 0"), "{refused}");
        // Back at what was approved, it is approved.
        work.git(&["push", "-q", "--force", "origin", "HEAD~1:topic"]);
        world.forge.merge_pull(&repository, &bob.actor, issue.number, &MERGE).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn merging_does_not_delete_the_default_branch() {
    on_both("default_branch_stays", async |database| {
        let world = World::new(database).await;
        let (alice, _bob, repository, work) = start(&world).await;
        let mut change = ChangeRepository::default();
        change.settings.insert("delete_branch_on_merge".to_owned(), true.into());
        let repository = world.forge.change_repository(&alice.caller, &alice.actor, &repository, change).await.unwrap();
        work.git(&["push", "-q", "origin", "main:release"]);
        work.commit("b.txt", "two\n", "second");
        work.git(&["push", "-q", "origin", "main", "main:topic"]);
        let new = NewPull { title: "Release", head: "main", base: "release", ..NewPull::default() };
        let (issue, _) = world.forge.create_pull(&repository, &alice.caller, &alice.actor, &new).await.unwrap();
        world.forge.merge_pull(&repository, &alice.actor, issue.number, &MERGE).await.unwrap();
        let there = world.forge.git(repository.id).ref_oid("refs/heads/main").await.unwrap();
        assert!(there.is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_repository_does_not_open_with_what_a_crash_left() {
    on_both("crash_left", async |database| {
        let world = World::new(database).await;
        let (alice, _bob, repository, _work) = start(&world).await;
        let mallory = world.person("mallory").await;
        // As a fork of a private repository leaves it when the server dies before its number is committed.
        let from = world.forge.git(repository.id).dir().to_owned();
        for next in 1..4 {
            let left = world.forge.git(repository.id + next);
            let copied = std::process::Command::new("cp").arg("-r").arg(&from).arg(left.dir()).status().unwrap();
            assert!(copied.success());
        }
        let new = world.repository(&mallory, "fresh").await;
        assert!(world.forge.git(new.id).refs(&["refs/"]).await.unwrap().is_empty());
        let fork = world
            .forge
            .fork_repository(&alice.caller, &alice.actor, &repository, mallory.actor.account_id, None, false)
            .await
            .unwrap();
        assert_eq!(world.forge.git(fork.id).refs(&["refs/heads/"]).await.unwrap().len(), 1);
    })
    .await;
}
