//! Secrets: sealed by clients, kept in envelopes, given to the jobs they are for; another master key.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use identity::{Caller, Error, Identity, MasterKeys, SecretScope, SecretTrust, Settings, Visibility, seal_for};
use store::Query as _;
use store::testing::on_both;

use crate::fixture::{Fixture, repo};

async fn put(fixture: &Fixture, scope: SecretScope, name: &str, value: &str, visibility: &str, ids: &[i64]) -> bool {
    let mut tx = fixture.store.begin().await.unwrap();
    let caller = Caller::Anonymous;
    let put = fixture.identity.put_secret(&mut tx, &caller, scope, name, value.as_bytes(), visibility, ids);
    let new = put.await.unwrap();
    tx.commit().await.unwrap();
    new
}

async fn for_job(fixture: &Fixture, repo_id: i64, visibility: Visibility, environment: Option<i64>) -> String {
    let repo = repo(repo_id, 50, visibility);
    let secrets = fixture.identity.secrets_for_job(&repo, environment, SecretTrust::Full).await.unwrap();
    secrets.iter().map(|(name, value)| format!("{name}={} ", &**value)).collect::<String>().trim_end().to_owned()
}

#[tokio::test]
async fn the_nearest_counts() {
    on_both("the_nearest_counts", async |database| {
        let fixture = Fixture::new(database).await;
        let (org, repository, environment) =
            (SecretScope::Organization(50), SecretScope::Repository(1), SecretScope::Environment(7));
        assert!(put(&fixture, org, "a", "org-a", "all", &[]).await);
        put(&fixture, org, "b", "org-b", "private", &[]).await;
        put(&fixture, org, "c", "org-c", "selected", &[1]).await;
        put(&fixture, repository, "B", "repo-b", "", &[]).await;
        put(&fixture, environment, "B", "env-b", "", &[]).await;
        put(&fixture, SecretScope::Dependabot(1), "D", "robot-value", "", &[]).await;
        assert!(!put(&fixture, org, "A", "org-a2", "all", &[]).await, "the same name");
        let (private, public) = (Visibility::Private, Visibility::Public);
        assert_eq!(for_job(&fixture, 1, private, None).await, "A=org-a2 B=repo-b C=org-c");
        assert_eq!(for_job(&fixture, 1, private, Some(7)).await, "A=org-a2 B=env-b C=org-c");
        assert_eq!(for_job(&fixture, 2, private, None).await, "A=org-a2 B=org-b");
        assert_eq!(for_job(&fixture, 2, public, None).await, "A=org-a2");
        let repo = repo(1, 50, private);
        let of = async |trust| fixture.identity.secrets_for_job(&repo, Some(7), trust).await.unwrap();
        assert!(of(SecretTrust::None).await.is_empty(), "a fork gets none");
        assert_eq!(of(SecretTrust::Dependabot).await.keys().collect::<Vec<_>>(), ["D"]);
        let dump = fixture.dump().await;
        for value in ["org-a", "org-b", "org-c", "repo-b", "env-b", "robot-value"] {
            assert!(!dump.contains(value), "{value} lies in SQL");
        }
    })
    .await;
}

