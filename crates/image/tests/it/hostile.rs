//! Layers that were made to do harm: nothing outside their directory is touched, and the limits hold.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use image::layer::{Compression, Limits, Privilege};
use image::tar::Kind;
use proptest::prelude::*;

use crate::sample::{Tar, compressed, listing, unpack};

/// A directory for a layer, beside one that must stay as it is.
struct Ground {
    home: tempfile::TempDir,
}

impl Ground {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let outside = home.path().join("outside");
        fs::create_dir(&outside).unwrap();
        fs::set_permissions(&outside, fs::Permissions::from_mode(0o750)).unwrap();
        fs::write(outside.join("secret"), "kept").unwrap();
        fs::create_dir(home.path().join("layer")).unwrap();
        Self { home }
    }

    fn outside(&self) -> PathBuf {
        self.home.path().join("outside")
    }

    fn fs(&self) -> PathBuf {
        self.home.path().join("layer/fs")
    }

    /// Unpacks, looks after the outside, and tells what came of it.
    fn try_layer(&self, tar: &Tar, privilege: Privilege) -> Result<String, String> {
        let before = self.state();
        let result = unpack(&tar.bytes(), &self.fs(), &Limits::default(), privilege);
        assert_eq!(self.state(), before, "something outside was touched");
        let listing = if self.fs().exists() { listing(&self.fs()) } else { String::new() };
        image::layer::remove_tree(&self.fs()).unwrap();
        result.map(|_| listing)
    }

    fn state(&self) -> (String, i64, u64, u64, Vec<PathBuf>) {
        let metadata = fs::metadata(self.outside()).unwrap();
        let secret = fs::metadata(self.outside().join("secret")).unwrap();
        let names = |dir: &Path| fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
        let beside = self.home.path();
        let mut all: Vec<PathBuf> =
            names(beside).chain(names(&beside.join("layer"))).filter(|path| *path != self.fs()).collect();
        all.sort();
        (listing(&self.outside()), metadata.mtime(), secret.ino(), secret.nlink(), all)
    }
}

