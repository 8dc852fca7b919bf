//! Pull requests that merge themselves, and conversations that must be resolved before.

use forge::checks::NewStatus;
use forge::protection::{RequiredCheck, RequiredChecks, RequiredReviews, Rules};
use forge::pulls::{ChangePull, MergeMethod, MergePull, NewPull};
use forge::reviews::{NewReviewComment, ReviewEvent};
use forge::{Actor, Error};
use serde_json::json;
use store::repositories::Repository;
use store::testing::on_both;

use crate::world::{Person, Work, World};

const SQUASH: MergePull<'static> =
    MergePull { method: MergeMethod::Squash, title: Some("Squashed"), message: None, sha: None };

struct Scene {
    world: World,
    alice: Person,
    bob: Person,
    repository: Repository,
    work: Work,
}

impl Scene {
    /// A pull request of bob's against a branch with these rules. Nothing is done but what the test does.
    async fn new(database: &store::testing::Database, rules: Rules) -> Scene {
        let world = World::idle(database.open().await, &database.directory(), |_| {}).await;
        let (alice, bob) = (world.person("alice").await, world.person("bob").await);
        let repository = world.repository(&alice, "app").await;
        world.give(&repository, &bob, "write").await;
        let work = world.work(&bob, "alice/app", "work");
        work.commit("a.txt", "one\n", "first");
        work.git(&["push", "-q", "origin", "main"]);
        work.git(&["checkout", "-q", "-b", "topic"]);
        work.commit("a.txt", "one\ntwo\n", "change");
        work.git(&["push", "-q", "origin", "topic"]);
        let mut tx = world.store.begin().await.unwrap();
        let rules = serde_json::to_value(rules).unwrap();
        store::protection::put(&mut tx, repository.id, "branch", "main", &rules).await.unwrap();
        let allowed = json!({ "allow_auto_merge": true });
        let row = Repository { settings: allowed, ..repository.clone() };
        store::repositories::update(&mut tx, &repository, &row).await.unwrap();
        tx.commit().await.unwrap();
        let repository = world.forge.repository_by_id(row.id).await.unwrap();
        let new = NewPull { title: "Change", head: "topic", base: "main", ..NewPull::default() };
        world.forge.create_pull(&repository, &bob.caller, &bob.actor, &new).await.unwrap();
        Scene { world, alice, bob, repository, work }
    }

    async fn merged(&self) -> bool {
        self.world.forge.pull(&self.repository, 1).await.unwrap().1.merged
    }

    async fn waits(&self) -> bool {
        self.world.forge.pull(&self.repository, 1).await.unwrap().1.auto_merge.is_some()
    }

    async fn enable(&self, who: &Actor) -> Result<(), Error> {
        self.world.forge.enable_auto_merge(&self.repository, who, 1, &SQUASH).await
    }

    async fn status(&self, state: &str) {
        let sha = self.work.git(&["rev-parse", "topic"]);
        let new = NewStatus { sha: &sha, state, context: "build", target_url: None, description: None };
        self.world.forge.create_status(&self.repository, &self.bob.actor, &new).await.unwrap();
    }
}

