//! The store: names, what images consist of, unpacking by several processes, pruning, crashes.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use image::layer::{Builder, Entry, Layer, Note, Privilege};
use image::{
    Descriptor, Digest, Document, Error, ImageConfiguration, Index, Manifest, Platform, Prune, Pruned, Reference,
    Store, media_type,
};
use proptest::prelude::*;

use crate::sample::{image, layer, listing, options};

fn store() -> (tempfile::TempDir, Store) {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(home.path().join("store")).unwrap();
    (home, store)
}

fn name(text: &str) -> Reference {
    Reference::parse(text).unwrap()
}

fn amd64() -> Platform {
    "linux/amd64".parse().unwrap()
}

/// Prunes, once the clock that blobs have their times from has moved on: what is as young as the prune itself is left alone.
fn prune(store: &Store, what: &Prune) -> Pruned {
    let now = blob::Store::now();
    while blob::Store::now() == now {
        std::thread::yield_now();
    }
    store.prune(what).unwrap()
}

/// Names in the directory of unpacked layers, and in that of unfinished ones.
fn unpacked(store: &Store) -> (usize, usize) {
    let count = |name: &str| fs::read_dir(store.root().join(name)).unwrap().count();
    (count("layers"), count("tmp"))
}

#[test]
fn names_move_and_images_stay_until_they_are_pruned() {
    let (_home, store) = store();
    let one = image(&store, &[layer(&store, "one")], "linux/amd64");
    let two = image(&store, &[layer(&store, "two")], "linux/amd64");
    store.tag(&name("app"), &one).unwrap();
    store.tag(&name("app:v1"), &one).unwrap();
    store.tag(&name("app"), &two).unwrap();
    assert_eq!(store.resolve(&name("docker.io/library/app:latest")).unwrap().as_ref(), Some(&two));
    let shown = |store: &Store| -> Vec<String> {
        let entries = store.list().unwrap();
        entries.iter().map(|entry| entry.reference.as_ref().map_or("<none>".to_owned(), Reference::familiar)).collect()
    };
    assert_eq!(shown(&store), ["app:latest", "app:v1"], "one still has a name");
    store.tag(&name("app:v1"), &two).unwrap();
    assert_eq!(shown(&store), ["app:latest", "app:v1", "<none>"]);
    store.tag(&name("back"), &one).unwrap();
    assert_eq!(shown(&store), ["app:latest", "app:v1", "back:latest"]);
    assert!(store.untag(&name("back")).unwrap());
    assert!(!store.untag(&name("back")).unwrap());
    store.keep(&one).unwrap();
    store.keep(&two).unwrap();
    assert_eq!(shown(&store), ["app:latest", "app:v1", "<none>"], "what has a name needs no other keeping");
    let kept = prune(&store, &Prune::default());
    assert_eq!((kept.images.len(), kept.blobs), (0, 0));
    let told = prune(&store, &Prune { nameless: true, dry_run: true, ..Prune::default() });
    assert_eq!((told.images.len(), told.blobs), (1, 3));
    let young = prune(&store, &Prune { nameless: true, older_than: Duration::from_secs(3600), ..Prune::default() });
    assert_eq!(young.images.len(), 0);
    let pruned = prune(&store, &Prune { nameless: true, ..Prune::default() });
    assert_eq!((pruned.images.len(), pruned.blobs), (1, 3), "manifest, configuration, layer");
    assert!(matches!(store.image(&one, &amd64()), Err(Error::Absent { .. })));
    store.image(&two, &amd64()).unwrap();
    assert!(store.forget(&two.digest).unwrap());
    assert_eq!(shown(&store).len(), 0);
    assert!(matches!(store.tag(&name("gone"), &one), Err(Error::Absent { .. })));
}

