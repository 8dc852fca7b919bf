//! Archives: what is saved is loaded again, and what is damaged gives no image a name.

use std::fs;
use std::path::Path;

use image::archive::{Format, ImportOptions, Saved, export, import, load, load_dir, save, save_dir};
use image::layer::{Builder, Compression, Entry};
use image::tar::Reader;
use image::{Descriptor, Digest, ImageConfiguration, Index, Platform, Reference, RootFs, Store, media_type};
use proptest::prelude::*;

use crate::sample::{Tar, compressed, image, layer, listing, options};

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

fn saved(descriptor: &Descriptor, names: &[&str]) -> Saved {
    Saved { descriptor: descriptor.clone(), references: names.iter().map(|text| name(text)).collect() }
}

/// An index of two platforms that share a layer.
fn index(store: &Store) -> Descriptor {
    let shared = layer(store, "shared");
    let amd = image(store, &[shared.clone(), layer(store, "amd")], "linux/amd64");
    let arm = image(store, &[shared, layer(store, "arm")], "linux/arm64");
    store.put(media_type::OCI_INDEX, &Index::oci(vec![amd, arm]).to_bytes()).unwrap()
}

fn plain(descriptor: &Descriptor) -> Descriptor {
    Descriptor::new(&descriptor.media_type, descriptor.digest, descriptor.size)
}

#[test]
fn what_is_saved_is_loaded_with_the_same_digests() {
    let (_home, store) = self::store();
    let (single, several) = (image(&store, &[layer(&store, "one")], "linux/amd64"), index(&store));
    let images = [saved(&single, &["app:v1", "ghcr.io/o/app:latest"]), saved(&several, &["multi"])];
    for format in [Format::Docker, Format::Oci] {
        let bytes = save(&store, &images, &amd64(), format, Vec::new()).unwrap();
        assert_eq!(bytes, save(&store, &images, &amd64(), format, Vec::new()).unwrap(), "reproducible");
        for bytes in [compressed(&bytes, Compression::Gzip), bytes] {
            let (_home, other) = self::store();
            let loaded = load(&other, "x.tar", &bytes[..], None).unwrap();
            assert_eq!(loaded.len(), 2);
            for (text, expected) in [("app:v1", &single), ("ghcr.io/o/app", &single), ("multi", &several)] {
                assert_eq!(other.resolve(&name(text)).unwrap(), Some(plain(expected)), "{text}");
            }
            other.unpack(&other.image(&several, &"linux/arm64".parse().unwrap()).unwrap()).unwrap();
            assert_eq!(
                save(&other, &images, &amd64(), format, Vec::new()).unwrap(),
                save(&store, &images, &amd64(), format, Vec::new()).unwrap()
            );
        }
    }
}

#[test]
fn a_layout_in_a_directory_is_added_to() {
    let (home, store) = self::store();
    let (one, two) = (image(&store, &[layer(&store, "one")], "linux/amd64"), index(&store));
    let dir = home.path().join("layout");
    fs::create_dir(&dir).unwrap();
    save_dir(&store, &[saved(&one, &["app:v1"])], &dir).unwrap();
    save_dir(&store, &[saved(&two, &["multi"]), saved(&one, &[])], &dir).unwrap();
    save_dir(&store, &[saved(&two, &["app:v1"])], &dir).unwrap();
    let (_home, other) = self::store();
    let loaded = load_dir(&other, &dir, None).unwrap();
    assert_eq!(loaded.len(), 2);
    assert_eq!(other.resolve(&name("multi")).unwrap(), Some(plain(&two)));
    assert_eq!(other.resolve(&name("app:v1")).unwrap(), Some(plain(&two)));
    assert_eq!(other.list().unwrap().iter().filter(|entry| entry.reference.is_none()).count(), 1);
    let (_home, named) = self::store();
    load_dir(&named, &dir, Some(&name("given"))).unwrap();
    assert_eq!(named.resolve(&name("given")).unwrap(), Some(plain(&one)));
    // A blob with other content.
    let victim = dir.join("blobs/sha256").join(one.digest.hex());
    fs::write(&victim, "{}").unwrap();
    let (_home, fresh) = self::store();
    let error = load_dir(&fresh, &dir, None).unwrap_err().to_string();
    assert_eq!(error, format!("the content has digest {}, not {}", Digest::of(b"{}"), one.digest));
    assert!(fresh.list().unwrap().is_empty(), "no name was given");
    // A link to another file of the machine is a wrong blob like others.
    fs::remove_file(&victim).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", &victim).unwrap();
    assert!(load_dir(&fresh, &dir, None).is_err());
    assert!(fresh.list().unwrap().is_empty());
}

