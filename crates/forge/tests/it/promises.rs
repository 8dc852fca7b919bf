//! What rules promise, tried by somebody who would rather have it otherwise; and what ends when a repository changes hands.

use forge::checks::{JobCheck, NewStatus, put_job_check};
use forge::protection::{Bypass, RequiredCheck, RequiredChecks, RequiredReviews, Rules};
use forge::pulls::NewPull;
use forge::reviews::ReviewEvent;
use identity::{JobGrant, Role};
use store::repositories::Repository;
use store::testing::on_both;

use crate::world::{Person, Work, World};

async fn protect(world: &World, repository: &Repository, rules: &Rules) {
    let mut tx = world.store.begin().await.unwrap();
    let value = serde_json::to_value(rules).unwrap();
    store::protection::put(&mut tx, repository.id, "branch", "main", &value).await.unwrap();
    tx.commit().await.unwrap();
}

/// alice's repository, in which bob and carol may write; a pull request of alice's whose head bob pushed last.
async fn start(world: &World) -> (Repository, Work, i64, [Person; 3]) {
    let people = [world.person("alice").await, world.person("bob").await, world.person("carol").await];
    let [alice, bob, carol] = &people;
    let repository = world.repository(alice, "app").await;
    world.give(&repository, bob, "write").await;
    world.give(&repository, carol, "write").await;
    let work = world.work(bob, "alice/app", "work");
    work.commit("a.txt", "one\n", "first");
    work.git(&["push", "-q", "origin", "main"]);
    work.git(&["checkout", "-q", "-b", "topic"]);
    work.commit("b.txt", "two\n", "second");
    work.git(&["push", "-q", "origin", "topic"]);
    let new = NewPull { title: "Second", head: "topic", base: "main", ..NewPull::default() };
    let (issue, _) = world.forge.create_pull(&repository, &alice.caller, &alice.actor, &new).await.unwrap();
    (repository, work, issue.number, people)
}

