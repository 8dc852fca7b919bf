//! The store from outside: blobs, uploads, collection, and killed writers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod blobs;
mod collection;
mod crash;
mod objects;
mod uploads;

use blob::Store;
use tempfile::TempDir;

fn store() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path().join("blobs")).unwrap();
    (dir, store)
}

/// The names in one of the store's directories.
fn names(store: &Store, dir: &str) -> Vec<String> {
    let entries = std::fs::read_dir(store.dir().join(dir)).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