fn build() -> Rules {
    let checks = vec![RequiredCheck { context: "build".to_owned(), app: None }];
    Rules { required_checks: Some(RequiredChecks { strict: false, checks }), ..Rules::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_is_merged_when_its_check_succeeds() {
    on_both("auto_merge", async |database| {
        let scene = Scene::new(database, build()).await;
        let forge = &scene.world.forge;
        // Alice administers and could merge at once: she wants to wait for the check all the same.
        scene.enable(&scene.alice.actor).await.unwrap();
        assert!(!forge.merge_ready().await.unwrap() && !scene.merged().await);
        scene.status("failure").await;
        assert!(!forge.merge_ready().await.unwrap() && !scene.merged().await);
        scene.status("success").await;
        assert!(forge.merge_ready().await.unwrap() && scene.merged().await);
        assert!(!forge.merge_ready().await.unwrap(), "once");
        scene.work.git(&["fetch", "-q", "origin", "main"]);
        assert_eq!(scene.work.git(&["log", "-1", "--format=%s", "FETCH_HEAD"]), "Squashed");
        let names = scene.world.event_names(&scene.repository).await;
        let at = names.iter().position(|name| name == "pull_request:auto_merge_enabled").unwrap();
        assert_eq!(names[at + 1..], ["status:", "status:", "push:", "pull_request:closed"]);
        let enabled = &scene.world.events(&scene.repository).await[at].payload["pull_request"]["auto_merge"];
        assert_eq!((&enabled["merge_method"], &enabled["enabled_by"]["login"]), (&json!("squash"), &json!("alice")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn auto_merge_ends_with_what_it_was_meant_for() {
    on_both("auto_merge_ends", async |database| {
        let scene = Scene::new(database, build()).await;
        let forge = &scene.world.forge;
        let change = |change: ChangePull| forge.change_pull(&scene.repository, &scene.bob.actor, 1, change);
        // Another base, or a closed pull request.
        scene.enable(&scene.bob.actor).await.unwrap();
        scene.work.git(&["push", "-q", "origin", "main:refs/heads/next"]);
        change(ChangePull { base: Some("next".to_owned()), ..ChangePull::default() }).await.unwrap();
        assert!(!scene.waits().await);
        change(ChangePull { base: Some("main".to_owned()), ..ChangePull::default() }).await.unwrap();
        scene.enable(&scene.bob.actor).await.unwrap();
        change(ChangePull { state: Some("closed".to_owned()), ..ChangePull::default() }).await.unwrap();
        assert!(!scene.waits().await);
        change(ChangePull { state: Some("open".to_owned()), ..ChangePull::default() }).await.unwrap();
        // Taken back.
        scene.enable(&scene.bob.actor).await.unwrap();
        forge.disable_auto_merge(&scene.repository, &scene.bob.actor, 1).await.unwrap();
        let again = forge.disable_auto_merge(&scene.repository, &scene.bob.actor, 1).await;
        assert!(matches!(again, Err(Error::NotMergeable(_))), "{again:?}");
        // A push of its own is waited for, and one by somebody who may write is no reason to stop.
        scene.enable(&scene.alice.actor).await.unwrap();
        scene.status("success").await;
        scene.work.commit("b.txt", "more\n", "more");
        scene.work.git(&["push", "-q", "origin", "topic"]);
        assert!(!forge.merge_ready().await.unwrap(), "the push is not told yet");
        scene.world.settle_pulls().await;
        assert!(!forge.merge_ready().await.unwrap() && scene.waits().await, "the new head has no check");
        // Who enabled it may not write any more.
        forge.disable_auto_merge(&scene.repository, &scene.alice.actor, 1).await.unwrap();
        scene.enable(&scene.bob.actor).await.unwrap();
        scene.world.give(&scene.repository, &scene.bob, "read").await;
        scene.status("success").await;
        assert!(!forge.merge_ready().await.unwrap() && !scene.merged().await && !scene.waits().await);
        // Nothing to wait for.
        let clean = scene.enable(&scene.alice.actor).await.unwrap_err().to_string();
        assert_eq!(clean, "Pull request is in clean status: merge it");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_s_push_is_not_merged_by_what_was_wanted_before() {
    on_both("auto_merge_stranger", async |database| {
        let reviews = RequiredReviews { approvals: 1, ..RequiredReviews::default() };
        let scene = Scene::new(database, Rules { required_reviews: Some(reviews), ..Rules::default() }).await;
        let forge = &scene.world.forge;
        let carol = scene.world.person("carol").await;
        scene.world.give(&scene.repository, &carol, "read").await;
        let owner = carol.actor.account_id;
        let fork = forge.fork_repository(&carol.caller, &carol.actor, &scene.repository, owner, None, false).await;
        let fork = fork.unwrap();
        let hers = scene.world.work(&carol, &fork.full_name(), "hers");
        hers.git(&["fetch", "-q", "origin"]);
        hers.git(&["checkout", "-q", "-b", "mine", "origin/main"]);
        hers.commit("c.txt", "harmless\n", "harmless");
        hers.git(&["push", "-q", "origin", "mine"]);
        let new = NewPull { title: "Hers", head: "carol:mine", base: "main", ..NewPull::default() };
        let (issue, _) = forge.create_pull(&scene.repository, &carol.caller, &carol.actor, &new).await.unwrap();
        forge.enable_auto_merge(&scene.repository, &scene.alice.actor, issue.number, &SQUASH).await.unwrap();
        hers.commit("c.txt", "harmful\n", "harmful");
        hers.git(&["push", "-q", "origin", "mine"]);
        let approve = Some(ReviewEvent::Approve);
        forge
            .create_review(&scene.repository, &scene.bob.actor, issue.number, approve, "fine", None, &[])
            .await
            .unwrap();
        assert!(!forge.merge_ready().await.unwrap());
        scene.world.settle_pulls().await;
        assert!(!forge.merge_ready().await.unwrap());
        let (_, pull) = forge.pull(&scene.repository, issue.number).await.unwrap();
        assert!(!pull.merged && pull.auto_merge.is_none(), "{pull:?}");
        // A job of the fork is no better.
        let reviews = store::reviews::of_issue(&mut scene.world.store.read(), issue.id).await.unwrap();
        forge
            .dismiss_review(&scene.repository, &scene.alice.actor, issue.number, reviews[0].id, "look again")
            .await
            .unwrap();
        let filter = store::audit::Filter { action: Some("review".to_owned()), ..store::audit::Filter::default() };
        let entries = store::audit::list(&mut scene.world.store.read(), &filter, 9).await.unwrap();
        let said: Vec<_> = entries.iter().map(|entry| (entry.action.as_str(), entry.actor.as_str())).collect();
        assert_eq!(said, [("review.dismiss", "alice"), ("review.submit", "bob")]);
        assert_eq!(
            (&entries[0].details["message"], &entries[1].details["state"]),
            (&"look again".into(), &"approved".into())
        );
        forge.enable_auto_merge(&scene.repository, &scene.alice.actor, issue.number, &SQUASH).await.unwrap();
        let old = hers.git(&["rev-parse", "HEAD"]);
        let new = hers.commit("c.txt", "by a job\n", "by a job");
        hers.git(&["push", "-q", "origin", "HEAD:refs/heads/aside"]);
        let job = Actor { kind: forge::ActorKind::Job, run_id: Some(1), ..Actor::user(identity::ACTIONS_BOT_ID) };
        let push = forge::RefChange { name: "refs/heads/mine".to_owned(), old, new };
        forge.change_refs(&fork, &job, "test", serde_json::Value::Null, &[push]).await.unwrap();
        scene.world.settle_pulls().await;
        let (_, pull) = forge.pull(&scene.repository, issue.number).await.unwrap();
        assert!(pull.auto_merge.is_none(), "{pull:?}");
        let names = scene.world.event_names(&scene.repository).await;
        assert!(names.contains(&"pull_request:auto_merge_disabled".to_owned()), "{names:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_are_resolved_before_a_merge() {
    on_both("conversations", async |database| {
        let rules = Rules { conversation_resolution: true, enforce_admins: true, ..Rules::default() };
        let scene = Scene::new(database, rules).await;
        let (forge, repository) = (&scene.world.forge, &scene.repository);
        let line = NewReviewComment {
            path: "a.txt".to_owned(),
            body: "Why?".to_owned(),
            line: Some(2),
            ..NewReviewComment::default()
        };
        // What is not submitted stands in nobody's way.
        let lines = [line.clone()];
        let pending = forge.create_review(repository, &scene.alice.actor, 1, None, "", None, &lines).await.unwrap();
        let (issue, pull) = forge.pull(repository, 1).await.unwrap();
        assert!(forge.check_merge(repository, &issue, &pull, None).await.unwrap().blockers.is_empty());
        let comment = Some(ReviewEvent::Comment);
        forge.submit_review(repository, &scene.alice.actor, 1, pending.id, ReviewEvent::Comment, None).await.unwrap();
        let first = store::reviews::comments_of_issue(&mut scene.world.store.read(), issue.id).await.unwrap()[0].id;
        let answer = NewReviewComment { in_reply_to: Some(first), body: "So.".to_owned(), ..line.clone() };
        let answer = forge.create_review_comment(repository, &scene.bob.actor, 1, &answer).await.unwrap();
        forge.create_review(repository, &scene.alice.actor, 1, comment, "", None, &[line]).await.unwrap();
        let refused = forge.merge_pull(repository, &scene.alice.actor, 1, &SQUASH).await.unwrap_err().to_string();
        assert_eq!(refused, "Pull Request is not mergeable: 2 conversations are not resolved");
        // A conversation is resolved as a whole: an answer is none.
        assert!(forge.resolve_conversation(repository, &scene.bob.actor, answer.id, true).await.is_err());
        let all = store::reviews::comments_of_issue(&mut scene.world.store.read(), issue.id).await.unwrap();
        let second = all.last().unwrap().id;
        for id in [first, second, second] {
            forge.resolve_conversation(repository, &scene.bob.actor, id, true).await.unwrap();
        }
        forge.resolve_conversation(repository, &scene.bob.actor, first, false).await.unwrap();
        let refused = forge.merge_pull(repository, &scene.alice.actor, 1, &SQUASH).await.unwrap_err().to_string();
        assert_eq!(refused, "Pull Request is not mergeable: a conversation is not resolved");
        let resolved = forge.resolve_conversation(repository, &scene.alice.actor, first, true).await.unwrap();
        assert_eq!(resolved.resolved_by, Some(scene.alice.actor.account_id));
        forge.merge_pull(repository, &scene.alice.actor, 1, &SQUASH).await.unwrap();
        let names = scene.world.event_names(repository).await;
        let told = names.iter().filter(|name| name.starts_with("pull_request_review_thread:")).collect::<Vec<_>>();
        let of = |action: &str| format!("pull_request_review_thread:{action}");
        assert_eq!(told, [&of("resolved"), &of("resolved"), &of("unresolved"), &of("resolved")]);
    })
    .await;
}
