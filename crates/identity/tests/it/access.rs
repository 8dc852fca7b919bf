//! Roles from every source, and what callers of every kind may do.

use identity::{
    Caller, Credentials, Error, FineGrained, Grant, JobGrant, Level, OrgRole, Permission, RepoRef, Role, Scopes,
    Settings, Visibility,
};
use store::testing::on_both;

use crate::fixture::{Fixture, repo};

#[tokio::test]
async fn the_greatest_role_counts() {
    on_both("the_greatest_role_counts", async |database| {
        let fixture = Fixture::new(database).await;
        let identity = &fixture.identity;
        let (owner, member, outsider) =
            (fixture.user("owner").await, fixture.user("member").await, fixture.user("outsider").await);
        let org = identity.create_org(identity::Actor::server(), "acme", None, owner).await.unwrap();
        let private = repo(1, org, Visibility::Private);
        let mut tx = fixture.store.begin().await.unwrap();
        store::users::set_membership(&mut tx, org, member, "member").await.unwrap();
        tx.commit().await.unwrap();
        let role = async |user: i64, repo: &RepoRef| identity.role_of_user(user, repo).await.unwrap();
        assert_eq!(role(owner, &private).await, Role::Admin);
        assert_eq!(role(member, &private).await, Role::Read, "the organisation's default");
        assert_eq!(role(outsider, &private).await, Role::None);
        assert_eq!(role(outsider, &repo(1, org, Visibility::Internal)).await, Role::Read);
        assert_eq!(role(outsider, &repo(2, outsider, Visibility::Private)).await, Role::Admin);

        let mut tx = fixture.store.begin().await.unwrap();
        let team = store::teams::insert(&mut tx, org, "core", "Core", None, "closed").await.unwrap();
        store::teams::set_member(&mut tx, team, member, "member").await.unwrap();
        store::teams::set_repository(&mut tx, team, 1, "maintain").await.unwrap();
        store::roles::set_collaborator(&mut tx, 1, outsider, "triage").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(role(member, &private).await, Role::Maintain);
        assert_eq!(role(member, &repo(3, org, Visibility::Private)).await, Role::Read);
        assert_eq!(role(outsider, &private).await, Role::Triage);

        let mut tx = fixture.store.begin().await.unwrap();
        assert!(store::users::remove_membership(&mut tx, org, member).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(role(member, &private).await, Role::None, "and out of its teams");
        let caller = fixture.caller("owner").await;
        assert_eq!(identity.org_role(&caller, org).await.unwrap(), OrgRole::Owner);
    })
    .await;
}

/// One line a caller: what reading, writing and administering a private, an internal and a public repository gives.
async fn line(fixture: &Fixture, caller: &Caller, owner: i64) -> String {
    let mut line = String::new();
    for visibility in [Visibility::Private, Visibility::Internal, Visibility::Public] {
        for (permission, level) in [
            (Permission::Contents, Level::Read),
            (Permission::Contents, Level::Write),
            (Permission::Administration, Level::Write),
        ] {
            let result = fixture.identity.allow(caller, &repo(1, owner, visibility), permission, level).await;
            line.push_str(&match result {
                Ok(()) => "ok  ".to_owned(),
                Err(Error::Denied(denied)) => format!("{} ", denied.status),
                Err(other) => panic!("{other}"),
            });
        }
        line.push_str("| ");
    }
    line.trim_end_matches([' ', '|']).to_owned()
}

#[tokio::test]
async fn callers_of_every_kind() {
    on_both("callers_of_every_kind", async |database| {
        let fixture = Fixture::new(database).await;
        let identity = &fixture.identity;
        let owner = fixture.user("owner").await;
        fixture.user("reader").await;
        fixture.user("writer").await;
        fixture.user("stranger").await;
        let mut tx = fixture.store.begin().await.unwrap();
        for (login, role) in [("reader", "read"), ("writer", "write")] {
            let user = store::users::by_login(&mut tx, login).await.unwrap().unwrap();
            store::roles::set_collaborator(&mut tx, 1, user.id, role).await.unwrap();
        }
        let job = async |tx: &mut store::Tx, repo_id: i64, fork: bool| {
            let grant = Grant::from_names([("contents", "write")]).unwrap();
            let expires_at = tx.now() + 1_000_000;
            let job = JobGrant { job_id: 1, run_id: 1, repo_id, grant, fork, expires_at };
            identity.issue_job_token(tx, &job).await.unwrap()
        };
        let (own, fork, foreign) =
            (job(&mut tx, 1, false).await, job(&mut tx, 1, true).await, job(&mut tx, 2, false).await);
        tx.commit().await.unwrap();
        let owner_caller = fixture.caller("owner").await;
        let classic = async |scopes: &str| {
            let scopes = Scopes::parse(scopes.split(' ')).unwrap();
            identity.create_token(&owner_caller, owner, "t", &scopes, None).await.unwrap().1
        };
        let fine = async |permissions: &[(&str, &str)], ids: Option<Vec<i64>>| {
            let grant = Grant::from_names(permissions.iter().copied()).unwrap();
            let what = FineGrained { owner_id: owner, grant, repository_ids: ids };
            identity.create_fine_grained_token(&owner_caller, owner, "f", &what, None).await.unwrap().1
        };
        let mut callers: Vec<(&str, Caller)> = vec![("nobody", Caller::Anonymous)];
        for login in ["stranger", "reader", "writer", "owner"] {
            callers.push((login, fixture.caller(login).await));
        }
        for (name, token) in [
            ("owner, no scope", classic("").await),
            ("owner, public_repo", classic("public_repo").await),
            ("owner, repo", classic("repo").await),
            ("owner, contents: read", fine(&[("contents", "read")], None).await),
            ("owner, administration: write", fine(&[("administration", "write")], None).await),
            ("owner, of another repository", fine(&[("contents", "write")], Some(vec![2])).await),
            ("job", own),
            ("job of a fork", fork),
            ("job of another repository", foreign),
        ] {
            callers.push((name, fixture.by_token(&token.text).await.unwrap()));
        }
        let mut table = String::new();
        for (name, caller) in &callers {
            table.push_str(&format!("{name:<29} {}\n", line(&fixture, caller, owner).await));
        }
        insta::allow_duplicates! { insta::assert_snapshot!(table, @r"
        nobody                        401 401 401 | 401 401 401 | 401 401 401
        stranger                      404 404 404 | ok  403 403 | ok  403 403
        reader                        ok  403 403 | ok  403 403 | ok  403 403
        writer                        ok  ok  403 | ok  ok  403 | ok  ok  403
        owner                         ok  ok  ok  | ok  ok  ok  | ok  ok  ok
        owner, no scope               404 404 404 | 404 404 404 | ok  403 403
        owner, public_repo            404 404 404 | 404 404 404 | ok  ok  403
        owner, repo                   ok  ok  ok  | ok  ok  ok  | ok  ok  ok
        owner, contents: read         ok  403 403 | ok  403 403 | ok  403 403
        owner, administration: write  403 403 ok  | 403 403 ok  | 403 403 ok
        owner, of another repository  404 404 404 | 404 404 404 | ok  403 403
        job                           ok  ok  403 | ok  ok  403 | ok  ok  403
        job of a fork                 ok  403 403 | ok  403 403 | ok  403 403
        job of another repository     404 404 404 | 404 404 404 | ok  403 403
        "); }
        identity.flush_refusals().await;
        let entries =
            store::audit::list(&mut fixture.store.read(), &store::audit::Filter::default(), 1000).await.unwrap();
        assert!(entries.iter().any(|entry| !entry.allowed && entry.actor == "stranger" && entry.repo_id == Some(1)));
    })
    .await;
}

#[tokio::test]
async fn an_open_server_shows_what_is_public() {
    on_both("an_open_server_shows_what_is_public", async |database| {
        let fixture = Fixture::with(database, Settings { open: true, ..Settings::default() }).await;
        let owner = fixture.user("owner").await;
        let line = line(&fixture, &Caller::Anonymous, owner).await;
        assert_eq!(line, "404 404 404 | 404 404 404 | ok  401 401");
        let archived = RepoRef { archived: true, ..repo(1, owner, Visibility::Public) };
        let caller = fixture.caller("owner").await;
        let allow =
            async |permission, level| fixture.identity.allow(&caller, &archived, permission, level).await.is_ok();
        assert!(
            allow(Permission::Contents, Level::Read).await && allow(Permission::Administration, Level::Write).await
        );
        assert!(!allow(Permission::Contents, Level::Write).await);
    })
    .await;
}

#[tokio::test]
async fn administrators_of_the_server() {
    on_both("administrators_of_the_server", async |database| {
        let fixture = Fixture::new(database).await;
        let id = fixture.user("root").await;
        let mut tx = fixture.store.begin().await.unwrap();
        store::users::set_site_admin(&mut tx, id, true).await.unwrap();
        tx.commit().await.unwrap();
        let caller = fixture.caller("root").await;
        assert!(fixture.identity.allow_site_admin(&caller).is_ok());
        let somebody = fixture.user("somebody").await;
        assert_eq!(line(&fixture, &caller, somebody).await, "ok  ok  ok  | ok  ok  ok  | ok  ok  ok");
        for (scopes, expected) in [("repo", false), ("repo site_admin", true)] {
            let scopes = Scopes::parse(scopes.split(' ')).unwrap();
            let token = fixture.identity.create_token(&caller, id, "t", &scopes, None).await.unwrap().1;
            let by_token = fixture.by_token(&token.text).await.unwrap();
            assert_eq!(fixture.identity.allow_site_admin(&by_token).is_ok(), expected, "{scopes}");
        }
        let nobody = Credentials::None;
        let nobody = fixture.identity.authenticate(&nobody, "::1").await.unwrap();
        assert!(fixture.identity.allow_site_admin(&nobody).is_err());
    })
    .await;
}
