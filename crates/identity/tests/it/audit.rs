//! The audit log: whatever is done to it afterwards shows.

use identity::{Action, AuditAnchor, Caller, Error};
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

/// The last id and hash that the database names are those of any entry: the anchor is not in the database.
#[tokio::test]
async fn a_log_that_was_cut_off_shows() {
    on_both("a_log_that_was_cut_off_shows", async |database| {
        let fixture = Fixture::new(database).await;
        let identity = &fixture.identity;
        let directory = tempfile::tempdir().unwrap();
        let anchor = AuditAnchor::at(directory.path().join("audit.anchor"));
        let append = async |count: i64| {
            for number in 0..count {
                let mut tx = fixture.store.begin().await.unwrap();
                let subject = number.to_string();
                identity.audit(&mut tx, &Caller::Anonymous, Action::new("test.act", &subject)).await.unwrap();
                tx.commit().await.unwrap();
            }
        };
        assert_eq!(identity.check_audit_anchor(&anchor).await.unwrap(), None);
        append(5).await;
        identity.move_audit_anchor(&anchor).await.unwrap();
        append(3).await;
        assert_eq!(identity.check_audit_anchor(&anchor).await.unwrap(), Some(5), "the log went on");
        identity.move_audit_anchor(&anchor).await.unwrap();
        assert_eq!(identity.check_audit_anchor(&anchor).await.unwrap(), Some(8));
        let mut tx = fixture.store.begin().await.unwrap();
        tx.execute("DELETE FROM audit WHERE id > 6", args![]).await.unwrap();
        let head = "UPDATE audit_head SET last_id = 6, hash = (SELECT hash FROM audit WHERE id = 6)";
        tx.execute(head, args![]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(identity.verify_audit().await.unwrap(), 6, "by itself the chain is whole");
        assert!(matches!(identity.check_audit_anchor(&anchor).await, Err(Error::AuditCut(8))));
        // It does not move along, also when the log has grown past it.
        append(4).await;
        assert!(matches!(identity.move_audit_anchor(&anchor).await, Err(Error::AuditCut(8))));
        assert!(matches!(identity.check_audit_anchor(&anchor).await, Err(Error::AuditCut(8))));
    })
    .await;
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
