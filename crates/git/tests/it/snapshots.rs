use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use git::{Repository, SnapshotStore, Source, copy_tree};

use crate::fixture::{Fixture, fingerprint, git_in, listing};

#[test]
fn a_clean_tree_is_the_commit_and_the_repository_is_not_touched() {
    let fixture = Fixture::new();
    let before = fingerprint(&fixture.path());
    let snapshot = fixture.snapshot();
    assert_eq!(snapshot.tree, fixture.git(&["rev-parse", "HEAD^{tree}"]));
    assert!(snapshot.fresh && !snapshot.uncommitted);
    assert_eq!(listing(&snapshot.path), listing(&fixture.path()));
    let mode = std::fs::metadata(snapshot.path.join("run.sh")).unwrap().permissions().mode();
    assert_eq!(mode & 0o111, 0o111);
    assert!(!fixture.snapshot().fresh);
    assert_eq!(fingerprint(&fixture.path()), before);
}

#[test]
fn a_dirty_tree_has_changes_and_untracked_files_but_no_ignored_ones() {
    let fixture = Fixture::new();
    fixture.write(".gitignore", "*.log\n");
    fixture.write("gone", "g\n");
    fixture.write("thing", "file\n");
    fixture.commit("more");
    fixture.write("a.txt", "changed\n");
    fixture.write("staged", "s\n");
    fixture.git(&["add", "staged"]);
    std::fs::remove_file(fixture.path().join("gone")).unwrap();
    std::fs::remove_file(fixture.path().join("thing")).unwrap();
    fixture.write("thing/inside", "now a directory\n");
    fixture.write("new ü\n\"file", "n\n");
    let raw = Path::new(std::ffi::OsStr::from_bytes(b"raw-\xff"));
    fixture.write(raw, "bytes\n");
    fixture.write("debug.log", "ignored\n");
    let before = fingerprint(&fixture.path());
    let snapshot = fixture.snapshot();
    assert!(snapshot.uncommitted);
    let mut want = listing(&fixture.path());
    want.retain(|(path, _)| path != "debug.log");
    assert_eq!(listing(&snapshot.path), want);
    assert_eq!(fingerprint(&fixture.path()), before);
    // The same content committed is the same snapshot.
    fixture.commit("all of it");
    let committed = fixture.snapshot();
    assert_eq!(
        (committed.tree.as_str(), committed.fresh, committed.uncommitted),
        (snapshot.tree.as_str(), false, false)
    );
}

#[test]
fn another_commit_is_inflated_where_the_work_tree_differs() {
    let fixture = Fixture::new();
    let first = fixture.git(&["rev-parse", "HEAD"]);
    fixture.write("a.txt", "later\n");
    std::fs::remove_file(fixture.path().join("link")).unwrap();
    fixture.commit("second");
    // Equal in size and time, different in content: must not be taken from the work tree.
    fixture.write("a.txt", "two\n");
    let snapshot = fixture.store().snapshot(&fixture.repository(), Source::Commit(&first)).unwrap();
    let files = listing(&snapshot.path);
    assert!(files.contains(&("a.txt".into(), "one\n".into())), "{files:?}");
    assert!(files.contains(&("link".into(), "-> dir/b.txt".into())), "{files:?}");
}

#[test]
fn bare_shallow_and_borrowing_repositories_give_the_same_tree() {
    let fixture = Fixture::new();
    fixture.commit("second");
    let want = fixture.snapshot();
    let url = format!("file://{}", fixture.path().display());
    let at = fixture.dir.path();
    git_in(at, &["clone", "-q", "--bare", &url, "bare.git"]);
    git_in(at, &["clone", "-q", "--depth=1", &url, "shallow"]);
    git_in(at, &["clone", "-q", "--shared", "repo", "borrowing"]);
    for name in ["bare.git", "shallow", "borrowing"] {
        let store = SnapshotStore::open(&at.join(format!("cache-{name}"))).unwrap();
        let snapshot = store.snapshot(&Repository::open(&at.join(name)).unwrap(), Source::WorkTree).unwrap();
        assert_eq!(snapshot.tree, want.tree, "{name}");
        assert_eq!(listing(&snapshot.path), listing(&want.path), "{name}");
    }
}