/// An archive as docker wrote it before version 25: uncompressed layers in directories, the second time as links.
fn old_docker(diff_id: Option<Digest>) -> (Vec<u8>, Digest) {
    let layer = Tar::new().dir("etc").file("etc/motd", "hello").bytes();
    let config = ImageConfiguration {
        os: "linux".to_owned(),
        architecture: "amd64".to_owned(),
        rootfs: RootFs { diff_ids: vec![diff_id.unwrap_or(Digest::of(&layer)); 2], ..RootFs::default() },
        ..ImageConfiguration::default()
    };
    let config = config.to_bytes();
    let digest = Digest::of(&config);
    let manifest = format!(
        r#"[{{"Config":"{}.json","RepoTags":["old:1","old:2"],"Layers":["aa/layer.tar","bb/layer.tar"]}}]"#,
        digest.hex()
    );
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let tar = Tar::new()
        .dir("aa")
        .file("aa/VERSION", "1.0")
        .file("aa/json", "{}")
        .file("aa/layer.tar", &text(&layer))
        .link("bb/layer.tar", "../aa/layer.tar")
        .file(&format!("{}.json", digest.hex()), &text(&config))
        .file("manifest.json", &manifest)
        .file("repositories", "{}");
    (tar.bytes(), digest)
}

#[test]
fn archives_of_old_docker_are_loaded() {
    let (_home, store) = self::store();
    let (bytes, config) = old_docker(None);
    let loaded = load(&store, "old.tar", &bytes[..], None).unwrap();
    assert_eq!(loaded[0].references, [name("old:1"), name("old:2")]);
    let image = store.image(&loaded[0].descriptor, &amd64()).unwrap();
    assert_eq!(image.config_digest, config);
    let unpacked = store.unpack(&image).unwrap();
    assert_eq!(fs::read_to_string(unpacked.lowers()[0].join("etc/motd")).unwrap(), "hello");
}

