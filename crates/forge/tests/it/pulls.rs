//! Pull requests from their first push to their merge.

use forge::pulls::{ChangePull, MergeMethod, MergePull, NewPull};
use forge::reviews::NewReviewComment;
use store::testing::on_both;

use crate::world::World;

fn merge(method: MergeMethod) -> MergePull<'static> {
    MergePull { method, title: None, message: None, sha: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_of_a_branch() {
    on_both("a_pull_request", async |database| {
        let world = World::new(database).await;
        let alice = world.person("alice").await;
        let repository = world.repository(&alice, "app").await;
        let work = world.work(&alice, "alice/app", "work");
        work.commit("a.txt", "one\ntwo\nthree\n", "first");
        work.git(&["push", "-q", "origin", "main"]);
        work.git(&["checkout", "-q", "-b", "topic"]);
        let head = work.commit("a.txt", "one\nTWO\nthree\nfour\n", "change");
        work.git(&["push", "-q", "origin", "topic"]);
        let new = NewPull { title: "Change", body: "Why not", head: "topic", base: "main", ..NewPull::default() };
        let (issue, pull) = world.forge.create_pull(&repository, &alice.caller, &alice.actor, &new).await.unwrap();
        assert_eq!((issue.number, pull.mergeable), (1, Some(true)));
        let again = world.forge.create_pull(&repository, &alice.caller, &alice.actor, &new).await;
        assert!(again.unwrap_err().to_string().contains("already exists"));
        // Its refs, as a client sees them.
        let listed = work.git(&["ls-remote", "origin", "refs/pull/*"]);
        assert!(listed.contains(&format!("{head}\trefs/pull/1/head")), "{listed}");
        work.git(&["fetch", "-q", "origin", "refs/pull/1/merge"]);
        assert_eq!(work.git(&["rev-parse", "FETCH_HEAD^2"]), head);
        let opened = world.events(&repository).await.pop().unwrap();
        assert_eq!((opened.name.as_str(), opened.action.as_deref()), ("pull_request", Some("opened")));
        assert_eq!(opened.git_ref, "refs/pull/1/merge");
        assert_eq!(Some(opened.sha.clone()), pull.merge_sha);
        let payload = &opened.payload["pull_request"];
        assert_eq!((payload["commits"].as_i64(), payload["changed_files"].as_i64()), (Some(1), Some(1)));
        assert_eq!((payload["additions"].as_i64(), payload["deletions"].as_i64()), (Some(2), Some(1)));
        assert_eq!(payload["head"]["label"], "alice:topic");
        assert_eq!(opened.facts().base_ref.as_deref(), Some("main"));
        // A comment on a line moves with it.
        let comment = NewReviewComment {
            path: "a.txt".to_owned(),
            body: "Louder".to_owned(),
            line: Some(2),
            ..NewReviewComment::default()
        };
        let made = world.forge.create_review_comment(&repository, &alice.actor, 1, &comment).await.unwrap();
        assert_eq!((made.position, made.diff_hunk.lines().last()), (Some(3), Some("+TWO")));
        let beside = NewReviewComment { line: Some(90), ..comment };
        assert!(world.forge.create_review_comment(&repository, &alice.actor, 1, &beside).await.is_err());
        let moved = work.commit("a.txt", "zero\none\nTWO\nthree\nfour\n", "more");
        work.git(&["push", "-q", "origin", "topic"]);
        world.settle_pulls().await;
        let comments = store::reviews::comments_of_issue(&mut world.store.read(), issue.id).await.unwrap();
        assert_eq!((comments[0].line, comments[0].commit_sha.as_str()), (Some(3), moved.as_str()));
        let synchronize = world.events(&repository).await.pop().unwrap();
        assert_eq!(synchronize.action.as_deref(), Some("synchronize"));
        assert_eq!(synchronize.payload["before"], head.as_str());
        assert_eq!(synchronize.payload["after"], moved.as_str());
        // The base moves the other way: a conflict, which goes away again.
        work.git(&["checkout", "-q", "main"]);
        work.commit("a.txt", "one\n2\nthree\n", "clash");
        work.git(&["push", "-q", "origin", "main"]);
        world.settle_pulls().await;
        let (_, pull) = world.forge.pull(&repository, 1).await.unwrap();
        assert_eq!(pull.mergeable, Some(false));
        assert!(!work.git(&["ls-remote", "origin", "refs/pull/1/*"]).contains("merge"), "nobody runs on an old merge");
        let refused = world.forge.merge_pull(&repository, &alice.actor, 1, &merge(MergeMethod::Merge)).await;
        assert!(refused.unwrap_err().to_string().contains("it conflicts with its base"));
        work.git(&["checkout", "-q", "topic"]);
        work.git(&["merge", "-q", "-X", "ours", "-m", "mended", "main"]);
        work.git(&["push", "-q", "origin", "topic"]);
        world.settle_pulls().await;
        // Closed, opened again, merged.
        let close = |state: &str| ChangePull { state: Some(state.to_owned()), ..ChangePull::default() };
        world.forge.change_pull(&repository, &alice.actor, 1, close("closed")).await.unwrap();
        world.forge.change_pull(&repository, &alice.actor, 1, close("open")).await.unwrap();
        let commit = world.forge.merge_pull(&repository, &alice.actor, 1, &merge(MergeMethod::Merge)).await.unwrap();
        let (issue, pull) = world.forge.pull(&repository, 1).await.unwrap();
        assert_eq!((issue.state.as_str(), pull.merged, pull.merge_commit_sha), ("closed", true, Some(commit.clone())));
        work.git(&["fetch", "-q", "origin", "main"]);
        assert_eq!(work.git(&["rev-parse", "FETCH_HEAD"]), commit);
        assert_eq!(work.git(&["log", "-1", "--format=%s", "FETCH_HEAD"]), "Merge pull request #1 from alice/topic");
        let names = world.event_names(&repository).await;
        assert_eq!(
            names[names.len() - 4..],
            ["pull_request:closed", "pull_request:reopened", "push:", "pull_request:closed"]
        );
        assert_eq!(world.events(&repository).await.pop().unwrap().payload["pull_request"]["merged"], true);
        let filter = store::audit::Filter { action: Some("pull.merge".to_owned()), ..store::audit::Filter::default() };
        let entry = store::audit::list(&mut world.store.read(), &filter, 9).await.unwrap().remove(0);
        assert_eq!((entry.subject.as_str(), &entry.details["method"]), ("alice/app#1", &"merge".into()));
        assert_eq!(entry.details["refs"][0]["after"], commit.as_str());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn squash_and_rebase_keep_authors_and_write_no_work_tree() {
    on_both("squash_and_rebase", async |database| {
        let world = World::new(database).await;
        let (alice, bob) = (world.person("alice").await, world.person("bob").await);
        let repository = world.repository(&alice, "app").await;
        world.give(&repository, &bob, "write").await;
        let work = world.work(&bob, "alice/app", "work");
        work.commit("a.txt", "one\n", "first");
        work.git(&["push", "-q", "origin", "main"]);
        for topic in ["squash", "rebase"] {
            work.git(&["checkout", "-q", "-b", topic, "main"]);
            work.commit(&format!("{topic}-1"), "x\n", &format!("{topic} one\n\nbody"));
            work.commit(&format!("{topic}-2"), "x\n", &format!("{topic} two"));
            work.git(&["push", "-q", "origin", topic]);
            let new = NewPull { title: topic, head: topic, base: "main", ..NewPull::default() };
            world.forge.create_pull(&repository, &bob.caller, &bob.actor, &new).await.unwrap();
        }
        let squash = world.forge.merge_pull(&repository, &alice.actor, 1, &merge(MergeMethod::Squash)).await.unwrap();
        world.settle_pulls().await;
        let rebase = world.forge.merge_pull(&repository, &alice.actor, 2, &merge(MergeMethod::Rebase)).await.unwrap();
        work.git(&["fetch", "-q", "origin", "main"]);
        let log = work.git(&["log", "--reverse", "--format=%an/%cn %s", "FETCH_HEAD"]);
        let expected = "bob/bob first\nbob/alice squash (#1)\nbob/alice rebase one\nbob/alice rebase two";
        assert_eq!(log, expected);
        assert_eq!(work.git(&["log", "-1", "--format=%b", &squash]).trim(), "* squash one\n\nbody\n\n* squash two");
        assert_eq!(work.git(&["rev-parse", "FETCH_HEAD"]), rebase);
        assert_eq!(work.git(&["rev-list", "--merges", "--count", "FETCH_HEAD"]), "0");
        let wrong = MergePull { sha: Some(&squash), ..merge(MergeMethod::Merge) };
        assert!(world.forge.merge_pull(&repository, &alice.actor, 1, &wrong).await.is_err(), "it is closed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_of_a_fork_and_one_merged_by_hand() {
    on_both("a_fork", async |database| {
        let world = World::new(database).await;
        let (alice, bob) = (world.person("alice").await, world.person("bob").await);
        let repository = world.repository(&alice, "app").await;
        world.give(&repository, &bob, "read").await;
        let work = world.work(&alice, "alice/app", "work");
        work.commit("a.txt", "one\n", "first");
        work.git(&["push", "-q", "origin", "main"]);
        let fork = world
            .forge
            .fork_repository(&bob.caller, &bob.actor, &repository, bob.actor.account_id, None, false)
            .await
            .unwrap();
        assert_eq!((fork.fork_of, fork.actions_enabled), (Some(repository.id), false));
        let theirs = world.work(&bob, "bob/app", "theirs");
        theirs.git(&["pull", "-q", "origin", "main"]);
        theirs.git(&["checkout", "-q", "-b", "topic"]);
        let head = theirs.commit("b.txt", "two\n", "from a fork");
        theirs.git(&["push", "-q", "origin", "topic"]);
        assert!(theirs.refused(&["push", &world.remote(&bob, "alice/app"), "topic"]).contains("403"));
        let new = NewPull { title: "Fork", head: "bob:topic", base: "main", ..NewPull::default() };
        let (issue, pull) = world.forge.create_pull(&repository, &bob.caller, &bob.actor, &new).await.unwrap();
        assert_eq!((pull.head_repo_id, pull.head_sha.as_str()), (Some(fork.id), head.as_str()));
        let opened = world.events(&repository).await.pop().unwrap();
        let facts = opened.facts();
        assert!(facts.fork && facts.first_time_contributor);
        assert_eq!(opened.payload["pull_request"]["head"]["repo"]["full_name"], "bob/app");
        let second = theirs.commit("c.txt", "three\n", "more");
        theirs.git(&["push", "-q", "origin", "topic"]);
        world.settle_pulls().await;
        let refs = work.git(&["ls-remote", "origin", "refs/pull/1/head"]);
        assert!(refs.starts_with(&second), "{refs}");
        // Merged by hand and pushed: it is closed as merged.
        work.git(&["fetch", "-q", "origin", "refs/pull/1/head"]);
        work.git(&["merge", "-q", "--no-ff", "-m", "by hand", "FETCH_HEAD"]);
        work.git(&["push", "-q", "origin", "main"]);
        world.settle_pulls().await;
        let (issue, pull) = world.forge.pull(&repository, issue.number).await.unwrap();
        assert_eq!((issue.state.as_str(), pull.merged), ("closed", true));
        // A branch that goes away closes what it was for.
        theirs.git(&["push", "-q", "origin", "HEAD:other"]);
        theirs.commit("d.txt", "four\n", "even more");
        theirs.git(&["push", "-q", "origin", "HEAD:other"]);
        let new = NewPull { title: "Other", head: "bob:other", base: "main", ..NewPull::default() };
        let (issue, _) = world.forge.create_pull(&repository, &bob.caller, &bob.actor, &new).await.unwrap();
        theirs.git(&["push", "-q", "origin", ":other"]);
        world.settle_pulls().await;
        let (issue, pull) = world.forge.pull(&repository, issue.number).await.unwrap();
        assert_eq!((issue.state.as_str(), pull.merged), ("closed", false));
    })
    .await;
}