/// Where a pull broke off, it can go on, until the room is wanted.
#[test]
fn what_is_left_of_downloads_is_pruned_where_that_is_asked_for() {
    let (_home, store) = store();
    let held = {
        let begin = |id: &str| {
            let mut upload = store.blobs().upload(id).unwrap();
            upload.append(&[7; 1000]).unwrap();
            upload
        };
        drop(begin("pull-left"));
        begin("pull-going-on")
    };
    assert_eq!(prune(&store, &Prune { nameless: true, named: true, ..Prune::default() }).downloads, 0);
    let asked = Prune { downloads: true, ..Prune::default() };
    let young = prune(&store, &Prune { older_than: Duration::from_secs(3600), ..asked.clone() });
    assert_eq!(young.downloads, 0);
    // A process that another test starts holds what is open here until it is another program.
    let until_found = |what: &Prune| {
        let began = Instant::now();
        let pruned = || {
            std::thread::yield_now();
            (began.elapsed() < Duration::from_secs(60)).then(|| prune(&store, what))
        };
        std::iter::from_fn(pruned).find(|pruned| pruned.downloads > 0)
    };
    for what in [Prune { dry_run: true, ..asked.clone() }, asked] {
        let found = until_found(&what).unwrap();
        assert_eq!((found.downloads, found.bytes), (1, 1000));
    }
    assert!(store.blobs().existing_upload("pull-left").is_err());
    drop(held);
    assert_eq!(store.blobs().existing_upload("pull-going-on").unwrap().len(), 1000);
}

#[test]
fn images_are_found_by_name_digest_and_id() {
    let (_home, store) = store();
    let one = image(&store, &[layer(&store, "one")], "linux/amd64");
    store.tag(&name("ghcr.io/o/app:v1"), &one).unwrap();
    let config = store.image(&one, &amd64()).unwrap().config_digest;
    let pinned = format!("ghcr.io/o/app@{}", one.digest);
    for text in [
        "ghcr.io/o/app:v1",
        &pinned,
        &one.digest.to_string(),
        &one.digest.hex(),
        &one.digest.hex()[..12],
        &config.to_string(),
        &config.hex()[..6],
    ] {
        assert_eq!(store.find(text).unwrap().descriptor, one, "{text}");
    }
    let unknown = |text: &str| store.find(text).unwrap_err().to_string();
    assert_eq!(unknown("app:v1"), "there is no image app:v1");
    assert_eq!(unknown("ghcr.io/o/other"), "there is no image ghcr.io/o/other:latest");
    assert_eq!(unknown(&format!("other@{}", one.digest)), format!("there is no image other@{}", one.digest));
    assert!(unknown("App").contains("must be in lower case"));
    // Sixteen more images: two ids begin with the same digit at least, and four digits are needed anyway.
    assert_eq!(unknown(&one.digest.hex()[..3]), format!("there is no image {}:latest", &one.digest.hex()[..3]));
}

#[test]
fn an_index_gives_the_image_of_the_platform() {
    let (_home, store) = store();
    let amd = image(&store, &[layer(&store, "amd")], "linux/amd64");
    let arm = image(&store, &[layer(&store, "arm")], "linux/arm64");
    let mut absent = Descriptor::of(media_type::OCI_MANIFEST, b"not here");
    absent.platform = Some("linux/s390x".parse().unwrap());
    let index = Index::oci(vec![amd.clone(), arm.clone(), absent]).to_bytes();
    let index = store.put(media_type::OCI_INDEX, &index).unwrap();
    for (platform, expected) in [("linux/amd64/v3", &amd), ("linux/arm64", &arm)] {
        let platform: Platform = platform.parse().unwrap();
        assert_eq!(store.image(&index, &platform).unwrap().manifest, expected.digest);
    }
    assert_eq!(store.images(&index).unwrap().len(), 2);
    let error = |platform: &str| store.image(&index, &platform.parse().unwrap()).unwrap_err().to_string();
    let digest = Digest::of(b"not here");
    assert_eq!(error("linux/s390x"), format!("manifest {digest} is not in the store"));
    let text = format!(
        "index {} holds nothing for linux/riscv64 (it has linux/amd64, linux/arm64, linux/s390x)",
        index.digest
    );
    assert_eq!(error("linux/riscv64"), text);
    // Indexes within indexes, without an end.
    let mut nested = index;
    for _ in 0..6 {
        nested = store.put(media_type::OCI_INDEX, &Index::oci(vec![nested]).to_bytes()).unwrap();
    }
    let error = store.image(&nested, &amd64()).unwrap_err().to_string();
    assert!(error.ends_with("indexes are nested more than 4 deep"), "{error}");
}

