//! The artifact store's Rust interface.

use services::{
    ArtifactFile, ArtifactOwner, ArtifactStore, Compression, Content, Downloaded, Error, UploadOptions, list_artifacts,
};
use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use tempfile::TempDir;

fn owner() -> ArtifactOwner {
    ArtifactOwner { run_id: "1".into(), job_id: "build (1)".into() }
}

fn files(dir: &Path) -> Vec<ArtifactFile> {
    fs::create_dir_all(dir.join("src")).unwrap();
    fs::write(dir.join("src/a.txt"), "alpha").unwrap();
    fs::write(dir.join("src/empty"), "").unwrap();
    fs::set_permissions(dir.join("src/a.txt"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("a.txt", dir.join("src/link")).unwrap();
    let file = |name: &str, path: &str| ArtifactFile { source: Some(dir.join(name)), path: path.into() };
    vec![
        file("src/a.txt", "deep/er/a.txt"),
        file("src/empty", "empty"),
        file("src/link", "link"),
        ArtifactFile { source: None, path: "hollow".into() },
    ]
}

#[test]
fn zips_round_trip_at_every_level() {
    let dir = TempDir::new().unwrap();
    let store = ArtifactStore::open(&dir.path().join("run"));
    let files = files(dir.path());
    for level in [0, 1, 6, 9] {
        let name = format!("level {level}");
        let options = UploadOptions { compression: Compression::level(level).unwrap(), ..UploadOptions::default() };
        let artifact = store.upload_zip(&name, &owner(), files.clone(), &options).unwrap();
        let to = dir.path().join(&name);
        assert_eq!(store.download(&artifact, &to).unwrap(), Downloaded { files: 3, bytes: 10 });
        assert_eq!(fs::read_to_string(to.join("deep/er/a.txt")).unwrap(), "alpha");
        assert_eq!(fs::read_to_string(to.join("link")).unwrap(), "alpha");
        assert!(to.join("hollow").is_dir());
        assert!(!to.join("link").symlink_metadata().unwrap().is_symlink());
        assert_eq!(fs::metadata(to.join("deep/er/a.txt")).unwrap().permissions().mode() & 0o111, 0);
        // Downloading over what is there replaces it.
        store.download(&artifact, &to).unwrap();
    }
    assert!(Compression::level(10).is_none());
    let names: Vec<String> = list_artifacts(&dir.path().join("run")).unwrap().into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["level 0", "level 1", "level 6", "level 9"]);
}

#[test]
fn raw_content_keeps_its_bytes() {
    let dir = TempDir::new().unwrap();
    let store = ArtifactStore::open(dir.path());
    let artifact =
        store.upload_raw("report.txt", &owner(), "text/plain", &b"abc"[..], &UploadOptions::default()).unwrap();
    assert_eq!(artifact.digest, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!((artifact.id, artifact.size), (1, 3));
    store.download(&artifact, &dir.path().join("down")).unwrap();
    assert_eq!(fs::read(dir.path().join("down/report.txt")).unwrap(), b"abc");
    store.save_as(&artifact, &dir.path().join("copy")).unwrap();
    assert_eq!(fs::read(dir.path().join("copy")).unwrap(), b"abc");
    assert_eq!(store.get_by_id(1).unwrap(), artifact);
}

#[test]
fn names_are_taken_once() {
    let dir = TempDir::new().unwrap();
    let store = ArtifactStore::open(dir.path());
    let upload = |content: &[u8], overwrite| {
        let options = UploadOptions { overwrite, ..UploadOptions::default() };
        store.upload_raw("x", &owner(), "text/plain", content, &options)
    };
    let first = upload(b"1", false).unwrap();
    assert!(matches!(upload(b"2", false), Err(Error::ArtifactExists { .. })));
    let second = upload(b"3", true).unwrap();
    assert!(second.id > first.id);
    assert!(matches!(store.reader(&first), Err(Error::NoArtifact { .. })));
    assert_eq!(store.list().unwrap(), [second]);
    store.delete("x").unwrap();
    assert!(matches!(store.delete("x"), Err(Error::NoArtifact { .. })));
    assert!(matches!(store.get("x"), Err(Error::NoArtifact { .. })));
    assert_eq!(fs::read_dir(dir.path().join("artifacts/blobs")).unwrap().count(), 0);
    // Ids are not used again, so that no address points to other content.
    assert_eq!(upload(b"4", false).unwrap().id, 3);
}

#[test]
fn an_upload_not_finished_never_was() {
    let dir = TempDir::new().unwrap();
    let store = ArtifactStore::open(dir.path());
    let mut pending = store.begin("x", &owner(), &UploadOptions::default()).unwrap();
    pending.write_all(b"half").unwrap();
    drop(pending);
    assert!(store.list().unwrap().is_empty());
    let mut pending = store.begin("x", &owner(), &UploadOptions::default()).unwrap();
    pending.write_all(b"whole").unwrap();
    assert_eq!(pending.finish(Content::Zip).unwrap().size, 5);
}

#[test]
fn bad_uploads() {
    let dir = TempDir::new().unwrap();
    let store = ArtifactStore::open(dir.path());
    let source = dir.path().join("file");
    fs::write(&source, "x").unwrap();
    let upload = |name: &str, paths: &[&str]| {
        let files = paths.iter().map(|path| ArtifactFile { source: Some(source.clone()), path: (*path).into() });
        store.upload_zip(name, &owner(), files, &UploadOptions::default())
    };
    assert!(matches!(upload("../x", &["a"]), Err(Error::Name(_))));
    assert!(matches!(upload("x", &["../a"]), Err(Error::Name(_))));
    assert!(matches!(upload("x", &["/a"]), Err(Error::Name(_))));
    assert!(matches!(upload("x", &["a?"]), Err(Error::Name(_))));
    assert!(matches!(upload("x", &["a", "a"]), Err(Error::Archive { .. })));
    let missing = [ArtifactFile { source: Some(dir.path().join("none")), path: "a".into() }];
    assert!(matches!(store.upload_zip("x", &owner(), missing, &UploadOptions::default()), Err(Error::Io { .. })));
    assert!(store.list().unwrap().is_empty());
}

/// A zip made by hand, whose one entry is called `../evil`, stored.
fn evil_zip() -> Vec<u8> {
    let name = b"../evil";
    let mut local = b"PK\x03\x04\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    local.extend([name.len() as u8, 0, 0, 0]);
    local.extend(name);
    let mut central = b"PK\x01\x02\x0a\0\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    central.extend([name.len() as u8, 0]);
    central.extend([0; 16]);
    central.extend(name);
    let mut zip = local.clone();
    zip.extend(&central);
    zip.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    zip.extend((central.len() as u32).to_le_bytes());
    zip.extend((local.len() as u32).to_le_bytes());
    zip.extend([0, 0]);
    zip
}

#[test]
fn hostile_archives_write_nothing_outside() {
    let dir = TempDir::new().unwrap();
    let store = ArtifactStore::open(dir.path());
    let zip = |name: &str, bytes: &[u8]| {
        store.upload_raw(name, &owner(), "x", bytes, &UploadOptions::default()).unwrap();
        let mut pending = store.begin(&format!("{name}.zip"), &owner(), &UploadOptions::default()).unwrap();
        pending.write_all(bytes).unwrap();
        pending.finish(Content::Zip).unwrap()
    };
    let down = dir.path().join("down");
    let error = store.download(&zip("evil", &evil_zip()), &down).unwrap_err();
    assert!(matches!(error, Error::Name(_)), "{error}");
    assert!(!dir.path().join("evil").exists() && !down.exists());
    for bytes in [&b""[..], b"not a zip", b"PK\x05\x06"] {
        let name = format!("bad{}", bytes.len());
        assert!(matches!(store.download(&zip(&name, bytes), &down), Err(Error::Archive { .. })));
    }
    // A link that stands where files go is not followed out of the directory.
    fs::create_dir_all(&down).unwrap();
    symlink(dir.path(), down.join("deep")).unwrap();
    let good = store.upload_zip("good", &owner(), files(dir.path()), &UploadOptions::default()).unwrap();
    assert!(matches!(store.download(&good, &down), Err(Error::Archive { .. })));
}