fn root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn paths_and_links_never_lead_out() {
    let ground = Ground::new();
    let outside = ground.outside();
    let secret = outside.join("secret");
    let up = Path::new("../../outside");
    for (name, tar, expected) in [
        ("dot dot", Tar::new().file("../../outside/evil", "x"), Err("leads out of the layer")),
        (
            "dot dot in the middle",
            Tar::new().dir("a").file("a/../../../outside/evil", "x"),
            Err("leads out of the layer"),
        ),
        ("absolute", Tar::new().file("/etc/evil", "x"), Ok("/etc/evil")),
        ("back inside", Tar::new().file("a/../b", "x"), Ok("/b")),
        (
            "through an absolute link",
            Tar::new().link("a", &outside).file("a/evil", "x"),
            Err("link that leads nowhere"),
        ),
        ("through a relative link", Tar::new().link("a", up).file("a/evil", "x"), Err("link that leads nowhere")),
        ("through a link to the top", Tar::new().link("a", "../../..").file("a/evil", "x"), Ok("/evil")),
        ("through a link to the root", Tar::new().link("a", "/").file("a/a/evil", "x"), Ok("/evil")),
        (
            "through two links",
            Tar::new().link("a", "b/c").dir("b").link("b/c", "../../..").file("a/evil", "x"),
            Ok("/evil"),
        ),
        ("over a link", Tar::new().link("a", &secret).file("a", "x"), Ok("/a \"x\"")),
        ("a directory over a link", Tar::new().link("a", &outside).dir("a").file("a/b", "x"), Ok("/a/b \"x\"")),
        ("a link over a directory", Tar::new().dir("a").file("a/b", "").link("a", &outside), Ok("/a -> ")),
        ("hard link up", Tar::new().hard("a", "../../outside/secret"), Err("leads out of the layer")),
        ("hard link to an absolute path", Tar::new().hard("a", &secret), Err("not in this layer")),
        ("hard link through a link", Tar::new().link("a", &outside).hard("b", "a/secret"), Err("not in this layer")),
        ("hard link to a link", Tar::new().link("a", &secret).hard("b", "a").file("b", "x"), Ok("/b \"x\"")),
        ("hard link to a directory", Tar::new().dir("a").hard("b", "a"), Err("hard link to a directory")),
        ("hard link to itself", Tar::new().file("a", "").hard("a", "./a"), Err("hard link to itself")),
        ("hard link to what is hidden", Tar::new().file(".wh.a", "").hard("b", "a"), Err("not in this layer")),
        (
            "whiteout through a link",
            Tar::new().link("a", &outside).file("a/.wh.secret", ""),
            Err("link that leads nowhere"),
        ),
        ("opaque through a link", Tar::new().link("a", up).file("a/.wh..wh..opq", ""), Err("link that leads nowhere")),
        ("whiteout of the parent", Tar::new().dir("a").file("a/.wh...", ""), Err("whiteout of nothing")),
        ("whiteout of nothing", Tar::new().file(".wh.", ""), Err("whiteout of nothing")),
        ("links in a circle", Tar::new().link("a", "b").link("b", "a").file("a/x", ""), Err("cannot")),
        ("below a file", Tar::new().file("a", "").file("a/b", ""), Err("cannot create a directory at a")),
        ("the root as a file", Tar::new().file("./", ""), Ok("d0644")),
        ("the root as a link", Tar::new().link(".", &outside), Err("root of a layer must be a directory")),
        ("a link to nothing", Tar::new().link("a", ""), Err("target of the link is empty")),
        ("process files", Tar::new().link("a", "/proc/self/root").file("a/evil", ""), Err("link that leads nowhere")),
        (
            "an owner that means nothing",
            Tar::new().file("a", "").with(|member| member.uid = u32::MAX.into()),
            Err("no user or group"),
        ),
        ("an owner out of range", Tar::new().dir("a").with(|member| member.gid = 1 << 32), Err("no user or group")),
        (
            "a zero byte",
            Tar::new().file("a", "").with(|member| member.path = b"a\0b".repeat(40)),
            Err("PAX header is damaged"),
        ),
    ] {
        for privilege in [Privilege::User, Privilege::Full] {
            if privilege == Privilege::Full && !root() {
                continue;
            }
            match (ground.try_layer(&tar, privilege), expected) {
                (Ok(listing), Ok(part)) => assert!(listing.contains(part), "{name}: {listing}"),
                (Err(error), Err(part)) => assert!(error.contains(part), "{name}: {error}"),
                (got, _) => panic!("{name}: {got:?}, not {expected:?}"),
            }
        }
    }
}

#[test]
fn a_directory_replaced_by_a_link_does_not_pass_its_mode_on() {
    let ground = Ground::new();
    let outside = ground.outside();
    let closed = |member: &mut image::tar::Member| member.mode = 0;
    let tar = Tar::new().dir("a").with(closed).link("a", &outside).dir("b").with(closed);
    let listing = ground.try_layer(&tar, Privilege::User).unwrap();
    assert!(listing.contains("d0000") && listing.contains("/a -> "), "{listing}");
}

#[test]
fn devices_and_set_uid_are_for_root_only() {
    let ground = Ground::new();
    let tar = Tar::new()
        .file("su", "x")
        .with(|member| member.mode = 0o6755)
        .device("null", Kind::CharDevice, 1, 3)
        .device("disk", Kind::BlockDevice, 8, 0)
        .device("hider", Kind::CharDevice, 0, 0)
        .device("pipe", Kind::Fifo, 0, 0);
    let note = unpack(&tar.bytes(), &ground.fs(), &Limits::default(), Privilege::User).unwrap();
    assert_eq!((note.devices_lost, note.setid_lost), (3, 1));
    let text = listing(&ground.fs());
    assert!(text.contains("-0755") && text.contains("p0600") && !text.contains("/null"), "{text}");
    image::layer::remove_tree(&ground.fs()).unwrap();
    if !root() {
        return testkit::skip("hostile::devices_and_set_uid_are_for_root_only", "only root can make devices");
    }
    let note = unpack(&tar.bytes(), &ground.fs(), &Limits::default(), Privilege::Full).unwrap();
    let text = listing(&ground.fs());
    // Where devices are forbidden to root as well, they are counted.
    assert!(note.devices_lost == 1 && text.contains("/null") || note.devices_lost == 3, "{note:?}\n{text}");
    assert!(text.contains("-6755") && !text.contains("/hider"), "{text}");
}

