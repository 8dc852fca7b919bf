//! Tokens of every kind: made, used, expired, used up, taken back.

use identity::{
    Actor, Caller, Credentials, Error, Grant, JobGrant, Level, Need, NewAccount, Permission, Purpose, Role,
    RunnerScope, Scopes, TokenHash, TokenKind, Visibility,
};
use store::testing::on_both;

use crate::fixture::{Fixture, PASSWORD};

fn refused(result: Result<Caller, Error>) -> String {
    match result {
        Err(Error::BadCredentials { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn of_users() {
    on_both("of_users", async |database| {
        let fixture = Fixture::new(database).await;
        let user = fixture.user("ann").await;
        let caller = fixture.caller("ann").await;
        let scopes = Scopes::parse(["repo"]).unwrap();
        let expires = Some(fixture.store.now() + 60_000_000);
        let (id, token) = fixture.identity.create_token(&caller, user, "laptop", &scopes, expires).await.unwrap();
        let by_token = fixture.by_token(&token.text).await.unwrap();
        assert_eq!((by_token.login(), by_token.account_id()), (Some("ann"), Some(user)));
        // git writes it as user or as password.
        for (name, password) in
            [("ann", token.text.as_str()), ("x-access-token", &token.text), (&token.text, "x-oauth-basic")]
        {
            let basic = Credentials::Basic { user: name.to_owned(), password: password.to_owned() };
            assert_eq!(fixture.identity.authenticate(&basic, "::1").await.unwrap(), by_token);
        }
        assert!(!fixture.dump().await.contains(&*token.text));
        // Forged: of the right form, but never given out.
        let forged = TokenKind::Personal.mint().unwrap();
        assert_eq!(refused(fixture.by_token(&forged.text).await), "there is no such token, or it was deleted");
        assert_eq!(refused(fixture.by_token("tlp_x").await), "the token is of no form that is made here");
        fixture.clock.advance(60_000_000);
        assert_eq!(refused(fixture.by_token(&token.text).await), "the token `laptop` has expired");
        let (second, token) = fixture.identity.create_token(&caller, user, "other", &scopes, None).await.unwrap();
        fixture.identity.set_suspended(&caller, user, true).await.unwrap();
        assert_eq!(refused(fixture.by_token(&token.text).await), "ann is suspended");
        fixture.identity.set_suspended(&caller, user, false).await.unwrap();
        fixture.identity.delete_token(&caller, user, second).await.unwrap();
        assert_eq!(refused(fixture.by_token(&token.text).await), "there is no such token, or it was deleted");
        assert!(fixture.identity.delete_token(&caller, user + 1, id).await.is_err(), "of another user");
        let past = Some(fixture.store.now() - 1);
        assert!(fixture.identity.create_token(&caller, user, "past", &scopes, past).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn of_jobs() {
    on_both("of_jobs", async |database| {
        let fixture = Fixture::new(database).await;
        let identity = &fixture.identity;
        let issue = async |job_id: i64, fork: bool| {
            let mut tx = fixture.store.begin().await.unwrap();
            let grant = Grant::from_names([("contents", "write"), ("id-token", "write")]).unwrap();
            let expires_at = tx.now() + 1_000_000;
            let job = JobGrant { job_id, run_id: 7, repo_id: 3, grant, fork, expires_at };
            let token = identity.issue_job_token(&mut tx, &job).await.unwrap();
            tx.commit().await.unwrap();
            token
        };
        let (first, second) = (issue(1, false).await, issue(2, true).await);
        let Caller::Job(job) = fixture.by_token(&first.text).await.unwrap() else { panic!("no job") };
        assert_eq!((job.job_id, job.run_id, job.repo_id, job.fork), (1, 7, 3, false));
        assert_eq!(job.grant.to_json(), r#"{"contents":"write","id_token":"write"}"#);
        let Caller::Job(job) = fixture.by_token(&second.text).await.unwrap() else { panic!("no job") };
        assert_eq!((job.fork, job.grant.to_json().as_str()), (true, r#"{"contents":"read"}"#));
        let mut tx = fixture.store.begin().await.unwrap();
        identity.revoke_job_tokens(&mut tx, 1).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(refused(fixture.by_token(&first.text).await), "the job of this token has ended, or never was");
        fixture.clock.advance(1_000_000);
        assert_eq!(refused(fixture.by_token(&second.text).await), "the token of job 2 has expired");
        fixture.clock.advance(1);
        assert_eq!(identity.sweep().await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_link_is_void_once_somebody_was_made_without_it() {
    on_both("a_link_is_void_once_somebody_was_made_without_it", async |database| {
        let fixture = Fixture::new(database).await;
        let link = fixture.identity.set_up_token().await.unwrap().unwrap();
        fixture.identity.create_user(Actor::command_line(), &account("root"), true).await.unwrap();
        assert!(!fixture.identity.set_up_is_open(&link.text).await.unwrap());
        let made = fixture.identity.set_up(&link.text, &account("eve")).await;
        assert!(matches!(made, Err(Error::BadCredentials { .. })), "{made:?}");
    })
    .await;
}

fn account(login: &str) -> NewAccount<'_> {
    NewAccount { login, password: Some(PASSWORD), ..NewAccount::default() }
}

/// Whoever calls may be wrong: a job gets nothing that a workflow cannot ask for.
#[tokio::test]
async fn a_job_gets_what_workflows_have() {
    let database = store::testing::Database::sqlite();
    let fixture = Fixture::new(&database).await;
    let grant = Grant::new(Permission::all().map(|permission| (permission, Level::Write)));
    let mut tx = fixture.store.begin().await.unwrap();
    let expires_at = tx.now() + 1_000_000;
    let job = JobGrant { job_id: 1, run_id: 7, repo_id: 3, grant, fork: false, expires_at };
    let token = fixture.identity.issue_job_token(&mut tx, &job).await.unwrap();
    tx.commit().await.unwrap();
    let caller = fixture.by_token(&token.text).await.unwrap();
    let Caller::Job(job) = &caller else { panic!("{caller:?}") };
    let given: Vec<&str> = job.grant.iter().map(|(permission, _)| permission.name()).collect();
    insta::assert_snapshot!(
        given.join(" "),
        @"actions attestations checks contents deployments discussions id_token issues metadata models packages pages pull_requests security_events statuses"
    );
    let repo = crate::fixture::repo(3, 1, Visibility::Private);
    let actions = Need::new(Permission::Actions, Level::Write);
    assert!(fixture.identity.decide(&caller, &repo, actions).await.unwrap().is_ok());
    for role in [Role::Maintain, Role::Admin] {
        let refused = fixture.identity.decide(&caller, &repo, actions.role(role)).await.unwrap().unwrap_err();
        assert_eq!(refused.message, "Resource not accessible by integration");
    }
}

#[tokio::test]
async fn what_the_command_line_does_is_nobody_elses() {
    let database = store::testing::Database::sqlite();
    let fixture = Fixture::new(&database).await;
    let ann = fixture.user("ann").await;
    let identity = &fixture.identity;
    identity.create_token(Actor::command_line(), ann, "for ann", &Scopes::all(), None).await.unwrap();
    let mut tx = fixture.store.begin().await.unwrap();
    identity.issue_runner_token(&mut tx, Actor::command_line(), RunnerScope::Server, Purpose::Register).await.unwrap();
    tx.commit().await.unwrap();
    let entries = store::audit::list(&mut fixture.store.read(), &Default::default(), 2).await.unwrap();
    let said: Vec<_> = entries.iter().map(|one| format!("{} {} {}", one.actor_kind, one.actor, one.action)).collect();
    assert_eq!(said, ["server command line runner.token", "server command line token.create"]);
}

#[tokio::test]
async fn of_runners() {
    on_both("of_runners", async |database| {
        let fixture = Fixture::new(database).await;
        let identity = &fixture.identity;
        fixture.user("ann").await;
        let caller = fixture.caller("ann").await;
        let issue = async |scope, purpose| {
            let mut tx = fixture.store.begin().await.unwrap();
            let (token, _) = identity.issue_runner_token(&mut tx, &caller, scope, purpose).await.unwrap();
            tx.commit().await.unwrap();
            token
        };
        let take = async |text: &str, purpose| {
            let mut tx = fixture.store.begin().await.unwrap();
            let taken = identity.take_runner_token(&mut tx, text, purpose).await;
            if taken.is_ok() {
                tx.commit().await.unwrap();
            }
            taken
        };
        let token = issue(RunnerScope::Repository(4), Purpose::Register).await;
        assert!(take(&token.text, Purpose::Remove).await.is_err(), "of another kind");
        // Undone with the registration it belonged to.
        let mut tx = fixture.store.begin().await.unwrap();
        identity.take_runner_token(&mut tx, &token.text, Purpose::Register).await.unwrap();
        tx.rollback().await.unwrap();
        assert_eq!(take(&token.text, Purpose::Register).await.unwrap(), RunnerScope::Repository(4));
        assert!(take(&token.text, Purpose::Register).await.is_err(), "only once");
        let late = issue(RunnerScope::Server, Purpose::Register).await;
        fixture.clock.advance(3600 * 1_000_000);
        assert!(take(&late.text, Purpose::Register).await.is_err(), "expired");
        assert!(fixture.by_token(&late.text).await.is_err(), "not for requests");

        let mut tx = fixture.store.begin().await.unwrap();
        let before = identity.issue_runner_secret(&mut tx, 9).await.unwrap();
        let secret = identity.issue_runner_secret(&mut tx, 9).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(fixture.by_token(&secret.text).await.unwrap(), Caller::Runner(identity::RunnerCaller { id: 9 }));
        assert!(fixture.by_token(&before.text).await.is_err(), "void since there is a new one");
        let mut tx = fixture.store.begin().await.unwrap();
        identity.revoke_runner(&mut tx, 9).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(refused(fixture.by_token(&secret.text).await), "no runner has this secret");
    })
    .await;
}

#[tokio::test]
async fn the_set_up_link() {
    on_both("the_set_up_link", async |database| {
        let fixture = Fixture::new(database).await;
        let identity = &fixture.identity;
        let void = identity.set_up_token().await.unwrap().unwrap();
        let link = identity.set_up_token().await.unwrap().unwrap();
        assert!(identity.set_up_is_open(&link.text).await.unwrap());
        assert!(!identity.set_up_is_open(&void.text).await.unwrap(), "a new link voids the one before");
        let account = NewAccount { login: "root", password: Some(PASSWORD), ..NewAccount::default() };
        assert!(identity.set_up(&void.text, &account).await.is_err());
        assert!(identity.set_up(&link.text, &NewAccount { password: Some("short"), ..account }).await.is_err());
        identity.set_up(&link.text, &account).await.unwrap();
        assert!(fixture.caller("root").await.is_site_admin());
        assert!(identity.set_up(&link.text, &NewAccount { login: "evil", ..account }).await.is_err(), "only once");
        assert!(identity.set_up_token().await.unwrap().is_none(), "never again once there is a user");
        assert!(!identity.set_up_is_open(&link.text).await.unwrap());
        let taken = identity.create_user(Actor::server(), &NewAccount { login: "ROOT", ..account }, false).await;
        assert!(matches!(taken, Err(Error::Exists { field: "login", .. })), "{taken:?}");
        assert_eq!(TokenHash::of(&link.text), link.hash);
    })
    .await;
}
