//! The outbox: in which order events are looked at.

use store::events::{ActorKind, Facts, NewEvent};
use store::testing::on_both;

fn event(repo_id: i64) -> NewEvent {
    NewEvent {
        repo_id,
        name: "push".to_owned(),
        action: None,
        git_ref: "refs/heads/main".to_owned(),
        before: None,
        sha: String::new(),
        facts: Facts::default(),
        actor_id: None,
        actor_login: "ann".to_owned(),
        actor_kind: ActorKind::User,
        payload: serde_json::json!({}),
    }
}

#[tokio::test]
async fn events_of_a_repository_keep_their_order_and_hold_up_no_other() {
    on_both("events_of_a_repository_keep_their_order_and_hold_up_no_other", async |database| {
        let store = database.open().await;
        let mut ids = Vec::new();
        for repo_id in [1, 1, 2, 2] {
            let mut tx = store.begin().await.expect("begin");
            ids.push(store::events::append(&mut tx, &event(repo_id)).await.expect("append"));
            tx.commit().await.expect("commit");
        }
        let pending = async || store::events::pending(&mut store.read(), 10).await.expect("pending");
        assert_eq!(pending().await, [ids[0], ids[2]]);
        // It cannot be processed now: what comes after it in its repository waits, too.
        let mut tx = store.begin().await.expect("begin");
        store::events::postpone(&mut tx, ids[0], "git is away", 3_600_000_000, 12).await.expect("postpone");
        store::events::done(&mut tx, ids[2]).await.expect("done");
        tx.commit().await.expect("commit");
        assert_eq!(pending().await, [ids[3]]);
        // It still cannot: that is its own affair by now.
        let mut tx = store.begin().await.expect("begin");
        for _ in 0..8 {
            store::events::postpone(&mut tx, ids[0], "a commit is not there", 3_600_000_000, 12)
                .await
                .expect("postpone");
        }
        tx.commit().await.expect("commit");
        assert_eq!(pending().await, [ids[1], ids[3]]);
        let mut tx = store.begin().await.expect("begin");
        store::events::done(&mut tx, ids[0]).await.expect("done");
        tx.commit().await.expect("commit");
        assert_eq!(pending().await, [ids[1], ids[3]]);
    })
    .await;
}