#[test]
fn a_directory_outside_git_and_a_repository_without_commits() {
    let fixture = Fixture::empty();
    fixture.write("x/y", "y\n");
    fixture.write(".gitignore", "out\n");
    fixture.write("out", "o\n");
    let unborn = fixture.snapshot();
    assert!(unborn.uncommitted);
    std::fs::remove_dir_all(fixture.path().join(".git")).unwrap();
    let plain = fixture.store().snapshot(&Repository::open(&fixture.path()).unwrap(), Source::WorkTree).unwrap();
    assert_eq!(plain.tree, unborn.tree);
    assert!(!plain.fresh && plain.uncommitted);
    assert!(!plain.path.join("out").exists() && plain.path.join("x/y").exists());
    fixture.write("x/z", "z\n");
    let later = fixture.store().snapshot(&Repository::open(&fixture.path()).unwrap(), Source::WorkTree).unwrap();
    assert!(later.fresh && later.path.join("x/z").exists());
}

#[test]
fn attributes_convert_as_a_fresh_checkout_would() {
    let fixture = Fixture::new();
    fixture
        .write(".gitattributes", "*.bat eol=crlf\n*.auto text=auto\n*.id ident\n*.big filter=lfs\n*.up filter=upper\n");
    fixture.git(&["config", "filter.upper.clean", "tr A-Z a-z"]);
    fixture.git(&["config", "filter.upper.smudge", "tr a-z A-Z"]);
    fixture.git(&["config", "filter.lfs.smudge", "echo real content; cat >/dev/null"]);
    fixture.git(&["config", "filter.lfs.clean", "cat >/dev/null; echo pointer"]);
    fixture.write("x.bat", "a\nb\n");
    fixture.write("x.auto", "a\r\nb\r\n");
    fixture.write("x.id", "$Id$\n");
    fixture.write("x.big", "real content\n");
    fixture.write("x.up", "LOUD\n");
    fixture.commit("attributes");
    let files = listing(&fixture.snapshot().path);
    let content = |path: &str| files.iter().find(|(name, _)| name == path).map(|(_, text)| text.as_str()).unwrap();
    assert_eq!(content("x.bat"), "a\r\nb\r\n");
    assert_eq!(content("x.auto"), "a\nb\n");
    assert!(content("x.id").starts_with("$Id: "), "{}", content("x.id"));
    assert_eq!(content("x.big"), "pointer\n");
    assert_eq!(content("x.up"), "LOUD\n");
}

#[test]
fn submodules_are_empty_directories() {
    let fixture = Fixture::new();
    let lib = Fixture::new();
    fixture.git(&["submodule", "--quiet", "add", lib.path().to_str().unwrap(), "libs/lib"]);
    fixture.commit("submodule");
    let snapshot = fixture.snapshot();
    assert!(listing(&snapshot.path).contains(&("libs/lib/".into(), String::new())));
    // A change inside the submodule is not ours.
    std::fs::write(fixture.path().join("libs/lib/a.txt"), "dirty").unwrap();
    assert!(!fixture.snapshot().uncommitted);
}

#[test]
fn a_large_file_goes_through_in_pieces() {
    let fixture = Fixture::new();
    fixture.write("large", &"0123456789".repeat(50_000));
    let first = fixture.commit("large");
    fixture.write("large", &"0123456789".repeat(50_001));
    let changed = fixture.snapshot();
    assert_eq!(std::fs::metadata(changed.path.join("large")).unwrap().len(), 500_010);
    let committed = fixture.store().snapshot(&fixture.repository(), Source::Commit(&first)).unwrap();
    assert_eq!(std::fs::metadata(committed.path.join("large")).unwrap().len(), 500_000);
}

