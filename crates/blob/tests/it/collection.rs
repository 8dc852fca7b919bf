use std::collections::HashSet;
use std::fs::File;
use std::io::Read as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use blob::{Collected, Digest, Store};

use crate::{names, store};

const HOUR: Duration = Duration::from_secs(3600);

fn put_old(store: &Store, content: &[u8]) -> Digest {
    let digest = store.put(content).unwrap();
    make_old(store, &digest);
    digest
}

/// Does nothing when it was collected meanwhile.
fn make_old(store: &Store, digest: &Digest) {
    if let Ok(file) = File::options().write(true).open(store.path(digest)) {
        file.set_modified(SystemTime::now() - 2 * HOUR).unwrap();
    }
}

#[test]
fn only_what_nobody_needs_goes() {
    let (_dir, store) = store();
    let kept = put_old(&store, b"kept");
    let fresh = store.put(b"fresh").unwrap();
    let held = put_old(&store, b"held");
    let leased = put_old(&store, b"leased");
    let gone = put_old(&store, b"gone");
    let mut reader = store.open_blob(&gone).unwrap();
    assert!(store.hold(&held).unwrap());
    let mut lease = store.lease().unwrap();
    assert!(lease.add(&leased).unwrap());
    assert!(!lease.add(&Digest::of(b"to come")).unwrap());

    let keep = HashSet::from([kept]);
    assert_eq!(store.collect(&keep, HOUR).unwrap(), Collected { blobs: 1, bytes: 4 });
    for digest in [kept, fresh, held, leased] {
        assert!(store.contains(&digest));
    }
    assert!(!store.contains(&gone) && !store.hold(&gone).unwrap());
    let mut content = String::new();
    reader.read_to_string(&mut content).unwrap();
    assert_eq!(content, "gone");

    drop(lease);
    assert_eq!(names(&store, ".leases"), Vec::<String>::new());
    assert_eq!(store.collect(&keep, HOUR).unwrap().blobs, 1);
    assert!(!store.contains(&leased));
}

#[test]
fn what_was_held_since_the_start_is_safe_without_grace() {
    let (_dir, store) = store();
    let held = put_old(&store, b"held");
    let written_again = put_old(&store, b"written again");
    let gone = put_old(&store, b"gone");
    let start = Store::now();
    store.hold(&held).unwrap();
    store.put(b"written again").unwrap();
    store.collect_before(&HashSet::new(), start).unwrap();
    assert!(store.contains(&held) && store.contains(&written_again) && !store.contains(&gone));
}

/// What `hold` acknowledged stays, whatever collections run at the same time.
#[test]
fn collections_beside_writers() {
    let (_dir, store) = store();
    let done = AtomicBool::new(false);
    let removed = std::thread::scope(|scope| {
        let collector = scope.spawn(|| {
            let mut removed = 0;
            while !done.load(Ordering::Relaxed) {
                removed += store.collect(&HashSet::new(), HOUR).unwrap().blobs;
            }
            removed
        });
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let store = &store;
                scope.spawn(move || {
                    for round in 0..60 {
                        // Each writer has contents of its own: nobody else makes them old again.
                        let content = format!("{writer} {}", round % 7);
                        let digest = store.put(content.as_bytes()).unwrap();
                        make_old(store, &digest);
                        if store.hold(&digest).unwrap() {
                            assert_eq!(store.read(&digest, 100).unwrap(), content.as_bytes());
                        }
                        store.put(content.as_bytes()).unwrap();
                        assert_eq!(store.read(&digest, 100).unwrap(), content.as_bytes());
                        make_old(store, &digest);
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        done.store(true, Ordering::Relaxed);
        collector.join().unwrap()
    });
    let left = store.collect(&HashSet::new(), HOUR).unwrap().blobs;
    assert!(removed + left >= 28, "{removed} {left}");
}
