use blob::objects::{Address, Objects};
use depot::{Collected, Depot};
use store::caches::{self, Cache};
use store::testing::on_both;
use store::uploads::{self, Part, Upload};
use store::{Clock, Store};

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 24 * 60 * MINUTE;

async fn put_cache(store: &Store, objects: &Objects, repo_id: i64, key: &str, used_at: i64) -> i64 {
    let object = format!("content/{repo_id}-{key}");
    objects.put(&object, vec![0; 100].into()).await.unwrap();
    let cache = Cache {
        id: 0,
        repo_id,
        repository: "ann/app".to_owned(),
        scope: "refs/heads/main".to_owned(),
        cache_key: key.to_owned(),
        version: "1".to_owned(),
        size: 100,
        sha256: String::new(),
        object,
        run_id: "1".to_owned(),
        job: "test".to_owned(),
        created_at: used_at,
        used_at,
    };
    let mut tx = store.begin().await.unwrap();
    let id = caches::insert(&mut tx, &cache).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn keys(store: &Store, repo_id: i64) -> Vec<String> {
    let all = caches::of_repo(&mut store.read(), repo_id).await.unwrap();
    all.into_iter().map(|cache| cache.cache_key).collect()
}

#[tokio::test]
async fn caches_give_way_to_newer_ones_and_what_nobody_completed_is_given_up() {
    on_both("caches_give_way_to_newer_ones_and_what_nobody_completed_is_given_up", async |database| {
        let clock = Clock::by_hand(1_796_000_000_000_000);
        let store = database.open_with(clock.clone()).await;
        let objects = Objects::open(&Address::Directory(database.directory().join("blobs"))).unwrap();
        let depot = Depot::new(store.clone(), objects.clone());
        let now = clock.now();
        for (key, minutes) in [("a", 30), ("b", 10), ("c", 20)] {
            put_cache(&store, &objects, 7, key, now - minutes * MINUTE).await;
        }
        let other = put_cache(&store, &objects, 8, "z", now - 90 * MINUTE).await;
        // The one that was used the longest ago goes, of the repository that needs the room.
        depot.make_room(7, 250).await.unwrap();
        assert_eq!((keys(&store, 7).await, keys(&store, 8).await), (vec!["b".into(), "c".into()], vec!["z".into()]));
        assert!(objects.info("content/7-a").await.unwrap().is_none());
        assert!(objects.info("content/7-b").await.unwrap().is_some());
        // An upload whose job is gone.
        objects.put("uploads/1-x", vec![1; 10].into()).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        let upload = Upload {
            id: 0,
            repo_id: 7,
            run_id: 1,
            attempt: 1,
            job_id: 1,
            fence: 1,
            backend_id: "x".to_owned(),
            kind: "artifact".to_owned(),
            name: "out".to_owned(),
            version: String::new(),
            detail: String::new(),
            expires_at: None,
            object: None,
            size: 0,
            sha256: String::new(),
            blocks: None,
            created_at: now,
        };
        let id = uploads::insert(&mut tx, &upload).await.unwrap();
        let part = Part { part: "1".to_owned(), object: "uploads/1-x".to_owned(), size: 10 };
        uploads::put_part(&mut tx, id, &part).await.unwrap();
        tx.commit().await.unwrap();
        let gone = depot.retire(90 * DAY).await.unwrap();
        assert_eq!(gone, Collected { uploads: 1, ..Collected::default() });
        assert!(objects.info("uploads/1-x").await.unwrap().is_none());
        // Nobody used these for more than a week.
        clock.advance(8 * DAY);
        let mut tx = store.begin().await.unwrap();
        caches::touch(&mut tx, other).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(depot.retire(90 * DAY).await.unwrap(), Collected { caches: 2, ..Collected::default() });
        assert_eq!((keys(&store, 7).await.len(), keys(&store, 8).await.len()), (0, 1));
        assert_eq!(depot.retire(90 * DAY).await.unwrap(), Collected::default());
        assert_eq!(objects.list("content").await.unwrap().len(), 1);
    })
    .await;
}