#[test]
fn unsafe_paths_in_trees_are_refused() {
    let fixture = Fixture::new();
    let blob = fixture.git(&["hash-object", "-w", "a.txt"]);
    for name in ["..", ".git", ".GIT", "."] {
        // mktree refuses none of these.
        let list = fixture.dir.path().join("list");
        std::fs::write(&list, format!("100644 blob {blob}\t{name}\n")).unwrap();
        let mut mktree = crate::fixture::command_in(&fixture.path(), &["mktree"]);
        let out = mktree.stdin(std::fs::File::open(&list).unwrap()).output().unwrap();
        let tree = String::from_utf8(out.stdout).unwrap().trim().to_owned();
        let error = fixture.store().snapshot(&fixture.repository(), Source::Commit(&tree)).unwrap_err();
        assert!(error.to_string().contains("not safe to write"), "{name}: {error}");
    }
}

#[test]
fn collection_takes_the_least_recently_used_and_spares_what_is_held() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let mut trees = Vec::new();
    for number in 0..3 {
        fixture.write("a.txt", &format!("{number}\n"));
        fixture.commit("next");
        let snapshot = fixture.snapshot();
        let used = std::fs::File::options().append(true).open(snapshot.path.with_file_name("meta")).unwrap();
        used.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1000 + number)).unwrap();
        trees.push(snapshot.path.clone());
    }
    let held = fixture.snapshot();
    let report = store.gc(report_size(&store) - 1).unwrap();
    assert_eq!(report.removed, 1);
    assert_eq!(trees.iter().map(|path| path.exists()).collect::<Vec<_>>(), [false, true, true]);
    let report = store.gc(0).unwrap();
    assert_eq!(report.removed, 1);
    assert!(held.path.exists() && report.kept_bytes > 0);
    drop(held);
    assert_eq!(store.gc(0).unwrap().kept_bytes, 0);
    assert!(fixture.snapshot().fresh);
}

fn report_size(store: &SnapshotStore) -> u64 {
    store.gc(u64::MAX).unwrap().kept_bytes
}

#[test]
fn a_snapshot_cut_short_by_a_power_failure_is_made_anew() {
    let fixture = Fixture::new();
    let snapshot = fixture.snapshot();
    let meta = snapshot.path.with_file_name("meta");
    let text = std::fs::read_to_string(&meta).unwrap();
    let earlier: String = text
        .lines()
        .map(|line| if line.starts_with("boot") { "boot earlier\n".into() } else { format!("{line}\n") })
        .collect();
    std::fs::write(&meta, &earlier).unwrap();
    drop(snapshot);
    assert!(!fixture.snapshot().fresh, "whole: kept");
    std::fs::write(&meta, &earlier).unwrap();
    std::fs::write(fixture.snapshot().path.join("a.txt"), "").unwrap();
    std::fs::write(&meta, &earlier).unwrap();
    let again = fixture.snapshot();
    assert!(again.fresh);
    assert_eq!(std::fs::read_to_string(again.path.join("a.txt")).unwrap(), "one\n");
}

#[test]
fn coming_back_to_a_tree_makes_its_files_new_again() {
    let fixture = Fixture::new();
    let first = fixture.snapshot();
    let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_600_000_000);
    let file = |snapshot: &git::Snapshot| snapshot.path.join("a.txt");
    let age = |path: &Path| {
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(old).unwrap();
    };
    let is_old = |path: &Path| std::fs::metadata(path).unwrap().modified().unwrap() == old;
    age(&file(&first));
    drop(first);
    assert!(is_old(&file(&fixture.snapshot())), "the same tree: kept");
    fixture.write("a.txt", "other\n");
    let other = fixture.snapshot();
    fixture.write("a.txt", "one\n");
    let again = fixture.snapshot();
    assert!(!again.fresh && !is_old(&file(&again)));
    // Not under a job that is using it.
    age(&file(&other));
    fixture.write("a.txt", "other\n");
    assert!(is_old(&file(&fixture.snapshot())));
    drop(other);
    fixture.write("a.txt", "one\n");
    fixture.snapshot();
    fixture.write("a.txt", "other\n");
    let other = fixture.snapshot();
    assert!(!is_old(&file(&other)));
    // The index knows the new times.
    let work = fixture.dir.path().join("work");
    copy_tree(&other.path, &work).unwrap();
    std::fs::copy(&other.index, fixture.path().join(".git/copied")).unwrap();
    let files = crate::fixture::command_in(
        &fixture.path(),
        &["-c", "core.checkStat=minimal", "-c", "core.trustctime=false", "diff-files", "--name-only"],
    )
    .env("GIT_INDEX_FILE", fixture.path().join(".git/copied"))
    .env("GIT_WORK_TREE", &work)
    .env("GIT_DIR", fixture.path().join(".git"))
    .args(["--"])
    .output()
    .unwrap();
    assert_eq!(String::from_utf8_lossy(&files.stdout), "a.txt\n");
}

