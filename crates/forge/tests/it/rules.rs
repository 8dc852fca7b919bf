//! Rules of branches and tags, against pushes and merges.

use forge::checks::{JobCheck, NewStatus, put_job_check};
use forge::protection::{Bypass, RequiredCheck, RequiredChecks, RequiredReviews, Rules};
use forge::pulls::{MergeMethod, MergePull, NewPull};
use forge::reviews::ReviewEvent;
use store::testing::on_both;

use crate::world::{Person, World, protect, start};

fn merge(method: MergeMethod) -> MergePull<'static> {
    MergePull { method, title: None, message: None, sha: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn force_pushes_deletions_and_merges_are_kept_off_a_protected_branch() {
    on_both("force_pushes", async |database| {
        let world = World::new(database).await;
        let (alice, _bob, repository, work) = start(&world).await;
        protect(&world, &repository, "branch", "main", &Rules::default()).await;
        protect(&world, &repository, "branch", "release/*", &Rules { linear_history: true, ..Rules::default() }).await;
        work.commit("b.txt", "two\n", "second");
        work.git(&["push", "-q", "origin", "main"]);
        let second = work.git(&["rev-parse", "HEAD"]);
        work.git(&["reset", "-q", "--hard", "HEAD~1"]);
        work.commit("c.txt", "three\n", "another");
        let said = work.refused(&["push", "--force", "origin", "main"]);
        assert!(said.contains("commits may not be taken away (force push)"), "{said}");
        assert!(work.refused(&["push", "origin", ":main"]).contains("default branch"));
        let git = world.forge.git(repository.id);
        assert_eq!(git.ref_oid("refs/heads/main").await.unwrap().as_deref(), Some(second.as_str()));
        // What goes with a refused ref is refused too, and nothing of it is told.
        let before = world.events(&repository).await.len();
        let said = work.refused(&["push", "--force", "origin", "main", "HEAD:refs/heads/other"]);
        assert!(said.contains("other"), "{said}");
        assert!(git.ref_oid("refs/heads/other").await.unwrap().is_none());
        assert_eq!(world.events(&repository).await.len(), before);
        // Linear history looks at the objects of the push.
        work.git(&["checkout", "-q", "-b", "side", &second]);
        work.git(&["merge", "-q", "--no-ff", "-m", "a merge", "main"]);
        let said = work.refused(&["push", "origin", "side:release/1"]);
        assert!(said.contains("its history is linear"), "{said}");
        work.git(&["push", "-q", "origin", &format!("{second}:refs/heads/release/1")]);
        assert!(work.refused(&["push", "origin", ":release/1"]).contains("may not be deleted"));
        // Alice administers, and is above rules that do not name administrators.
        let hers = world.work(&alice, "alice/app", "hers");
        hers.git(&["fetch", "-q", "origin"]);
        hers.git(&["push", "-q", "--force", "origin", &format!("{second}~1:refs/heads/release/1")]);
        let filter = store::audit::Filter { action: Some("git.push".to_owned()), ..store::audit::Filter::default() };
        let entry = store::audit::list(&mut world.store.read(), &filter, 1).await.unwrap().remove(0);
        let change = &entry.details["refs"][0];
        assert_eq!((entry.actor.as_str(), &change["ref"]), ("alice", &"refs/heads/release/1".into()));
        assert_eq!((&change["forced"], &change["before"]), (&true.into(), &second.as_str().into()));
        assert_eq!(change["exempt_from"], "release/*");
        // So is who administers the server, also where they are nobody; what is protected is named first, however many go along.
        let repo = world.forge.git(repository.id);
        let before = repo.ref_oid("refs/heads/release/1").await.unwrap().unwrap();
        let oid = repo.resolve("refs/heads/main").await.unwrap().unwrap();
        let new = |name: String, old: &str| forge::RefChange { name, old: old.to_owned(), new: oid.clone() };
        let mut changes: Vec<_> = (0..60).map(|n| new(format!("refs/heads/a{n:02}"), &"0".repeat(40))).collect();
        changes.push(new("refs/heads/release/1".to_owned(), &before));
        let root = forge::Actor { site_admin: true, ..world.person("root").await.actor };
        world.forge.change_refs(&repository, &root, "api", serde_json::Value::Null, &changes).await.unwrap();
        let entry = store::audit::list(&mut world.store.read(), &filter, 1).await.unwrap().remove(0);
        let refs = entry.details["refs"].as_array().unwrap();
        assert_eq!((entry.actor.as_str(), &entry.details["count"], refs.len()), ("root", &61.into(), 50));
        assert_eq!((&refs[0]["ref"], &refs[0]["exempt_from"]), (&"refs/heads/release/1".into(), &"release/*".into()));
        protect(&world, &repository, "branch", "main", &Rules { enforce_admins: true, ..Rules::default() }).await;
        let said = hers.refused(&["push", "--force", "origin", &format!("{second}~1:refs/heads/main")]);
        assert!(said.contains("force push"), "{said}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_push_and_what_tags_stay() {
    on_both("who_may_push", async |database| {
        let world = World::new(database).await;
        let (_alice, bob, repository, work) = start(&world).await;
        let carol = world.person("carol").await;
        world.give(&repository, &carol, "write").await;
        let only_carol = Bypass { users: vec![carol.actor.account_id], teams: Vec::new() };
        protect(&world, &repository, "branch", "main", &Rules { push: Some(only_carol), ..Rules::default() }).await;
        protect(&world, &repository, "tag", "v*", &Rules::default()).await;
        work.commit("b.txt", "two\n", "second");
        let said = work.refused(&["push", "origin", "main"]);
        assert!(said.contains("you are not among those who may push"), "{said}");
        work.git(&["push", "-q", &world.remote(&carol, "alice/app"), "main"]);
        work.git(&["tag", "v1"]);
        work.git(&["push", "-q", "origin", "v1"]);
        work.commit("c.txt", "three\n", "third");
        work.git(&["tag", "-f", "v1"]);
        assert!(work.refused(&["push", "--force", "origin", "v1"]).contains("it may not be moved"));
        assert!(work.refused(&["push", "origin", ":v1"]).contains("may not be deleted"));
        work.git(&["push", "-q", "origin", "v1:refs/tags/other"]);
        work.git(&["push", "-q", "--force", "origin", "v1~1:refs/tags/other"]);
        let role = world.forge.identity().role_of_user(bob.actor.account_id, &forge::repo_ref(&repository)).await;
        assert_eq!(role.unwrap(), identity::Role::Write);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn required_checks_are_held_against_pushes_and_merges() {
    on_both("required_checks", async |database| {
        let world = World::new(database).await;
        let (_alice, bob, repository, work) = start(&world).await;
        let checks = ["build", "lint"].map(|name| RequiredCheck { context: name.to_owned(), app: None }).to_vec();
        let rules = Rules { required_checks: Some(RequiredChecks { strict: true, checks }), ..Rules::default() };
        protect(&world, &repository, "branch", "main", &rules).await;
        let head = work.commit("b.txt", "two\n", "second");
        let said = work.refused(&["push", "origin", "main"]);
        assert!(said.contains("required check `build` is expected"), "{said}");
        work.git(&["push", "-q", "origin", "main:topic"]);
        let new = NewPull { title: "Second", head: "topic", base: "main", ..NewPull::default() };
        let (issue, _) = world.forge.create_pull(&repository, &bob.caller, &bob.actor, &new).await.unwrap();
        let state = async || {
            let (issue, pull) = world.forge.pull(&repository, issue.number).await.unwrap();
            world.forge.mergeable_state(&repository, &issue, &pull).await.unwrap()
        };
        assert_eq!(state().await, "blocked");
        let report = async |context: &'static str, state: &'static str| {
            let status = NewStatus { sha: &head, state, context, target_url: None, description: None };
            world.forge.create_status(&repository, &bob.actor, &status).await.unwrap();
        };
        report("build", "failure").await;
        let refused = world.forge.merge_pull(&repository, &bob.actor, issue.number, &merge(MergeMethod::Merge)).await;
        let reason = refused.unwrap_err().to_string();
        assert!(reason.contains("required check `build` failed"), "{reason}");
        assert!(reason.contains("required check `lint` can never come"), "a check nobody reports is named: {reason}");
        report("build", "success").await;
        // A job that was skipped, or whose workflow was filtered out, is no reason to wait.
        let mut tx = world.store.begin().await.unwrap();
        let check = JobCheck {
            key: "skipped:1",
            head_sha: &head,
            name: "lint",
            status: "completed",
            conclusion: Some("neutral"),
            ..JobCheck::default()
        };
        put_job_check(&mut tx, repository.id, &check).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(state().await, "clean");
        // Strict: the base moves, the head must follow.
        let carol = world.person("carol").await;
        world.give(&repository, &carol, "admin").await;
        let other = world.work(&carol, "alice/app", "other");
        other.git(&["pull", "-q", "origin", "main"]);
        other.commit("c.txt", "three\n", "beside");
        other.git(&["push", "-q", "origin", "main"]);
        world.settle_pulls().await;
        assert_eq!(state().await, "behind");
        let merged = world.forge.update_branch(&repository, &bob.caller, issue.number, Some(&head)).await.unwrap();
        world.settle_pulls().await;
        let (_, pull) = world.forge.pull(&repository, issue.number).await.unwrap();
        assert_eq!(pull.head_sha, merged);
        let names = world.event_names(&repository).await;
        assert!(names.contains(&"pull_request:synchronize".to_owned()), "{names:?}");
        for context in ["build", "lint"] {
            let status = NewStatus { sha: &merged, state: "success", context, target_url: None, description: None };
            world.forge.create_status(&repository, &bob.actor, &status).await.unwrap();
        }
        world.forge.merge_pull(&repository, &bob.actor, issue.number, &merge(MergeMethod::Merge)).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn approvals_count_once_from_those_who_may_write_and_go_stale() {
    on_both("approvals", async |database| {
        let world = World::new(database).await;
        let (_alice, bob, repository, work) = start(&world).await;
        let (carol, dave) = (world.person("carol").await, world.person("dave").await);
        world.give(&repository, &carol, "write").await;
        world.give(&repository, &dave, "read").await;
        let reviews =
            RequiredReviews { approvals: 1, dismiss_stale: true, code_owners: true, ..RequiredReviews::default() };
        work.commit("CODEOWNERS", "*.txt @carol\n", "owners");
        work.git(&["push", "-q", "origin", "main"]);
        protect(&world, &repository, "branch", "main", &Rules { required_reviews: Some(reviews), ..Rules::default() })
            .await;
        work.git(&["checkout", "-q", "-b", "topic"]);
        work.commit("b.txt", "two\n", "second");
        assert!(
            work.refused(&["push", "origin", "topic:main"]).contains("changes must be made through a pull request")
        );
        work.git(&["push", "-q", "origin", "topic"]);
        let new = NewPull { title: "Second", head: "topic", base: "main", ..NewPull::default() };
        let (issue, _) = world.forge.create_pull(&repository, &bob.caller, &bob.actor, &new).await.unwrap();
        let number = issue.number;
        let try_merge =
            async || world.forge.merge_pull(&repository, &bob.actor, number, &merge(MergeMethod::Squash)).await;
        let review = async |person: &Person, event: ReviewEvent| {
            world.forge.create_review(&repository, &person.actor, number, Some(event), "Well.", None, &[]).await
        };
        assert!(try_merge().await.unwrap_err().to_string().contains("at least 1 approving review"));
        let own = review(&bob, ReviewEvent::Approve).await.unwrap_err().to_string();
        assert!(own.contains("your own pull request"), "{own}");
        review(&dave, ReviewEvent::Approve).await.unwrap();
        let reason = try_merge().await.unwrap_err().to_string();
        assert!(reason.contains("there are 0"), "one who reads does not count: {reason}");
        review(&carol, ReviewEvent::RequestChanges).await.unwrap();
        assert!(try_merge().await.unwrap_err().to_string().contains("asked for changes"));
        review(&carol, ReviewEvent::Approve).await.unwrap();
        work.commit("b.txt", "two and a half\n", "more");
        work.git(&["push", "-q", "origin", "topic"]);
        world.settle_pulls().await;
        let reason = try_merge().await.unwrap_err().to_string();
        assert!(reason.contains("there are 0") && reason.contains("@carol"), "new commits undo approvals: {reason}");
        let names = world.event_names(&repository).await;
        assert!(names.contains(&"pull_request_review:dismissed".to_owned()), "{names:?}");
        review(&carol, ReviewEvent::Approve).await.unwrap();
        try_merge().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_without_the_scope_changes_no_workflow() {
    on_both("workflow_scope", async |database| {
        let world = World::new(database).await;
        let (_alice, bob, repository, work) = start(&world).await;
        let identity = world.forge.identity();
        let scopes = identity::Scopes::parse(["repo"]).unwrap();
        let (_, token) = identity.create_token(&bob.caller, bob.actor.account_id, "weak", &scopes, None).await.unwrap();
        let weak = Person { token: token.text.to_string(), ..bob.clone() };
        work.commit(".github/workflows/ci.yml", "on: push\njobs: {}\n", "workflow");
        let said = work.refused(&["push", &world.remote(&weak, "alice/app"), "main"]);
        assert!(said.contains("lacks the `workflow` scope"), "{said}");
        work.git(&["push", "-q", "origin", "main"]);
        work.commit("b.txt", "x\n", "no workflow");
        work.git(&["push", "-q", &world.remote(&weak, "alice/app"), "main"]);
        assert_eq!(world.events(&repository).await.iter().filter(|event| event.name == "push").count(), 3);
    })
    .await;
}