#[test]
fn attributes_of_the_overlay_are_left_out() {
    let ground = Ground::new();
    let tar = Tar::new().dir("a").with(|member| {
        for name in
            ["trusted.overlay.redirect", "user.overlay.redirect", "user.overlay.opaque", "user.kept", "security.evil"]
        {
            member.xattrs.push((name.as_bytes().to_vec(), b"/etc".to_vec()));
        }
    });
    let note = unpack(&tar.bytes(), &ground.fs(), &Limits::default(), Privilege::User).unwrap();
    let mut names = [0; 1000];
    let length = rustix::fs::llistxattr(ground.fs().join("a"), &mut names).unwrap();
    let names = String::from_utf8_lossy(&names[..length]);
    assert!(!names.contains("overlay") && !names.contains("evil"), "{names}");
    assert!(note.xattrs_lost == 4 && names.contains("user.kept") || note.xattrs_lost == 5, "{note:?} {names}");
    image::layer::remove_tree(&ground.fs()).unwrap();
    let large = Tar::new().file("a", "").with(|member| member.xattrs.push((b"user.x".to_vec(), vec![0; 300 << 10])));
    let error = ground.try_layer(&large, Privilege::User).unwrap_err();
    assert!(error.contains("attributes take 307206 bytes, more than 262144"), "{error}");
}

#[test]
fn limits_hold() {
    let ground = Ground::new();
    let limits = Limits { bytes: 4 << 20, entries: 100, path: 60, depth: 5, ..Limits::default() };
    let many = (0..101).fold(Tar::new(), |tar, number| tar.file(&number.to_string(), ""));
    let implied = (0..60).fold(Tar::new(), |tar, number| tar.file(&format!("{number}/x"), ""));
    let zeros = "\0".repeat(1 << 20);
    let large = (0..5).fold(Tar::new(), |tar, number| tar.file(&number.to_string(), &zeros));
    for (tar, expected) in [
        (many, "it has more than 100 entries"),
        (implied, "it has more than 100 entries"),
        (Tar::new().file("a/b/c/d/e/f", ""), "it has more than 5 directories on top of each other"),
        (Tar::new().file(&"a".repeat(61), ""), "it has more than 60 bytes in a path"),
        (Tar::new().file("x", "").hard("a", "b".repeat(61)), "it has more than 60 bytes in a path"),
        (Tar::new().link("a", "b".repeat(61)), "the target of the link is empty or too long"),
        (large, "it has more than 4194304 bytes"),
    ] {
        let error = unpack(&tar.bytes(), &ground.fs(), &limits, Privilege::User).unwrap_err();
        assert!(error.contains(expected), "{error}");
        image::layer::remove_tree(&ground.fs()).unwrap();
    }
}

#[test]
fn bombs_are_stopped_early() {
    let ground = Ground::new();
    let unpack = |stored: &[u8], limits: &Limits| {
        let result = image::layer::unpack(
            stored,
            stored.len() as u64,
            &image::Digest::of(b""),
            &ground.fs(),
            limits,
            Privilege::User,
        );
        image::layer::remove_tree(&ground.fs()).unwrap();
        result.unwrap_err().to_string()
    };
    // One file of zeros: 400 MiB of them in a few KiB.
    let mut member = image::tar::Member::new(Kind::File, b"zeros", 0o644);
    member.size = 400 << 20;
    let bomb = |compression| {
        let compressor = image::layer::Compressor::new(Vec::new(), compression).unwrap();
        let mut writer = image::tar::Writer::new(compressor);
        writer.append(&member, &mut std::io::Read::take(std::io::repeat(0), member.size)).unwrap();
        writer.finish().unwrap().finish().unwrap()
    };
    let zstd = bomb(Compression::Zstd);
    assert!(zstd.len() < 100_000);
    assert_eq!(unpack(&zstd, &Limits::default()), "it has more than 1100 uncompressed bytes for each stored one");
    let small = Limits { bytes: 10 << 20, ..Limits::default() };
    assert_eq!(unpack(&zstd, &small), "it has more than 10485760 bytes");
    // A header of names that would take all memory.
    let mut long = image::tar::Member::new(Kind::File, b"x", 0o644);
    long.xattrs.push((b"user.x".to_vec(), vec![b'x'; 2 << 20]));
    let mut writer = image::tar::Writer::new(Vec::new());
    writer.append(&long, &mut std::io::empty()).unwrap();
    let error = unpack(&writer.finish().unwrap(), &Limits::default());
    assert!(error.contains("the names and attributes of one member take 2097"), "{error}");
    // A window that would take all memory: 2 GiB.
    let window = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0, 0, 0];
    let error = unpack(&window, &Limits::default());
    assert!(error.starts_with("cannot uncompress it: "), "{error}");
}