#[test]
fn copies_keep_modes_times_and_links() {
    let fixture = Fixture::new();
    let snapshot = fixture.snapshot();
    let to = fixture.dir.path().join("copy");
    copy_tree(&snapshot.path, &to).unwrap();
    assert_eq!(listing(&to), listing(&snapshot.path));
    for name in ["a.txt", "run.sh", "link"] {
        let (a, b) = (snapshot.path.join(name).symlink_metadata().unwrap(), to.join(name).symlink_metadata().unwrap());
        assert_eq!((a.modified().unwrap(), a.permissions()), (b.modified().unwrap(), b.permissions()), "{name}");
    }
}

/// Not a test of its own: the other process of the tests below.
#[test]
#[ignore = "run by other tests"]
fn child_materialises() {
    let (Ok(repo), Ok(cache)) = (std::env::var("CHILD_REPO"), std::env::var("CHILD_CACHE")) else {
        return;
    };
    let store = SnapshotStore::open(Path::new(&cache)).unwrap();
    let snapshot = store.snapshot(&Repository::discover(Path::new(&repo)).unwrap(), Source::WorkTree).unwrap();
    println!("CHILD fresh={}", snapshot.fresh);
}

fn child(fixture: &Fixture) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "snapshots::child_materialises", "--ignored", "--nocapture"]);
    command
        .env("CHILD_REPO", fixture.path())
        .env("CHILD_CACHE", fixture.cache())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

#[test]
fn several_processes_make_a_snapshot_once() {
    let fixture = Fixture::new();
    for number in 0..300 {
        fixture.write(format!("many/{number}"), &format!("{number}\n"));
    }
    fixture.write("untracked", "u\n");
    let children: Vec<_> = (0..4).map(|_| child(&fixture).spawn().unwrap()).collect();
    let outs: Vec<String> = children
        .into_iter()
        .map(|child| String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap())
        .collect();
    let fresh = outs.iter().filter(|out| out.contains("CHILD fresh=true")).count();
    let reused = outs.iter().filter(|out| out.contains("CHILD fresh=false")).count();
    assert_eq!((fresh, reused), (1, 3), "{outs:?}");
    assert_eq!(listing(&fixture.snapshot().path), listing(&fixture.path()));
}

#[test]
fn a_process_killed_while_materialising_leaves_nothing_visible() {
    let fixture = Fixture::new();
    let fifo = fixture.dir.path().join("fifo");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RWXU).unwrap();
    fixture.write(".gitattributes", "slow filter=slow\n");
    fixture.write("slow", "slow\n");
    let sha = fixture.commit("slow");
    // The child's git stands still in the filter until the pipe is read.
    fixture.git(&["config", "filter.slow.smudge", &format!("echo here > '{}'; cat", fifo.display())]);
    let mut killed = child(&fixture).spawn().unwrap();
    let mut pipe = std::fs::File::open(&fifo).unwrap();
    killed.kill().unwrap();
    killed.wait().unwrap();
    let snapshots = fixture.cache().join("snapshots");
    assert_eq!(std::fs::read_dir(&snapshots).unwrap().count(), 0);
    assert_ne!(std::fs::read_dir(fixture.cache().join("tmp")).unwrap().count(), 0);
    pipe.read_to_end(&mut Vec::new()).unwrap();
    fixture.git(&["config", "filter.slow.smudge", "cat"]);
    let store = fixture.store();
    let snapshot = store.snapshot(&fixture.repository(), Source::Commit(&sha)).unwrap();
    assert!(snapshot.fresh);
    assert_eq!(std::fs::read_to_string(snapshot.path.join("slow")).unwrap(), "slow\n");
    fixture.store();
    assert_eq!(std::fs::read_dir(fixture.cache().join("tmp")).unwrap().count(), 0);
}