#[tokio::test]
async fn sealed_boxes() {
    on_both("sealed_boxes", async |database| {
        let fixture = Fixture::new(database).await;
        let identity = &fixture.identity;
        let scope = SecretScope::Repository(1);
        let (key_id, public) = identity.sealed_box_key(scope).await.unwrap();
        assert_eq!(identity.sealed_box_key(scope).await.unwrap(), (key_id.clone(), public.clone()));
        let public: [u8; 32] = BASE64_STANDARD.decode(&public).unwrap().try_into().unwrap();
        let sealed = BASE64_STANDARD.encode(seal_for(&public, b"hush").unwrap());
        assert_eq!(identity.open_sealed_box(scope, &key_id, &sealed).await.unwrap().as_slice(), b"hush");
        let (other_id, _) = identity.sealed_box_key(SecretScope::Repository(2)).await.unwrap();
        for (scope, id, value) in [
            (scope, other_id.as_str(), sealed.as_str()),
            (SecretScope::Repository(2), &other_id, &sealed),
            (scope, &key_id, "no base64!"),
            (scope, &key_id, "AAAA"),
        ] {
            let refused = identity.open_sealed_box(scope, id, value).await;
            assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_secret_in_anothers_place_does_not_open() {
    on_both("a_secret_in_anothers_place_does_not_open", async |database| {
        let fixture = Fixture::new(database).await;
        put(&fixture, SecretScope::Repository(1), "A", "hush", "", &[]).await;
        // Somebody who can write to the database, but has no master key, moves it to a repository of theirs.
        let mut tx = fixture.store.begin().await.unwrap();
        tx.execute("UPDATE secrets SET scope_id = 2", vec![]).await.unwrap();
        tx.commit().await.unwrap();
        let moved = fixture.identity.secrets_for_job(&repo(2, 50, Visibility::Private), None, SecretTrust::Full).await;
        assert!(matches!(moved, Err(Error::Envelope(_))), "{moved:?}");
    })
    .await;
}

#[tokio::test]
async fn another_master_key_while_the_server_runs() {
    on_both("another_master_key_while_the_server_runs", async |database| {
        let fixture = Fixture::new(database).await;
        let identity = &fixture.identity;
        for number in 0..450 {
            put(&fixture, SecretScope::Repository(number % 7), &format!("S{number}"), "hush", "", &[]).await;
        }
        identity.sealed_box_key(SecretScope::Repository(1)).await.unwrap();
        let envelopes = async || {
            let sql = "SELECT sealed FROM secrets ORDER BY id";
            fixture.store.read().fetch_all::<Vec<u8>>(sql, vec![]).await.unwrap()
        };
        let before = envelopes().await;
        identity.replace_keys(MasterKeys::from_bytes([2; 32], &[[1; 32]]));
        put(&fixture, SecretScope::Repository(1), "NEW", "hush", "", &[]).await;
        assert_eq!(identity.rewrap().await.unwrap(), 450 + 2, "every secret, the pair, the audit log's key");
        assert_eq!(identity.rewrap().await.unwrap(), 0);
        let after = envelopes().await;
        assert!(before.iter().zip(&after).all(|(before, after)| before[1..9] != after[1..9]));
        // The old key is of no more use, the new one opens everything.
        let restart = async |key: [u8; 32]| {
            let keys = MasterKeys::from_bytes(key, &[]);
            Identity::start(fixture.store.clone(), keys, Settings::default()).await
        };
        assert!(matches!(restart([1; 32]).await, Err(Error::UnknownKey(_))));
        let restarted = restart([2; 32]).await.unwrap();
        let found =
            restarted.secrets_for_job(&repo(1, 50, Visibility::Private), None, SecretTrust::Full).await.unwrap();
        assert_eq!(found["NEW"].as_str(), "hush");
        assert!(found.len() > 60);
        restarted.verify_audit().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn variables() {
    on_both("variables", async |database| {
        let fixture = Fixture::new(database).await;
        let identity = &fixture.identity;
        let caller = Caller::Anonymous;
        let mut tx = fixture.store.begin().await.unwrap();
        for (scope, name, value) in [
            (SecretScope::Organization(50), "region", "eu"),
            (SecretScope::Repository(1), "Region", "us"),
            (SecretScope::Repository(1), "tier", "1"),
            (SecretScope::Environment(7), "TIER", "2"),
        ] {
            identity.create_variable(&mut tx, &caller, scope, name, value, "all", &[]).await.unwrap();
        }
        let again =
            identity.create_variable(&mut tx, &caller, SecretScope::Repository(1), "TIER", "", "all", &[]).await;
        assert!(matches!(again, Err(Error::Exists { .. })), "{again:?}");
        tx.commit().await.unwrap();
        let of = async |repo_id, environment| {
            let repo = repo(repo_id, 50, Visibility::Public);
            let found = identity.variables_for_job(&repo, environment).await.unwrap();
            found.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(of(1, None).await, "REGION=us TIER=1");
        assert_eq!(of(1, Some(7)).await, "REGION=us TIER=2");
        assert_eq!(of(2, None).await, "REGION=eu");
    })
    .await;
}