/// What keeps the pull request from being merged, whoever tries.
async fn blocked(world: &World, repository: &Repository, number: i64) -> String {
    let (issue, pull) = world.forge.pull(repository, number).await.unwrap();
    world.forge.check_merge(repository, &issue, &pull, None).await.unwrap().reason()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_push_is_approved_by_another_than_who_pushed_it() {
    on_both("last_push", async |database| {
        let world = World::new(database).await;
        let (repository, work, number, [_, bob, carol]) = start(&world).await;
        let reviews = RequiredReviews { approvals: 1, last_push: true, ..RequiredReviews::default() };
        protect(&world, &repository, &Rules { required_reviews: Some(reviews), ..Rules::default() }).await;
        let approve = async |person: &Person| {
            let forge = &world.forge;
            let event = Some(ReviewEvent::Approve);
            forge.create_review(&repository, &person.actor, number, event, "", None, &[]).await.unwrap();
        };
        approve(&bob).await;
        let reason = blocked(&world, &repository, number).await;
        assert!(reason.contains("not approved by anybody else than who pushed it"), "{reason}");
        approve(&carol).await;
        assert_eq!(blocked(&world, &repository, number).await, "");
        work.commit("b.txt", "three\n", "third");
        work.git(&["push", "-q", "origin", "topic"]);
        world.settle_pulls().await;
        let reason = blocked(&world, &repository, number).await;
        assert!(reason.contains("not approved by anybody else"), "of another commit: {reason}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_of_others_neither_count_nor_hide() {
    on_both("checks_of_others", async |database| {
        let world = World::new(database).await;
        let (repository, work, number, [_, bob, _]) = start(&world).await;
        let require = async |app: Option<&str>| {
            let checks = vec![RequiredCheck { context: "ci".to_owned(), app: app.map(str::to_owned) }];
            let required_checks = Some(RequiredChecks { strict: false, checks });
            protect(&world, &repository, &Rules { required_checks, ..Rules::default() }).await;
        };
        let head = work.git(&["rev-parse", "HEAD"]);
        let status = NewStatus { sha: &head, state: "success", context: "ci", target_url: None, description: None };
        world.forge.create_status(&repository, &bob.actor, &status).await.unwrap();
        require(None).await;
        assert_eq!(blocked(&world, &repository, number).await, "", "from anybody");
        require(Some(forge::checks::ACTIONS_APP)).await;
        let reason = blocked(&world, &repository, number).await;
        assert!(reason.contains("`ci` is expected from github-actions"), "{reason}");
        let report = async |conclusion: &'static str| {
            let mut tx = world.store.begin().await.unwrap();
            let check = JobCheck {
                key: "job:1",
                head_sha: &head,
                name: "ci",
                status: "completed",
                conclusion: Some(conclusion),
                ..JobCheck::default()
            };
            put_job_check(&mut tx, repository.id, &check).await.unwrap();
            tx.commit().await.unwrap();
        };
        report("failure").await;
        for app in [None, Some(forge::checks::ACTIONS_APP)] {
            require(app).await;
            let reason = blocked(&world, &repository, number).await;
            assert!(reason.contains("`ci` failed"), "{app:?}: {reason}");
        }
        report("success").await;
        assert_eq!(blocked(&world, &repository, number).await, "");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn moving_a_file_away_takes_its_owner_and_addresses_own_nothing() {
    let database = store::testing::Database::sqlite();
    let world = World::new(&database).await;
    let (repository, work, _, [alice, bob, carol]) = start(&world).await;
    work.git(&["checkout", "-q", "main"]);
    std::fs::create_dir_all(work.dir.join("secure")).unwrap();
    work.commit("secure/key.txt", "some lines\nof a file\nthat is moved\n", "a key");
    work.commit("CODEOWNERS", "/secure/ @carol\n/mail/ bob@example.com\n", "owners");
    work.git(&["push", "-q", "origin", "main"]);
    let reviews = RequiredReviews { approvals: 1, code_owners: true, ..RequiredReviews::default() };
    protect(&world, &repository, &Rules { required_reviews: Some(reviews), ..Rules::default() }).await;
    let open = async |branch: &str| {
        work.git(&["push", "-q", "origin", branch]);
        let new = NewPull { title: "Change", head: branch, base: "main", ..NewPull::default() };
        let (issue, _) = world.forge.create_pull(&repository, &alice.caller, &alice.actor, &new).await.unwrap();
        issue.number
    };
    let approve = async |number: i64, person: &Person| {
        let event = Some(ReviewEvent::Approve);
        world.forge.create_review(&repository, &person.actor, number, event, "", None, &[]).await.unwrap();
    };
    work.git(&["checkout", "-q", "-b", "move"]);
    work.git(&["mv", "secure/key.txt", "elsewhere.txt"]);
    work.git(&["commit", "-qm", "moved"]);
    let moved = open("move").await;
    approve(moved, &bob).await;
    let reason = blocked(&world, &repository, moved).await;
    assert!(reason.contains("an approval of @carol is wanted, who own secure/key.txt"), "{reason}");
    approve(moved, &carol).await;
    assert_eq!(blocked(&world, &repository, moved).await, "");
    work.git(&["checkout", "-q", "-b", "mail", "main"]);
    std::fs::create_dir_all(work.dir.join("mail")).unwrap();
    work.commit("mail/a.txt", "x\n", "mail");
    let mail = open("mail").await;
    // Whoever says that this is their address: nobody has looked.
    approve(mail, &bob).await;
    let reason = blocked(&world, &repository, mail).await;
    assert!(reason.contains("bob@example.com is wanted"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_approves_where_the_repository_lets_it() {
    let database = store::testing::Database::sqlite();
    let world = World::new(&database).await;
    let (repository, _work, number, [alice, ..]) = start(&world).await;
    let mut tx = world.store.begin().await.unwrap();
    let grant = identity::Grant::from_names([("pull-requests", "write")]).unwrap();
    let expires_at = tx.now() + 3_600_000_000;
    let job = JobGrant { job_id: 1, run_id: 1, repo_id: repository.id, grant, fork: false, expires_at };
    let token = world.forge.identity().issue_job_token(&mut tx, &job).await.unwrap();
    tx.commit().await.unwrap();
    let credentials = identity::Credentials::Token(token.text.to_string());
    let caller = world.forge.identity().authenticate(&credentials, "::1").await.unwrap();
    let actor = forge::Actor::of(&caller).unwrap();
    let approve = async || {
        let repository = world.forge.repository_by_id(repository.id).await.unwrap();
        let event = Some(ReviewEvent::Approve);
        world.forge.create_review(&repository, &actor, number, event, "", None, &[]).await
    };
    let refused = approve().await.unwrap_err().to_string();
    assert_eq!(refused, "GitHub Actions is not permitted to approve pull requests.");
    let settings = serde_json::json!({ "can_approve_pull_request_reviews": true });
    let settings = settings.as_object().cloned().unwrap();
    let change = forge::repositories::ChangeRepository { settings, ..Default::default() };
    world.forge.change_repository(&alice.caller, &alice.actor, &repository, change).await.unwrap();
    approve().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_is_given_away_leaves_its_owners_teams() {
    on_both("given_away", async |database| {
        let world = World::new(database).await;
        let (alice, bob, carol) = (world.person("alice").await, world.person("bob").await, world.person("carol").await);
        let identity = world.forge.identity();
        let org = identity.create_org(&alice.caller, "acme", None, alice.actor.account_id).await.unwrap();
        let new = forge::repositories::CreateRepository { name: "app", visibility: "private", ..Default::default() };
        let repository = world.forge.create_repository(&alice.caller, &alice.actor, org, &new).await.unwrap();
        world.give(&repository, &carol, "write").await;
        let mut tx = world.store.begin().await.unwrap();
        let team = store::teams::insert(&mut tx, org, "devs", "Devs", None, "closed").await.unwrap();
        store::teams::set_member(&mut tx, team, bob.actor.account_id, "member").await.unwrap();
        store::teams::set_repository(&mut tx, team, repository.id, "admin").await.unwrap();
        tx.commit().await.unwrap();
        let bypass = || Bypass { users: vec![carol.actor.account_id], teams: vec![team] };
        let reviews = RequiredReviews { bypass: bypass(), ..RequiredReviews::default() };
        let rules = Rules { push: Some(bypass()), required_reviews: Some(reviews), ..Rules::default() };
        protect(&world, &repository, &rules).await;
        let role = async |person: &Person| {
            let repository = world.forge.repository_by_id(repository.id).await.unwrap();
            identity.role_of_user(person.actor.account_id, &forge::repo_ref(&repository)).await.unwrap()
        };
        assert_eq!((role(&bob).await, role(&carol).await), (Role::Admin, Role::Write));
        let (to, forge) = (alice.actor.account_id, &world.forge);
        forge.transfer_repository(&alice.caller, &alice.actor, &repository, to, None).await.unwrap();
        assert_eq!((role(&bob).await, role(&carol).await), (Role::None, Role::Write), "collaborators stay");
        let rows = store::protection::of_repository(&mut world.store.read(), repository.id).await.unwrap();
        let rules: Rules = serde_json::from_value(rows[0].rules.clone()).unwrap();
        let only_carol = Bypass { users: vec![carol.actor.account_id], teams: Vec::new() };
        assert_eq!(rules.push, Some(only_carol.clone()));
        assert_eq!(rules.required_reviews.unwrap().bypass, only_carol);
        // However the row came: a team of somebody else's gives nothing.
        let mut tx = world.store.begin().await.unwrap();
        store::teams::set_repository(&mut tx, team, repository.id, "admin").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(role(&bob).await, Role::None);
    })
    .await;
}
