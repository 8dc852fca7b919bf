//! Layers as lower directories of overlays, and made from upper ones.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use image::Store;
use image::layer::{Builder, Compression, Entry, Limits, Options, Privilege, diff, owner_inside};

use crate::sample::{Tar, is_root, listing, options, unpack};

fn store() -> (tempfile::TempDir, Store) {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(home.path().join("store")).unwrap();
    (home, store)
}

#[test]
fn whiteouts_links_and_times_become_an_overlay() {
    let (home, store) = store();
    let tar = Tar::new()
        .dir("etc")
        .with(|member| (member.mode, member.mtime) = (0o750, (1000, 0)))
        .file("etc/hosts", "one")
        .with(|member| (member.uid, member.gid, member.mtime) = (7, 8, (2000, 0)))
        .hard("etc/other", "etc/hosts")
        .file("etc/.wh.gone", "")
        .dir("var/lib")
        .file("var/lib/.wh..wh..opq", "")
        .file("new/.wh..wh..opq", "")
        .file(".wh..wh.plnk", "aufs")
        .file("both", "")
        .file(".wh.both", "")
        .file(".wh.dir", "")
        .dir("dir")
        .file(".wh.parent", "")
        .file("parent/child", "x")
        .link("bin", "usr/bin")
        .file("twice", "one")
        .file("twice", "two");
    let fs = home.path().join("fs");
    let note = unpack(&tar.bytes(), &fs, &Limits::default(), store.privilege()).unwrap();
    let text = listing(&fs);
    let ids = |text: &str| {
        if is_root(&store) { text.to_owned() } else { text.replace("7:8", &mine()).replace("0:0", &mine()) }
    };
    let expected = ids("\
d0755 0:0 /
l0777 0:0 /bin -> usr/bin
-0644 0:0 /both \"\"
d0755 0:0 /dir opaque
d0750 0:0 /etc
w0000 0:0 /etc/gone
-0644 7:8 /etc/hosts \"one\" x2
-0644 7:8 /etc/other \"one\" x2
d0755 0:0 /new opaque
d0755 0:0 /parent opaque
-0644 0:0 /parent/child \"x\"
-0644 0:0 /twice \"two\"
d0755 0:0 /var
d0755 0:0 /var/lib opaque");
    assert_eq!(text, expected);
    let time = |path: &str| fs::symlink_metadata(fs.join(path)).unwrap();
    assert_eq!((time("etc").mtime(), time("etc").mtime_nsec()), (1000, 0));
    assert_eq!((time("etc/hosts").mtime(), time("bin").mtime()), (2000, 0));
    assert_eq!((note.entries, note.bytes), (17, 10));
    assert_eq!(note.is_exact(), is_root(&store));
}

/// `uid:gid` of this process.
fn mine() -> String {
    format!("{}:{}", rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw())
}

fn everything(builder: &mut Builder) {
    builder.add(Entry::directory("etc", 0o755).modified(1_600_000_000));
    builder.add(Entry::bytes("etc/passwd", 0o644, *b"root").modified(1_800_000_000));
    builder.add(Entry::directory("etc.d", 0o700));
    builder.add(Entry::whiteout("etc/shadow"));
    builder.add(Entry::directory("opt", 0o755));
    builder.add(Entry::opaque("opt"));
    builder.add(Entry::whiteout("gone"));
    builder.add(Entry::symlink("link", "../somewhere"));
    builder.add(Entry::bytes("a-file", 0o4755, vec![b'x'; 3000]));
    let mut alias = Entry::hard_link("alias", "a-file");
    alias.member.mode = 0o4755;
    builder.add(alias);
    builder.add(Entry::bytes("n".repeat(130), 0o600, *b"long"));
}

#[test]
fn a_layer_is_the_same_bytes_whatever_the_order() {
    let (_home, store) = store();
    let mut one = Builder::new(options());
    everything(&mut one);
    let mut entries = Builder::new(options());
    let mut reversed = Builder::new(options());
    everything(&mut entries);
    // Added twice, the second time over the first: nothing changes.
    everything(&mut reversed);
    everything(&mut reversed);
    assert_eq!((one.len(), one.is_empty()), (11, false));
    let layer = one.write(&store).unwrap();
    assert_eq!(reversed.write(&store).unwrap(), layer);
    // The digests stand here so that nobody changes them without meaning to: every layer that was ever built would differ.
    insta::assert_snapshot!(layer.diff_id, @"sha256:e2d65694caea99f15f04732bcdefc46824933a777a108fc5d8f3284222b6d33c");
    insta::assert_snapshot!(layer.descriptor.digest, @"sha256:b0641397674f37279a219393707fe7b6d1601f13959a0dbe85bc365c1211506b");
    let plain = Builder::new(Options { compression: Compression::None, ..options() });
    let plain = {
        let mut plain = plain;
        everything(&mut plain);
        plain.write(&store).unwrap()
    };
    assert_eq!((plain.diff_id, plain.descriptor.digest), (layer.diff_id, layer.diff_id));
    let zstd = Builder::new(Options { compression: Compression::Zstd, ..options() });
    let zstd = {
        let mut zstd = zstd;
        everything(&mut zstd);
        zstd.write(&store).unwrap()
    };
    assert_eq!(zstd.diff_id, layer.diff_id);
    for layer in [layer, plain, zstd] {
        let unpacked = store.unpack_layers(&[layer.descriptor], &[layer.diff_id]).unwrap();
        assert_eq!(unpacked.lowers().len(), 1);
    }
}

#[test]
fn what_was_unpacked_gives_the_same_layer_again() {
    let (_home, store) = store();
    let mut builder = Builder::new(options());
    everything(&mut builder);
    if is_root(&store) {
        builder.add(Entry::bytes("owned", 0o640, *b"").owned_by(1000, 100));
    } else {
        builder.add(Entry::bytes("a-file", 0o755, vec![b'x'; 3000]));
        let mut alias = Entry::hard_link("alias", "a-file");
        alias.member.mode = 0o755;
        builder.add(alias);
    }
    let layer = builder.write(&store).unwrap();
    let unpacked = store.unpack_layers(std::slice::from_ref(&layer.descriptor), &[layer.diff_id]).unwrap();
    let owner = owner_inside(store.privilege());
    let again = diff(&unpacked.lowers()[0], &|_| true, &owner, options()).unwrap();
    assert_eq!(again.write(&store).unwrap(), layer);
    let part = diff(&unpacked.lowers()[0], &|path| path != b"etc", &owner, options()).unwrap();
    assert_eq!(part.len() + 3, 11 + usize::from(is_root(&store)));
}

#[test]
fn an_upper_directory_of_the_kernels_becomes_a_layer() {
    let (home, store) = store();
    let mount = || -> Option<()> {
        let lower = home.path().join("lower");
        for path in ["lower/etc", "lower/var/lib", "upper", "work", "merged"] {
            fs::create_dir_all(home.path().join(path)).unwrap();
        }
        fs::write(lower.join("etc/old"), "old").unwrap();
        fs::write(lower.join("etc/kept"), "kept").unwrap();
        fs::write(lower.join("var/lib/data"), "").unwrap();
        let script = "mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work o merged && cd merged && \
                      echo new > etc/new && rm etc/old && rm -r var/lib && mkdir var/lib && chmod 600 etc/kept && \
                      ln etc/new etc/also && touch -d @1000 etc/new var/lib etc var . && ln -s x etc/link";
        let done =
            std::process::Command::new("unshare").args(["-m", "sh", "-c", script]).current_dir(home.path()).output();
        done.ok()?.status.success().then_some(())
    };
    if !is_root(&store) || mount().is_none() {
        return testkit::skip("layers::an_upper_directory_of_the_kernels_becomes_a_layer", "no overlay can be mounted");
    }
    let builder = diff(&home.path().join("upper"), &|_| true, &owner_inside(Privilege::Full), options()).unwrap();
    let tar = builder.write_tar(Vec::new()).unwrap();
    let mut reader = image::tar::Reader::new(&tar[..]);
    let mut lines = Vec::new();
    while let Some(member) = reader.advance().unwrap() {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        lines.push(
            format!(
                "{:?} {:o} {} {} {}",
                member.kind,
                member.mode,
                member.size,
                text(&member.path),
                text(&member.link)
            )
            .trim_end()
            .to_owned(),
        );
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    Directory 755 0 etc/
    File 644 0 etc/.wh.old
    File 644 4 etc/also
    File 600 4 etc/kept
    Symlink 777 0 etc/link x
    Directory 755 0 var/
    Directory 755 0 var/lib/
    File 644 0 var/lib/.wh..wh..opq
    HardLink 644 0 etc/new etc/also
    "#);
}

#[test]
fn sources_that_change_fail() {
    let (home, store) = store();
    let path = home.path().join("source");
    fs::write(&path, "12345").unwrap();
    let write = |entry: Entry| {
        let mut builder = Builder::new(options());
        builder.add(entry);
        builder.write(&store).map(|layer| layer.diff_id).map_err(|error| error.to_string())
    };
    write(Entry::file("a", 0o644, 5, &path)).unwrap();
    let failed = |error: &str| format!("cannot make a layer: cannot read {}: {error}", path.display());
    assert_eq!(
        write(Entry::file("a", 0o644, 6, &path)).unwrap_err(),
        failed("a became shorter than 6 bytes while it was read")
    );
    assert_eq!(
        write(Entry::file("a", 0o644, 4, &path)).unwrap_err(),
        failed("a became longer than 4 bytes while it was read")
    );
    fs::remove_file(&path).unwrap();
    assert_eq!(write(Entry::file("a", 0o644, 5, &path)).unwrap_err(), failed("No such file or directory (os error 2)"));
    std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
    assert!(write(Entry::file("a", 0o644, 5, &path)).unwrap_err().contains("symbolic link"));
    fs::remove_file(&path).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RWXU).unwrap();
    assert_eq!(write(Entry::file("a", 0o644, 5, &path)).unwrap_err(), failed("it is no regular file any more"));
}

#[test]
fn files_of_a_layer_can_be_closed_to_their_owner() {
    let (_home, store) = store();
    let mut builder = Builder::new(options());
    builder.add(Entry::directory("closed", 0));
    builder.add(Entry::bytes("closed/file", 0, *b"x"));
    let layer = builder.write(&store).unwrap();
    let unpacked = store.unpack_layers(&[layer.descriptor], &[layer.diff_id]).unwrap();
    let closed = unpacked.lowers()[0].join("closed");
    assert_eq!(fs::metadata(&closed).unwrap().permissions().mode() & 0o7777, 0);
    drop(unpacked);
    let pruned = store.prune(&image::Prune::default()).unwrap();
    assert_eq!(pruned.layers, 1);
    assert!(!Path::new(&closed).exists());
}
