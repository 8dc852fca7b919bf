use std::time::Duration;

use blob::{Algorithm, Digest, Error, Store};

use crate::{names, store};

#[test]
fn pieces_over_restarts() {
    let (_dir, store) = store();
    let mut upload = store.upload("a-1").unwrap();
    upload.append(b"one ").unwrap();
    drop(upload);
    let again = Store::open(store.dir()).unwrap();
    let mut upload = again.existing_upload("a-1").unwrap();
    assert_eq!(upload.len(), 4);
    upload.append(b"two").unwrap();
    assert!(matches!(store.existing_upload("a-1"), Err(Error::UploadInUse(_))));
    let digest = Digest::of(b"one two");
    assert_eq!(upload.commit(Some(&digest)).unwrap(), (digest, 7));
    assert!(matches!(store.existing_upload("a-1"), Err(Error::UnknownUpload(_))));
    assert_eq!(store.read(&digest, 10).unwrap(), b"one two");
}

#[test]
fn taken_back_refused_and_cancelled() {
    let (_dir, store) = store();
    let mut upload = store.upload("x").unwrap();
    upload.expect_algorithm(Algorithm::Sha512);
    upload.append(b"keep").unwrap();
    upload.append(b"lost").unwrap();
    upload.truncate(4).unwrap();
    let wrong = upload.commit(Some(&Digest::of(b"keeplost"))).unwrap_err();
    assert!(matches!(wrong, Error::Mismatch { .. }), "{wrong}");
    let mut upload = store.existing_upload("x").unwrap();
    upload.append(b"!").unwrap();
    let digest = Digest::with(Algorithm::Sha512, b"keep!");
    upload.commit(Some(&digest)).unwrap();
    assert!(store.contains(&digest));

    store.upload("y").unwrap().cancel().unwrap();
    assert_eq!(names(&store, ".uploads"), Vec::<String>::new());
    for id in ["", "..", "a/b", ".hidden"] {
        assert!(matches!(store.upload(id), Err(Error::UnknownUpload(_))), "{id}");
    }
}

#[test]
fn content_that_is_there_ends_the_upload() {
    let (_dir, store) = store();
    let digest = store.put(b"same").unwrap();
    let mut upload = store.upload("z").unwrap();
    upload.append(b"same").unwrap();
    assert_eq!(upload.commit(None).unwrap(), (digest, 4));
    assert_eq!(names(&store, ".uploads"), Vec::<String>::new());
}

#[test]
fn forgotten_uploads_are_swept_held_ones_stay() {
    let (_dir, store) = store();
    drop(store.upload("forgotten").unwrap());
    let held = store.upload("held").unwrap();
    assert_eq!(store.sweep_uploads(Duration::from_secs(3600)).unwrap().files, 0);
    assert_eq!(store.sweep_uploads(Duration::ZERO).unwrap().files, 1);
    assert_eq!(names(&store, ".uploads"), ["held"]);
    drop(held);
}
