use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;
use crate::native::files::{Files, Rooted};

struct Job {
    dir: tempfile::TempDir,
    place: Rooted,
}

fn job() -> Job {
    let dir = tempfile::tempdir().unwrap();
    for path in ["home/work", "home/.cache", "outside"] {
        fs::create_dir_all(dir.path().join(path)).unwrap();
    }
    Job { place: Rooted(dir.path().to_owned()), dir }
}

fn fill(root: &Path) {
    let at = |path: &str| root.join(path);
    fs::create_dir_all(at("home/.cache/deep/empty")).unwrap();
    fs::write(at("home/.cache/deep/a"), "first").unwrap();
    fs::hard_link(at("home/.cache/deep/a"), at("home/.cache/deep/b")).unwrap();
    fs::write(at("home/.cache/run"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(at("home/.cache/run"), fs::Permissions::from_mode(0o755)).unwrap();
    let long = at("home/.cache").join("l".repeat(120));
    fs::create_dir(&long).unwrap();
    fs::write(long.join("x"), "long").unwrap();
    symlink("deep/a", at("home/.cache/link")).unwrap();
    fs::set_permissions(at("home/.cache/deep"), fs::Permissions::from_mode(0o555)).unwrap();
}

fn compare(root: &Path) {
    let at = |path: &str| root.join(path);
    assert_eq!(fs::read_to_string(at("home/.cache/deep/a")).unwrap(), "first");
    assert_eq!(
        fs::metadata(at("home/.cache/deep/a")).unwrap().ino(),
        fs::metadata(at("home/.cache/deep/b")).unwrap().ino()
    );
    assert_eq!(fs::metadata(at("home/.cache/run")).unwrap().mode() & 0o777, 0o755);
    assert_eq!(fs::metadata(at("home/.cache/deep")).unwrap().mode() & 0o777, 0o555);
    assert!(at("home/.cache/deep/empty").is_dir());
    assert_eq!(fs::read_link(at("home/.cache/link")).unwrap(), Path::new("deep/a"));
    assert_eq!(fs::read(at("home/.cache").join("l".repeat(120)).join("x")).unwrap(), b"long");
}

fn pack_cache(job: &Job, compression: Compression) -> Vec<u8> {
    let paths = [(PathBuf::from("../.cache"), PathBuf::from("/home/.cache"))];
    let cancel = CancellationToken::new();
    let mut bytes = Vec::new();
    compress(compression, &mut bytes, |to| pack(Files(&job.place), &paths, to, &cancel)).unwrap();
    bytes
}

fn unpack_into(job: &Job, bytes: &[u8]) -> io::Result<unpack::Unpacked> {
    let files = Files(&job.place);
    let mut landing = Landing::new(files, &[PathBuf::from("/home")]).unwrap();
    unpack(bytes, Path::new("/home/work"), &mut landing, &CancellationToken::new())
}

#[test]
fn what_is_packed_comes_back() {
    for compression in [Compression::Gzip, Compression::Zstd] {
        let (from, to) = (job(), job());
        fill(from.dir.path());
        let time = |job: &Job| fs::metadata(job.dir.path().join("home/.cache/run")).unwrap().modified().unwrap();
        let bytes = pack_cache(&from, compression);
        unpack_into(&to, &bytes).unwrap();
        compare(to.dir.path());
        assert_eq!(time(&from), time(&to));
        // Again, over what is there.
        unpack_into(&to, &bytes).unwrap();
        compare(to.dir.path());
    }
}

/// The commands that @actions/cache runs.
#[test]
fn tar_reads_it_and_is_read() {
    if !Command::new("tar").arg("--version").output().is_ok_and(|out| out.status.success()) {
        println!("skipped: there is no tar");
        return;
    }
    let (from, middle, to) = (job(), job(), job());
    fill(from.dir.path());
    let archive = middle.dir.path().join("cache.tgz");
    fs::write(&archive, pack_cache(&from, Compression::Gzip)).unwrap();
    let tar = |job: &Job, args: &[&str]| {
        let mut tar = Command::new("tar");
        tar.args(args).arg(&archive).args(["-P", "-z", "-C"]).arg(job.dir.path().join("home/work"));
        if args[0] == "--posix" {
            tar.args(["../.cache"]);
        }
        let out = tar.output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    };
    tar(&middle, &["-xf"]);
    compare(middle.dir.path());
    tar(&from, &["--posix", "-cf"]);
    unpack_into(&to, &fs::read(&archive).unwrap()).unwrap();
    compare(to.dir.path());
}

#[test]
fn nothing_lands_elsewhere() {
    let entry = |name: &str, kind: tar::EntryType, target: &str| {
        let mut header = tar::Header::new_ustar();
        let old = header.as_old_mut();
        old.name[..name.len()].copy_from_slice(name.as_bytes());
        old.linkname[..target.len()].copy_from_slice(target.as_bytes());
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_size(0);
        header.set_cksum();
        header
    };
    use tar::EntryType::{Directory, Link, Regular, Symlink};
    let cases: [&[(&str, tar::EntryType, &str)]; 6] = [
        &[("/outside/x", Regular, "")],
        &[("../../outside/x", Regular, "")],
        &[("link", Symlink, "/outside"), ("link/x", Regular, "")],
        &[("a/b", Directory, ""), ("a", Symlink, "../../outside"), ("a/x", Regular, "")],
        &[("link", Symlink, "../.."), ("link/outside/y", Directory, "")],
        &[("hard", Link, "/outside/secret")],
    ];
    for case in cases {
        let job = job();
        fs::write(job.dir.path().join("outside/secret"), "s").unwrap();
        let mut builder = tar::Builder::new(Vec::new());
        for (name, kind, target) in case {
            builder.append(&entry(name, *kind, target), io::empty()).unwrap();
        }
        let bytes = builder.into_inner().unwrap();
        assert!(unpack_into(&job, &bytes).is_err(), "{case:?}");
        assert_eq!(fs::read_dir(job.dir.path().join("outside")).unwrap().count(), 1, "{case:?}");
    }
}

#[test]
fn cut_archives_are_errors() {
    let from = job();
    fill(from.dir.path());
    let bytes = pack_cache(&from, Compression::Zstd);
    for length in [1, 5, bytes.len() / 2] {
        assert!(unpack_into(&job(), &bytes[..length]).is_err(), "{length}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(64))]
    #[test]
    fn any_bytes_are_read(at in 0usize..4096, bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..64)) {
        let from = job();
        fill(from.dir.path());
        let mut archive = pack_cache(&from, Compression::Gzip);
        let mut plain = Vec::new();
        decompress(&archive[..]).unwrap().read_to_end(&mut plain).unwrap();
        for archive in [&mut plain, &mut archive] {
            let at = at % archive.len();
            let end = (at + bytes.len()).min(archive.len());
            archive[at..end].copy_from_slice(&bytes[..end - at]);
            let to = job();
            let _ = unpack_into(&to, archive);
            proptest::prop_assert_eq!(fs::read_dir(to.dir.path().join("outside")).unwrap().count(), 0);
        }
    }
}