#[test]
fn damaged_archives_give_no_names() {
    let (_home, store) = self::store();
    let image = image(&store, &[layer(&store, "one")], "linux/amd64");
    let good = save(&store, &[saved(&image, &["app"])], &amd64(), Format::Docker, Vec::new()).unwrap();
    let (lying, _) = old_docker(Some(Digest::of(b"other")));
    let layer = &store.image(&image, &amd64()).unwrap().layers[0];
    // The same archive without the layer; with a layer that was changed.
    let mut without = good.clone();
    let file = format!("blobs/sha256/{}", layer.digest.hex());
    let header = without.windows(file.len()).position(|window| window == file.as_bytes()).unwrap();
    let place = header + file.len() - 1;
    without[place] = if without[place] == b'0' { b'1' } else { b'0' };
    without[header + 148..header + 156].fill(b' ');
    let sum: u32 = without[header..header + 512].iter().map(|byte| u32::from(*byte)).sum();
    without[header + 148..header + 155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    let mut changed = good.clone();
    changed[header + 512 + 20] ^= 1;
    let twice = Tar::new().file("manifest.json", r#"[{"Config":"../../etc/passwd","Layers":[]}]"#).bytes();
    for (bytes, expected) in [
        (good[..good.len() / 2 + 100].to_vec(), "x.tar: the archive is damaged: it ends in the middle"),
        (without, "the content has digest"),
        (changed, "the content has digest"),
        (lying, "x.tar: layer `aa/layer.tar` has digest"),
        (twice, "x.tar: there is no file `../../etc/passwd` in it"),
        (Tar::new().file("manifest.json", "[]").bytes(), "x.tar: there is no image in it"),
        (Tar::new().file("manifest.json", "{").bytes(), "x.tar: manifest.json: invalid type: map, expected a sequence"),
        (
            Tar::new().file("index.json", r#"{"schemaVersion":2,"manifests":[]}"#).bytes(),
            "x.tar: there is no image in it",
        ),
        (Tar::new().file("etc/passwd", "").bytes(), "it is no archive of images (a plain tree is imported)"),
        (Tar::new().file("../x", "").bytes(), "x.tar: it has a file `../x`"),
        (b"not an archive".repeat(100), "this is no tar archive"),
        (Vec::new(), "it is no archive of images"),
    ] {
        let (_home, fresh) = self::store();
        let error = load(&fresh, "x.tar", &bytes[..], None).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(fresh.list().unwrap().is_empty(), "{error}");
    }
}

#[test]
fn a_tree_is_imported_and_exported() {
    let (home, store) = self::store();
    let tar = Tar::new()
        .dir("etc")
        .with(|member| member.mode = 0o700)
        .file("etc/passwd", "root")
        .hard("etc/shadow", "etc/passwd")
        .link("bin", "usr/bin")
        .file("own", "")
        .with(|member| (member.uid, member.gid) = (1000, 1000))
        .bytes();
    let options = || ImportOptions { created: Some("1970-01-01T00:00:00Z".to_owned()), ..ImportOptions::default() };
    let descriptor = import(&store, "tree.tar", &tar[..], options()).unwrap();
    assert_eq!(import(&store, "tree.tar", &tar[..], options()).unwrap(), descriptor, "reproducible");
    let image = store.image(&descriptor, &Platform::host()).unwrap();
    assert_eq!(image.diff_ids, [Digest::of(&tar)]);
    assert_eq!(image.config.history[0].comment.as_deref(), Some("Imported from tree.tar"));
    for compression in [Compression::Gzip, Compression::Zstd] {
        let stored = compressed(&tar, compression);
        let descriptor = import(&store, "tree.tar", &stored[..], options()).unwrap();
        let image = store.image(&descriptor, &Platform::host()).unwrap();
        assert_eq!(image.diff_ids, [Digest::of(&tar)]);
        assert_eq!(image.layers[0].digest, Digest::of(&stored), "kept as it is");
        assert_eq!(image.layers[0].media_type, compression.media_type());
    }
    let exported = export(&store, &image, Vec::new()).unwrap();
    let fs = home.path().join("fs");
    crate::sample::unpack(&exported, &fs, &image::layer::Limits::default(), store.privilege()).unwrap();
    let lowers = store.unpack(&image).unwrap();
    assert_eq!(listing(&fs), listing(&lowers.lowers()[0]));
    for (bytes, expected) in [
        (&tar[..1000], "tree.tar: the archive is damaged: it ends in the middle"),
        (b"BZh91AY", "tree.tar: it is compressed with bzip2, which is not supported (gzip and zstd are)"),
        (b"PNG", "tree.tar: the archive is damaged: it ends in the middle"),
    ] {
        assert_eq!(import(&store, "tree.tar", bytes, options()).unwrap_err().to_string(), expected);
    }
}

#[test]
fn an_export_shows_what_a_container_sees() {
    let (home, store) = self::store();
    let write = |entries: Vec<Entry>| {
        let mut builder = Builder::new(options());
        entries.into_iter().for_each(|entry| builder.add(entry));
        builder.write(&store).unwrap()
    };
    let file = |path: &str, text: &str| Entry::bytes(path, 0o644, text.as_bytes());
    let layers = [
        write(vec![
            Entry::directory("a", 0o755),
            file("a/kept", "1"),
            file("a/gone", "1"),
            file("a/changed", "1"),
            file("linked", "content"),
            Entry::hard_link("linked-2", "linked"),
            Entry::hard_link("linked-3", "linked"),
            Entry::directory("opaque", 0o755),
            file("opaque/below", "1"),
            Entry::directory("dir-to-file", 0o755),
            file("dir-to-file/below", "1"),
            file("file-to-dir", "1"),
        ]),
        write(vec![
            Entry::directory("a", 0o700),
            Entry::whiteout("a/gone"),
            file("a/changed", "2"),
            Entry::whiteout("linked"),
            Entry::directory("opaque", 0o755),
            Entry::opaque("opaque"),
            file("opaque/above", "2"),
            file("dir-to-file", "2"),
            Entry::directory("file-to-dir", 0o755),
            file("file-to-dir/above", "2"),
        ]),
        write(vec![Entry::directory("a", 0o755), file("a/gone", "back"), Entry::whiteout("nothing")]),
    ];
    let descriptor = image(&store, &layers, "linux/amd64");
    let image = store.image(&descriptor, &amd64()).unwrap();
    let exported = export(&store, &image, Vec::new()).unwrap();
    let mut reader = Reader::new(&exported[..]);
    let mut lines = Vec::new();
    while let Some(member) = reader.advance().unwrap() {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        lines.push(
            format!("{:?} {:o} {} {}", member.kind, member.mode, text(&member.path), text(&member.link))
                .trim_end()
                .to_owned(),
        );
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    Directory 755 a/
    Directory 755 file-to-dir/
    Directory 755 opaque/
    File 644 a/kept
    File 644 linked-2
    HardLink 644 linked-3 linked-2
    File 644 a/changed
    File 644 dir-to-file
    File 644 file-to-dir/above
    File 644 opaque/above
    File 644 a/gone
    "#);
    // The kernel's view is the same.
    let unpacked = store.unpack(&image).unwrap();
    let fs = home.path().join("fs");
    crate::sample::unpack(&exported, &fs, &image::layer::Limits::default(), store.privilege()).unwrap();
    let lowers: Vec<String> = unpacked.lowers().iter().rev().map(|lower| lower.display().to_string()).collect();
    let script = format!("mount -t overlay -o lowerdir={} o merged && cp -a merged view", lowers.join(":"));
    fs::create_dir(home.path().join("merged")).unwrap();
    let mounted =
        std::process::Command::new("unshare").args(["-m", "sh", "-c", &script]).current_dir(home.path()).output();
    if !crate::sample::is_root(&store) || !mounted.is_ok_and(|output| output.status.success()) {
        return testkit::skip("archives::an_export_shows_what_a_container_sees", "no overlay can be mounted");
    }
    let counted = |dir: &Path| listing(dir).replace(" x3", "").replace(" x2", "");
    assert_eq!(counted(&fs), counted(&home.path().join("view")));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..1500), text in "[\\[{]?(\"(Config|Layers|manifests|schemaVersion)\":(2|\\[\\]|\"x\"),?){0,3}[}\\]]{0,2}") {
        let (_home, store) = self::store();
        prop_assert!(load(&store, "x", &bytes[..], None).is_err());
        for file in ["manifest.json", "index.json"] {
            let tar = Tar::new().file(file, &text).bytes();
            prop_assert!(load(&store, "x", &tar[..], None).is_err());
        }
        let _ = import(&store, "x", &bytes[..], ImportOptions::default());
        prop_assert!(store.list().unwrap().is_empty());
    }
}