#[test]
fn damaged_layers_are_errors() {
    let ground = Ground::new();
    let good = Tar::new().file("a", &"some text ".repeat(200)).bytes();
    let gzip = compressed(&good, Compression::Gzip);
    let zstd = compressed(&good, Compression::Zstd);
    let huge = Tar::new().file("a", "").with(|member| member.size = 0).bytes();
    let mut lying = huge.clone();
    // The size field says 8 GiB; the checksum is made to fit.
    lying[124..136].copy_from_slice(b"77777777777\0");
    lying[148..156].fill(b' ');
    let sum: u32 = lying[..512].iter().map(|byte| u32::from(*byte)).sum();
    lying[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    let unpack = |stored: &[u8], diff_id: &[u8]| {
        let diff_id = image::Digest::of(diff_id);
        let size = stored.len() as u64;
        let result = image::layer::unpack(stored, size, &diff_id, &ground.fs(), &Limits::default(), Privilege::User);
        image::layer::remove_tree(&ground.fs()).unwrap();
        result.unwrap_err().to_string()
    };
    let other = image::Digest::of(b"other");
    let found = image::Digest::of(&good);
    assert_eq!(unpack(&gzip, b"other"), format!("its uncompressed content has digest {found}, not {other}"));
    assert_eq!(unpack(&good[..700], &good), "the archive is damaged: it ends in the middle");
    assert_eq!(unpack(&lying, &lying), "the archive is damaged: it ends in the middle");
    assert!(unpack(&gzip[..gzip.len() / 2], &good).starts_with("cannot uncompress it: "));
    assert!(unpack(&zstd[..zstd.len() / 2], &good).starts_with("cannot uncompress it: "));
    let mut flipped = gzip.clone();
    let last = flipped.len() - 6;
    flipped[last] ^= 1;
    assert!(unpack(&flipped, &good).starts_with("cannot uncompress it: "));
    let html = b"<!DOCTYPE html>".repeat(100);
    assert!(unpack(&html, &html).contains("checksum is wrong): this is no tar archive"));
    assert_eq!(unpack(b"\xfd7zXZ\0...", b""), "it is compressed with xz, which is not supported (gzip and zstd are)");
    assert!(unpack(&[good.clone(), html.clone()].concat(), b"").contains("not sha256:"), "what follows is hashed too");
}

fn name() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "a",
        "b",
        "c",
        "..",
        ".",
        "",
        ".wh.a",
        ".wh.b",
        ".wh..wh..opq",
        ".wh..",
        "outside",
        "secret",
    ]);
    prop::collection::vec(part, 1..4).prop_map(|parts| parts.join("/"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_members_stay_inside(members in prop::collection::vec((0..7, name(), name(), 0_u32..0o10000), 0..12), full: bool) {
        let ground = Ground::new();
        let outside = ground.outside();
        let mut tar = Tar::new();
        for (kind, path, target, mode) in members {
            let target = match target.strip_prefix("outside") {
                Some(rest) => format!("{}{rest}", outside.display()),
                None => target,
            };
            tar = match kind {
                0 => tar.file(&path, "x"),
                1 => tar.dir(&path),
                2 | 3 => tar.link(&path, target),
                4 => tar.hard(&path, target),
                5 => tar.device(&path, Kind::Fifo, 0, 0),
                _ => tar.device(&path, Kind::CharDevice, 0, mode % 2),
            };
            tar = tar.with(|member| member.mode = mode);
        }
        let privilege = if full && root() { Privilege::Full } else { Privilege::User };
        let _ = ground.try_layer(&tar, privilege);
    }

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..2000), head in 0..4) {
        let ground = Ground::new();
        let head: &[u8] = [&b""[..], b"\x1f\x8b\x08\0\0\0\0\0\0\xff", b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18"][head as usize];
        let _ = unpack(&[head, &bytes].concat(), &ground.fs(), &Limits::default(), Privilege::User);
    }
}
