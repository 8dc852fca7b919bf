//! The audit log: whatever is done to it afterwards shows.

use identity::{Action, Caller, Error};
use store::args;
use store::testing::on_both;

use crate::fixture::Fixture;

async fn tamper(fixture: &Fixture, sql: &'static str) -> Result<i64, Error> {
    let mut tx = fixture.store.begin().await.unwrap();
    assert!(tx.execute(sql, args![]).await.unwrap() > 0, "{sql}");
    tx.commit().await.unwrap();
    fixture.identity.verify_audit().await
}

#[tokio::test]
async fn changes_show() {
    for (sql, found_at) in [
        ("UPDATE audit SET actor = 'bob' WHERE id = 3", 3),
        ("UPDATE audit SET details = '{\"a\":2}' WHERE id = 3", 3),
        ("UPDATE audit SET allowed = FALSE WHERE id = 2", 2),
        ("UPDATE audit SET repo_id = NULL WHERE id = 4", 4),
        ("DELETE FROM audit WHERE id = 3", 3),
        ("DELETE FROM audit WHERE id >= 4", 4),
        ("DELETE FROM audit", 1),
        ("UPDATE audit_head SET last_id = 2", 6),
    ] {
        on_both("changes_show", async |database| {
            let fixture = Fixture::new(database).await;
            for number in 1..=5 {
                let mut tx = fixture.store.begin().await.unwrap();
                let subject = number.to_string();
                let action = Action::new("test.act", &subject).repo(number).details(serde_json::json!({ "a": 1 }));
                fixture.identity.audit(&mut tx, &Caller::Anonymous, action).await.unwrap();
                tx.commit().await.unwrap();
            }
            assert_eq!(fixture.identity.verify_audit().await.unwrap(), 5);
            match tamper(&fixture, sql).await {
                Err(Error::AuditChain(id)) => assert_eq!(id, found_at, "{sql}"),
                other => panic!("{sql}: {other:?}"),
            }
        })
        .await;
    }
}

#[tokio::test]
async fn entries_of_many_at_once_are_one_chain() {
    on_both("entries_of_many_at_once_are_one_chain", async |database| {
        let fixture = Fixture::new(database).await;
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..8 {
            let (identity, store) = (fixture.identity.clone(), fixture.store.clone());
            tasks.spawn(async move {
                for _ in 0..10 {
                    let mut tx = store.begin().await.unwrap();
                    identity.audit(&mut tx, &Caller::Anonymous, Action::new("test.act", "x")).await.unwrap();
                    tx.commit().await.unwrap();
                    identity.refused(&Caller::Anonymous, "test.act", Some(task), "y", "because");
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        fixture.identity.flush_refusals().await;
        let entries = fixture.identity.verify_audit().await.unwrap();
        let found = store::audit::from(&mut fixture.store.read(), 1, 1000).await.unwrap();
        assert_eq!(entries, i64::try_from(found.len()).unwrap());
        let allowed = found.iter().filter(|entry| entry.allowed).count();
        let refused: i64 = found.iter().filter_map(|entry| entry.details["times"].as_i64()).sum();
        assert_eq!((allowed, refused), (80, 80));
    })
    .await;
}
