//! Writers killed at any point. The test binary starts itself again as the writer.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use blob::{Digest, Store};

use crate::{names, store};

const DIR: &str = "BLOB_TEST_CRASH_DIR";

fn content(number: u64) -> Vec<u8> {
    format!("{number} ").repeat(20_000).into_bytes()
}

/// The writer: stores blob after blob and says so after each, until it is killed.
#[test]
fn writer_process() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let store = Store::open(dir).unwrap();
    for number in 0.. {
        let mut upload = store.upload("one").unwrap();
        upload.truncate(0).unwrap();
        let content = content(number);
        let (first, second) = content.split_at(content.len() / 2);
        upload.append(first).unwrap();
        upload.append(second).unwrap();
        let digest = if number % 2 == 0 { upload.commit(None).unwrap().0 } else { store.put(&content).unwrap() };
        println!("\nstored {digest}");
    }
}

#[test]
fn killed_writers_lose_nothing_and_leave_nothing_half() {
    let (_dir, store) = store();
    for round in 0..12 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["crash::writer_process", "--exact", "--nocapture", "--test-threads=1"])
            .env(DIR, store.dir())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut acknowledged = Vec::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while acknowledged.len() < round + 1 {
            let line = lines.next().expect("the writer goes on until it is killed").unwrap();
            acknowledged.extend(line.strip_prefix("stored ").map(|digest| digest.parse::<Digest>().unwrap()));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        for digest in acknowledged {
            assert!(store.contains(&digest), "{digest} was acknowledged");
        }
        for digest in store.iter().unwrap().map(Result::unwrap) {
            let content = store.read(&digest, u64::MAX).unwrap();
            assert_eq!(Digest::with(digest.algorithm(), &content), digest);
        }
    }
    // The lock of a killed writer is gone: the upload goes on, and what was temporary is swept once it has settled.
    store.existing_upload("one").or_else(|_| store.upload("one")).unwrap().cancel().unwrap();
    for name in names(&store, ".tmp") {
        let old = std::time::SystemTime::now() - std::time::Duration::from_secs(120);
        let path = store.dir().join(".tmp").join(name);
        std::fs::File::options().write(true).open(path).unwrap().set_modified(old).unwrap();
    }
    let store = Store::open(store.dir()).unwrap();
    assert_eq!(names(&store, ".tmp"), Vec::<String>::new());
}
