//! Log streams: nothing lost, nothing twice, whatever is sent again.

use store::logs::{self, Appended};
use store::testing::on_both;

#[tokio::test]
async fn pieces_that_are_sent_again_are_stored_once_and_gaps_are_refused() {
    on_both("pieces_that_are_sent_again_are_stored_once_and_gaps_are_refused", async |database| {
        let store = database.open().await;
        let mut expected = Vec::new();
        for (offset, bytes, outcome) in [
            (0, &b"hello "[..], Appended::Stored(6)),
            // The answer was lost.
            (0, b"hello ", Appended::Stored(6)),
            // Half of it is known.
            (3, b"lo world\n", Appended::Stored(12)),
            (40, b"beyond", Appended::Gap(12)),
            (12, b"end\n", Appended::Stored(16)),
        ] {
            let mut tx = store.begin().await.unwrap();
            assert_eq!(logs::append(&mut tx, 7, 1, offset, bytes, None).await.unwrap(), outcome);
            tx.commit().await.unwrap();
            if let Appended::Stored(length) = outcome {
                let known = expected.len() - usize::try_from(offset).unwrap();
                expected.extend_from_slice(bytes.get(known..).unwrap_or_default());
                assert_eq!(expected.len(), usize::try_from(length).unwrap());
            }
        }
        // Another claim of the job has a log of its own.
        let mut tx = store.begin().await.unwrap();
        let packed = zstd::bulk::compress(b"second", 1).unwrap();
        logs::append(&mut tx, 7, 2, 0, b"second", Some(packed)).await.unwrap();
        logs::finish(&mut tx, 7, 1).await.unwrap();
        tx.commit().await.unwrap();

        let mut read = Vec::new();
        for chunk in logs::chunks(&mut store.read(), 7, 1, 0, 100).await.unwrap() {
            read.extend(chunk.bytes().unwrap());
        }
        assert_eq!(read, expected);
        let from_the_middle = logs::chunks(&mut store.read(), 7, 1, 13, 100).await.unwrap();
        assert_eq!(from_the_middle.iter().map(|chunk| chunk.start).collect::<Vec<_>>(), [12]);
        assert_eq!(logs::length(&mut store.read(), 7, 2).await.unwrap(), 6);
        assert_eq!(logs::last_of_job(&mut store.read(), 7).await.unwrap().unwrap().fence, 2);
    })
    .await;
}

#[tokio::test]
async fn a_sealed_log_stands_in_its_object() {
    on_both("a_sealed_log_stands_in_its_object", async |database| {
        let store = database.open().await;
        let mut tx = store.begin().await.unwrap();
        logs::append(&mut tx, 7, 1, 0, b"text", None).await.unwrap();
        logs::append(&mut tx, 8, 1, 0, b"still growing", None).await.unwrap();
        logs::finish(&mut tx, 7, 1).await.unwrap();
        tx.commit().await.unwrap();

        let ready = logs::unsealed(&mut store.read(), 10).await.unwrap();
        assert_eq!(ready.iter().map(|log| log.job_id).collect::<Vec<_>>(), [7]);
        let mut tx = store.begin().await.unwrap();
        assert!(logs::seal(&mut tx, &ready[0], "logs/7-1", "[[0,0],[4,13]]").await.unwrap());
        // Another server comes too late.
        assert!(!logs::seal(&mut tx, &ready[0], "logs/7-1-again", "[]").await.unwrap());
        tx.commit().await.unwrap();

        assert!(logs::chunks(&mut store.read(), 7, 1, 0, 10).await.unwrap().is_empty());
        assert_eq!(logs::find(&mut store.read(), 7, 1).await.unwrap().unwrap().object.as_deref(), Some("logs/7-1"));
        let mut tx = store.begin().await.unwrap();
        assert_eq!(logs::delete(&mut tx, 7).await.unwrap(), ["logs/7-1"]);
        tx.commit().await.unwrap();
        assert_eq!(logs::find(&mut store.read(), 7, 1).await.unwrap(), None);
    })
    .await;
}
