//! Other people's programs on our archives and layouts, and ours on theirs.

use std::fs;
use std::path::Path;
use std::process::Command;

use image::archive::{Format, Saved, load, load_dir, save, save_dir};
use image::layer::{Builder, Entry};
use image::{Descriptor, Platform, Reference, Store};

use crate::sample::{image, is_root, layer, listing, options};

fn has(program: &str, test: &str) -> bool {
    let found =
        std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).any(|dir| dir.join(program).is_file());
    if !found {
        testkit::skip(test, &format!("{program} is not installed"));
    }
    found
}

fn run(dir: &Path, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(dir).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

struct Ground {
    home: tempfile::TempDir,
    store: Store,
    image: Descriptor,
}

fn ground() -> Ground {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(home.path().join("store")).unwrap();
    let mut builder = Builder::new(options());
    builder.add(Entry::directory("bin", 0o755));
    builder.add(Entry::bytes("bin/tool", 0o4755, vec![b'#'; 200_000]).owned_by(0, 50));
    builder.add(Entry::hard_link("bin/tool-2", "bin/tool"));
    builder.add(Entry::symlink("sbin", "bin"));
    builder
        .add(Entry::bytes(format!("{}/{}", "d".repeat(120), "f".repeat(120)), 0o600, *b"long").owned_by(3_000_000, 7));
    let first = builder.write(&store).unwrap();
    let mut second = Builder::new(options());
    second.add(Entry::whiteout("bin/tool-2"));
    second.add(Entry::directory("etc", 0o755));
    second.add(Entry::opaque("etc"));
    let second = second.write(&store).unwrap();
    let image = image(&store, &[first, second, layer(&store, "third")], "linux/amd64");
    Ground { home, store, image }
}

fn amd64() -> Platform {
    "linux/amd64".parse().unwrap()
}

fn saved(image: &Descriptor) -> Vec<Saved> {
    vec![Saved { descriptor: image.clone(), references: vec![Reference::parse("example.com/app:v1").unwrap()] }]
}

#[test]
fn skopeo_copies_layouts_and_archives_both_ways() {
    if !has("skopeo", "tools::skopeo_copies_layouts_and_archives_both_ways") {
        return;
    }
    let Ground { home, store, image } = ground();
    let dir = home.path();
    let copy =
        |from: &str, to: &str| run(dir, "skopeo", &["--insecure-policy", "copy", "--preserve-digests", "-q", from, to]);
    let fresh = |name: &str| Store::open(dir.join(name)).unwrap();
    // Layout, out and back.
    fs::create_dir(dir.join("ours")).unwrap();
    save_dir(&store, &saved(&image), &dir.join("ours")).unwrap();
    copy("oci:ours:v1", "oci:theirs:v1");
    let back = fresh("store-2");
    let loaded = load_dir(&back, &dir.join("theirs"), Some(&Reference::parse("app").unwrap())).unwrap();
    assert_eq!(loaded[0].descriptor.digest, image.digest);
    assert_eq!(loaded[0].references[0].familiar(), "app:latest");
    // OCI archive.
    let bytes = save(&store, &saved(&image), &amd64(), Format::Oci, Vec::new()).unwrap();
    fs::write(dir.join("ours.tar"), bytes).unwrap();
    copy("oci-archive:ours.tar:v1", "oci-archive:theirs.tar:v1");
    let back = fresh("store-3");
    let loaded = load(&back, "theirs.tar", fs::File::open(dir.join("theirs.tar")).unwrap(), None).unwrap();
    assert_eq!(loaded[0].descriptor.digest, image.digest);
    // Docker archive: layers are uncompressed in it, the configuration stays what it is.
    let bytes = save(&store, &saved(&image), &amd64(), Format::Docker, Vec::new()).unwrap();
    fs::write(dir.join("docker.tar"), bytes).unwrap();
    let config = store.image(&image, &amd64()).unwrap().config_digest;
    let plain = |from: &str, to: &str| run(dir, "skopeo", &["--insecure-policy", "copy", "-q", from, to]);
    plain("docker-archive:docker.tar:example.com/app:v1", "docker-archive:theirs-docker.tar:example.com/app:v2");
    let back = fresh("store-4");
    let loaded = load(&back, "theirs", fs::File::open(dir.join("theirs-docker.tar")).unwrap(), None).unwrap();
    assert_eq!(loaded[0].references[0].to_string(), "example.com/app:v2");
    let theirs = back.image(&loaded[0].descriptor, &amd64()).unwrap();
    assert_eq!(theirs.config_digest, config);
    let (ours, theirs) =
        (store.unpack(&store.image(&image, &amd64()).unwrap()).unwrap(), back.unpack(&theirs).unwrap());
    for (one, other) in ours.lowers().iter().zip(theirs.lowers()) {
        assert_eq!(listing(one), listing(other));
    }
}

#[test]
fn umoci_unpacks_what_we_save() {
    let test = "tools::umoci_unpacks_what_we_save";
    if !has("umoci", test) {
        return;
    }
    let Ground { home, store, image } = ground();
    if !is_root(&store) {
        return testkit::skip(test, "owners can only be compared by root");
    }
    let dir = home.path();
    fs::create_dir(dir.join("ours")).unwrap();
    // umoci finds images by their tag only.
    save_dir(&store, &saved(&image), &dir.join("ours")).unwrap();
    run(dir, "umoci", &["unpack", "--image", "ours:v1", "bundle"]);
    let view = store.image(&image, &amd64()).unwrap();
    let exported = image::archive::export(&store, &view, Vec::new()).unwrap();
    let fs = dir.join("fs");
    crate::sample::unpack(&exported, &fs, &image::layer::Limits::default(), store.privilege()).unwrap();
    assert_eq!(listing(&dir.join("bundle/rootfs")), listing(&fs));
}
