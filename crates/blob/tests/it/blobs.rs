use std::io::{Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;

use blob::{Algorithm, Digest, Error};

use crate::{names, store};

#[test]
fn what_is_written_is_there_once() {
    let (_dir, store) = store();
    for _ in 0..2 {
        let mut writer = store.writer().unwrap();
        writer.write_all(b"some ").unwrap();
        writer.write_all(b"content").unwrap();
        assert_eq!(writer.written(), 12);
        let (digest, size) = writer.commit(None).unwrap();
        assert_eq!((digest, size), (Digest::of(b"some content"), 12));
    }
    assert_eq!(names(&store, "sha256").len(), 1);
    assert_eq!(names(&store, ".tmp"), Vec::<String>::new());
    let digest = Digest::of(b"some content");
    assert_eq!(store.path(&digest), store.dir().join("sha256").join(digest.hex()));
    assert_eq!(store.size(&digest).unwrap(), Some(12));
    let mut content = String::new();
    store.open_blob(&digest).unwrap().read_to_string(&mut content).unwrap();
    assert_eq!(content, "some content");
    assert!(matches!(store.read(&digest, 11), Err(Error::TooLarge { size: 12, limit: 11, .. })));
    assert_eq!(store.read(&digest, 12).unwrap(), b"some content");
}

#[test]
fn both_algorithms_and_the_empty_blob() {
    let (_dir, store) = store();
    let long = store.put_with(Algorithm::Sha512, b"x").unwrap();
    let short = store.put(b"").unwrap();
    // Known only in the end: hashed again.
    let mut writer = store.writer().unwrap();
    writer.append(b"late").unwrap();
    let late = Digest::with(Algorithm::Sha512, b"late");
    assert_eq!(writer.commit(Some(&late)).unwrap(), (late, 4));
    let mut all: Vec<Digest> = store.iter().unwrap().map(Result::unwrap).collect();
    all.sort();
    let mut expected = vec![short, long, late];
    expected.sort();
    assert_eq!(all, expected);
}

#[test]
fn wrong_content_and_dropped_writers_leave_nothing() {
    let (_dir, store) = store();
    let expected = Digest::of(b"right");
    let mut writer = store.writer().unwrap();
    writer.append(b"wrong").unwrap();
    let error = writer.commit(Some(&expected)).unwrap_err();
    assert!(matches!(error, Error::Mismatch { expected: e, found } if e == expected && found == Digest::of(b"wrong")));
    let mut writer = store.writer().unwrap();
    writer.append(b"half").unwrap();
    drop(writer);
    assert_eq!(store.iter().unwrap().count(), 0);
    assert_eq!(names(&store, ".tmp"), Vec::<String>::new());
    assert!(matches!(store.open_blob(&expected), Err(Error::Missing(digest)) if digest == expected));
}

#[test]
fn a_blob_cut_short_by_the_disk_is_replaced() {
    let (_dir, store) = store();
    let digest = store.put(b"whole").unwrap();
    std::fs::write(store.path(&digest), "wh").unwrap();
    let mut writer = store.writer().unwrap();
    writer.append(b"whole").unwrap();
    writer.commit(Some(&digest)).unwrap();
    assert_eq!(store.read(&digest, 100).unwrap(), b"whole");
}

#[test]
fn files_and_stores_are_linked_not_copied() {
    let (dir, store) = store();
    let file = dir.path().join("file");
    std::fs::write(&file, "linked").unwrap();
    let (digest, size) = store.link_in(&file).unwrap();
    assert_eq!((digest, size), (Digest::of(b"linked"), 6));
    let inode = file.metadata().unwrap().ino();
    assert_eq!(store.path(&digest).metadata().unwrap().ino(), inode);

    let other = blob::Store::open(dir.path().join("other")).unwrap();
    assert!(other.share_from(&store, &digest).unwrap());
    assert!(other.share_from(&store, &digest).unwrap());
    assert!(!other.share_from(&store, &Digest::of(b"unknown")).unwrap());
    assert_eq!(other.path(&digest).metadata().unwrap().ino(), inode);
    assert!(store.delete(&digest).unwrap());
    assert!(!store.delete(&digest).unwrap());
    assert!(other.contains(&digest));
}