#[test]
fn lies_of_manifests_are_errors() {
    let (_home, store) = store();
    let good = layer(&store, "good");
    let put = |layers: Vec<Descriptor>, diff_ids: Vec<Digest>, media: &str| {
        let mut config =
            ImageConfiguration { os: "linux".into(), architecture: "amd64".into(), ..ImageConfiguration::default() };
        config.rootfs.diff_ids = diff_ids;
        let config = store.put(media, &config.to_bytes()).unwrap();
        store.put(media_type::OCI_MANIFEST, &Manifest::oci(config, layers).to_bytes()).unwrap()
    };
    let unpack = |descriptor: &Descriptor| -> Result<(), String> {
        let image = store.image(descriptor, &amd64()).map_err(|error| error.to_string())?;
        store.unpack(&image).map(|_| ()).map_err(|error| error.to_string())
    };
    let config = media_type::OCI_CONFIG;
    let descriptor = &good.descriptor;
    let lying = Descriptor { size: descriptor.size + 1, ..descriptor.clone() };
    let missing = Descriptor::of(media_type::OCI_LAYER, b"missing");
    let chart = Descriptor { media_type: "application/x".into(), ..descriptor.clone() };
    let other = Digest::of(b"other");
    for (image, expected) in [
        (
            put(vec![lying], vec![good.diff_id], config),
            format!("has {} bytes, its descriptor says {}", descriptor.size, descriptor.size + 1),
        ),
        (
            put(vec![missing.clone()], vec![good.diff_id], config),
            format!("layer {} is not in the store", missing.digest),
        ),
        (
            put(vec![descriptor.clone()], vec![other], config),
            format!("layer {}: its uncompressed content has digest {}, not {other}", descriptor.digest, good.diff_id),
        ),
        (put(vec![descriptor.clone()], vec![], config), "it has 1 layers, its configuration names 0".to_owned()),
        (put(vec![chart], vec![good.diff_id], config), "is application/x".to_owned()),
        (
            put(vec![], vec![], "application/vnd.cncf.helm.config.v1+json"),
            "is no image: it holds application/vnd.cncf.helm".to_owned(),
        ),
    ] {
        let error = unpack(&image).unwrap_err();
        assert!(error.contains(&expected), "{error}");
        assert_eq!(unpacked(&store), (0, 0), "{error}");
    }
    let two = put(vec![descriptor.clone(), descriptor.clone()], vec![good.diff_id, other], config);
    unpack(&two).unwrap_err();
    assert_eq!(unpacked(&store), (1, 0), "the good layer of a bad image may stay");
    // A blob that the disk has changed.
    let path = store.blobs().path(&two.digest);
    let mut bytes = fs::read(&path).unwrap();
    bytes[0] = b' ';
    fs::write(&path, bytes).unwrap();
    assert!(unpack(&two).unwrap_err().contains(&format!(", not {}", two.digest)));
}

#[test]
fn a_layer_is_unpacked_once_for_all_and_kept_while_in_use() {
    let (home, store) = store();
    let layers: Vec<Layer> = ["a", "b", "c"].iter().map(|text| layer(&store, text)).collect();
    let descriptor = image(&store, &layers, "linux/amd64");
    let image = store.image(&descriptor, &amd64()).unwrap();
    let lowers = std::thread::scope(|scope| {
        let open = || {
            let store = Store::open(home.path().join("store")).unwrap();
            store.unpack(&image).unwrap()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(lowers.iter().all(|unpacked| unpacked.lowers() == lowers[0].lowers()));
    assert_eq!(fs::read_to_string(lowers[0].lowers()[1].join("etc/last")).unwrap(), "b");
    assert_eq!(unpacked(&store), (3, 0));
    let other = Store::open(home.path().join("store")).unwrap();
    let pruned = prune(&other, &Prune { nameless: true, named: true, ..Prune::default() });
    assert_eq!((pruned.blobs, pruned.layers), (5, 0), "layers are in use");
    assert_eq!(unpacked(&store), (3, 0));
    drop(lowers);
    let pruned = prune(&other, &Prune::default());
    assert_eq!(pruned.layers, 3);
    assert_eq!(unpacked(&store), (0, 0));
    let locks: HashSet<_> =
        fs::read_dir(store.root().join("locks")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(locks.iter().all(|name| name.to_string_lossy().starts_with('.')), "{locks:?}");
}

/// A power cut leaves files empty that were written a moment before.
#[test]
fn what_a_power_cut_emptied_is_made_again() {
    let (_home, store) = store();
    let layer = layer(&store, "one");
    let unpack = || store.unpack_layers(std::slice::from_ref(&layer.descriptor), &[layer.diff_id]).unwrap();
    let fs = unpack().lowers()[0].clone();
    fs::write(fs.join("etc/last"), "").unwrap();
    fs::write(fs.with_file_name("note.json"), "").unwrap();
    assert_eq!(unpack().lowers(), std::slice::from_ref(&fs));
    assert_eq!(fs::read_to_string(fs.join("etc/last")).unwrap(), "one");
    assert_eq!(unpack().notes()[0].entries, 3);

    store.pin("build", "key", &7, &[], &[]).unwrap();
    fs::write(store.root().join("pins/build/key.json"), "").unwrap();
    assert_eq!(store.pinned::<u8>("build", "key").unwrap(), None);
    prune(&store, &Prune::default());
}

#[test]
fn a_layer_that_comes_twice_is_there_once() {
    let (_home, store) = store();
    let (one, two) = (layer(&store, "one"), layer(&store, "two"));
    let descriptor = image(&store, &[one.clone(), two.clone(), one.clone()], "linux/amd64");
    let unpacked = store.unpack(&store.image(&descriptor, &amd64()).unwrap()).unwrap();
    assert_eq!(unpacked.lowers(), [store.layer_dir(&two.diff_id), store.layer_dir(&one.diff_id)]);
    assert_eq!(unpacked.notes().len(), 2);
}

#[test]
fn pins_keep_blobs() {
    let (_home, store) = store();
    let layer = layer(&store, "cached");
    store.unpack_layers(std::slice::from_ref(&layer.descriptor), &[layer.diff_id]).unwrap();
    let blobs = [layer.descriptor.digest];
    store.pin("build", "key-1", &("value", 7), &blobs, &[layer.diff_id]).unwrap();
    let pruned = prune(&store, &Prune { nameless: true, named: true, ..Prune::default() });
    assert_eq!((pruned.blobs, pruned.layers), (0, 0));
    assert_eq!(store.pinned::<(String, u8)>("build", "key-1").unwrap(), Some(("value".to_owned(), 7)));
    assert_eq!(store.pinned::<Vec<String>>("build", "key-1").unwrap(), None, "another form");
    assert_eq!(store.pinned::<String>("build", "key-2").unwrap(), None);
    for bad in ["", "a/b", "..", ".a"] {
        assert!(store.pin("build", bad, &0, &[], &[]).is_err(), "{bad}");
    }
    let old = Prune { pins_older_than: Some(Duration::from_secs(3600)), ..Prune::default() };
    assert_eq!(prune(&store, &old).pins, 0, "it was just used");
    let pruned = prune(&store, &Prune { pins_older_than: Some(Duration::ZERO), ..Prune::default() });
    assert_eq!((pruned.pins, pruned.blobs, pruned.layers), (1, 1, 1));
    store.pin("build", "key-1", &0, &blobs, &[]).unwrap();
    assert_eq!(store.pinned::<u8>("build", "key-1").unwrap(), None, "its blob is gone");
    assert!(store.unpin("build", "key-1").unwrap());
}

#[test]
fn what_is_being_added_is_not_collected() {
    let (_home, store) = store();
    let writing = store.writing().unwrap();
    let descriptor = image(&store, &[layer(&store, "new")], "linux/amd64");
    let pruned = prune(&store, &Prune { nameless: true, named: true, ..Prune::default() });
    assert_eq!(pruned.blobs, 0);
    store.tag(&name("new"), &descriptor).unwrap();
    drop(writing);
    assert_eq!(prune(&store, &Prune::default()).blobs, 0);
}

/// Started by the test below, to be killed.
#[test]
fn unpacking_child() {
    let Some(root) = std::env::var_os("IMAGE_TEST_ROOT") else { return };
    let store = Store::open(Path::new(&root)).unwrap();
    let descriptor = store.resolve(&name("big")).unwrap().unwrap();
    store.unpack(&store.image(&descriptor, &amd64()).unwrap()).unwrap();
}

#[test]
fn a_killed_unpack_leaves_nothing_half() {
    let (_home, store) = store();
    let mut builder = Builder::new(options());
    let content: std::sync::Arc<[u8]> = vec![b'x'; 100_000].into();
    for number in 0..4000 {
        builder.add(Entry::bytes(format!("{number:05}"), 0o644, content.clone()));
    }
    let big = builder.write(&store).unwrap();
    let descriptor = image(&store, std::slice::from_ref(&big), "linux/amd64");
    store.tag(&name("big"), &descriptor).unwrap();
    let child = |store: &Store| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::unpacking_child"])
            .env("IMAGE_TEST_ROOT", store.root())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };
    let mut killed = child(&store);
    let begun =
        || fs::read_dir(store.root().join("tmp")).unwrap().any(|entry| entry.unwrap().path().join("fs/00010").exists());
    while !begun() {
        assert!(killed.try_wait().unwrap().is_none(), "the child ended before it had begun");
        std::thread::yield_now();
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_eq!(unpacked(&store), (0, 1));
    let again = Store::open(store.root()).unwrap();
    assert_eq!(unpacked(&again), (0, 0), "swept");
    let mut children = [child(&store), child(&store)];
    let image = again.image(&descriptor, &amd64()).unwrap();
    let lowers = again.unpack(&image).unwrap();
    assert_eq!(fs::read_dir(&lowers.lowers()[0]).unwrap().count(), 4000);
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(unpacked(&again), (1, 0));
}

#[test]
fn a_normal_user_unpacks_what_root_does() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;
    const TEST: &str = "store::a_normal_user_unpacks_what_root_does";
    const NOBODY: u32 = 65_534;
    let (home, store) = store();
    if store.privilege() != Privilege::Full {
        return testkit::skip(TEST, "only root can become another user");
    }
    let mut builder = Builder::new(options());
    builder.add(Entry::directory("closed", 0));
    builder.add(Entry::bytes("closed/su", 0o4711, *b"x").owned_by(7, 8));
    builder.add(Entry::symlink("closed/link", "su"));
    builder.add(Entry::hard_link("hard", "closed/su"));
    builder.add(Entry::whiteout("gone"));
    builder.add(Entry::directory("new", 0o755));
    builder.add(Entry::opaque("new"));
    let layer = builder.write(&store).unwrap();
    let descriptor = image(&store, std::slice::from_ref(&layer), "linux/amd64");
    store.tag(&name("big"), &descriptor).unwrap();
    // A program that may not be entered from the outside is copied to where it may.
    let program = home.path().join("program");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    for path in [home.path(), &program] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    assert!(Command::new("chown").args(["-R", "65534:65534"]).arg(store.root()).status().unwrap().success());
    let child = Command::new(&program)
        .args(["--exact", "store::unpacking_child"])
        .env("IMAGE_TEST_ROOT", store.root())
        .current_dir("/")
        .uid(NOBODY)
        .gid(NOBODY)
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
    let dir = store.root().join("layers").join(format!("sha256-{}-user", layer.diff_id.hex()));
    let text = listing(&dir.join("fs")).replace("65534:65534", "NOBODY");
    assert_eq!(
        text,
        "\
d0755 NOBODY /
d0000 NOBODY /closed
l0777 NOBODY /closed/link -> su
-0711 NOBODY /closed/su \"x\" x2
w0000 NOBODY /gone
-0711 NOBODY /hard \"x\" x2
d0755 NOBODY /new opaque"
    );
    let note: Note = serde_json::from_slice(&fs::read(dir.join("note.json")).unwrap()).unwrap();
    assert_eq!((note.owners_lost, note.setid_lost, note.devices_lost), (1, 1, 0));
    // Root unpacks it again, for itself.
    let unpacked = store.unpack(&store.image(&descriptor, &amd64()).unwrap()).unwrap();
    assert!(unpacked.notes()[0].is_exact());
}

proptest! {
    #[test]
    fn any_manifest_is_answered(bytes: Vec<u8>, media in prop::sample::select(media_type::MANIFESTS.to_vec())) {
        let (_home, store) = store();
        let descriptor = store.put(media, &bytes).unwrap();
        prop_assert!(store.image(&descriptor, &amd64()).is_err());
        prop_assert!(Document::parse(&descriptor.digest, media, &bytes).is_err());
        store.tag(&name("any"), &descriptor).unwrap();
        prune(&store, &Prune::default());
    }
}
