use std::path::{Path, PathBuf};

use git::{GitDirRequest, Repository, Snapshot, Source, checkout_git_dir, copy_tree};

use crate::fixture::{Fixture, git_in};

/// Puts a snapshot and its `.git` somewhere, as a job would have it.
fn place(fixture: &Fixture, snapshot: &Snapshot, edit: impl FnOnce(&mut GitDirRequest<'_>)) -> PathBuf {
    let work = tempfile::tempdir_in(fixture.dir.path()).unwrap().keep();
    copy_tree(&snapshot.path, &work).unwrap();
    let repository = Repository::open(&fixture.path()).unwrap();
    let sha = repository.head().unwrap().sha;
    let mut request = GitDirRequest {
        repository: &repository,
        snapshot,
        commit: sha.as_deref(),
        reference: Some("refs/heads/main"),
        remote_url: "https://github.com/octo/tool",
        fetch_depth: 1,
        fetch_tags: false,
    };
    edit(&mut request);
    checkout_git_dir(&request, &work.join(".git")).unwrap();
    git_in(&work, &["fsck", "--connectivity-only", "--no-dangling"]);
    work
}

fn count(work: &Path, revision: &str) -> String {
    git_in(work, &["rev-list", "--count", revision])
}

#[test]
fn a_clean_checkout_looks_as_after_the_action() {
    let fixture = Fixture::new();
    fixture.commit("second");
    let snapshot = fixture.snapshot();
    let work = place(&fixture, &snapshot, |_| {});
    assert_eq!(git_in(&work, &["status", "--porcelain=v1", "--branch"]), "## main...origin/main");
    assert_eq!(git_in(&work, &["rev-parse", "HEAD"]), fixture.git(&["rev-parse", "HEAD"]));
    assert_eq!(count(&work, "HEAD"), "1");
    assert_eq!(git_in(&work, &["rev-parse", "--is-shallow-repository"]), "true");
    assert_eq!(git_in(&work, &["remote", "get-url", "origin"]), "https://github.com/octo/tool");
    assert_eq!(git_in(&work, &["ls-files"]), fixture.git(&["ls-files"]));
    assert_eq!(git_in(&work, &["describe", "--always"]), fixture.git(&["rev-parse", "--short", "HEAD"]));
}

#[test]
fn no_file_is_hashed_again() {
    let fixture = Fixture::new();
    let snapshot = fixture.snapshot();
    let work = place(&fixture, &snapshot, |_| {});
    // Same size, same time, other content: only a git that trusts the index does not see it.
    let file = work.join("a.txt");
    let time = std::fs::metadata(&file).unwrap().modified().unwrap();
    std::fs::write(&file, "eno\n").unwrap();
    std::fs::File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
    assert_eq!(git_in(&work, &["status", "--porcelain"]), "");
    // A job's own change of the same size is seen by its time.
    std::fs::write(&file, "enO\n").unwrap();
    assert_eq!(git_in(&work, &["status", "--porcelain"]), " M a.txt");
}

#[test]
fn a_dirty_tree_shows_what_the_user_sees() {
    let fixture = Fixture::new();
    fixture.write("gone", "g\n");
    fixture.write("both", "1\n");
    fixture.commit("more");
    fixture.write("a.txt", "changed\n");
    fixture.write("staged", "s\n");
    fixture.write("both", "2\n");
    fixture.git(&["add", "staged", "both"]);
    fixture.write("both", "3\n");
    std::fs::remove_file(fixture.path().join("gone")).unwrap();
    fixture.write("new", "n\n");
    let snapshot = fixture.snapshot();
    let work = place(&fixture, &snapshot, |_| {});
    for args in [&["status", "--porcelain"][..], &["diff"], &["diff", "--cached"], &["diff", "HEAD"]] {
        assert_eq!(git_in(&work, args), fixture.git(args), "{args:?}");
    }
    // Another state of the index over the same files is another index.
    fixture.git(&["add", "-A"]);
    let staged = fixture.snapshot();
    assert_eq!(staged.tree, snapshot.tree);
    let work = place(&fixture, &staged, |_| {});
    assert_eq!(git_in(&work, &["status", "--porcelain"]), fixture.git(&["status", "--porcelain"]));
    git_in(&work, &["commit", "-q", "-m", "a step may commit"]);
}

#[test]
fn a_conflict_is_carried_over() {
    let fixture = Fixture::new();
    fixture.git(&["checkout", "-q", "-b", "side"]);
    fixture.write("a.txt", "side\n");
    fixture.commit("side");
    fixture.git(&["checkout", "-q", "main"]);
    fixture.write("a.txt", "main\n");
    fixture.commit("main");
    let merge = crate::fixture::command_in(&fixture.path(), &["merge", "-q", "side"]).output().unwrap();
    assert!(!merge.status.success());
    let work = place(&fixture, &fixture.snapshot(), |_| {});
    assert_eq!(git_in(&work, &["status", "--porcelain"]), "UU a.txt");
    assert!(std::fs::read_to_string(work.join("a.txt")).unwrap().contains("<<<<<<<"));
}

#[test]
fn depth_counts_commits_along_every_parent() {
    let fixture = Fixture::new();
    for number in 0..4 {
        fixture.commit(&format!("{number}"));
    }
    fixture.git(&["checkout", "-q", "-b", "side", "HEAD~2"]);
    fixture.commit("side");
    fixture.git(&["checkout", "-q", "main"]);
    fixture.git(&["merge", "-q", "--no-ff", "-m", "merge", "side"]);
    let snapshot = fixture.snapshot();
    let url = format!("file://{}", fixture.path().display());
    for depth in [1, 2, 3, 4, 50] {
        let work = place(&fixture, &snapshot, |request| request.fetch_depth = depth);
        // A real fetch of that depth is the measure.
        let real = tempfile::tempdir_in(fixture.dir.path()).unwrap();
        git_in(real.path(), &["init", "-q"]);
        git_in(real.path(), &["fetch", "-q", "--no-tags", &format!("--depth={depth}"), &url, "main"]);
        assert_eq!(git_in(&work, &["rev-list", "HEAD"]), git_in(real.path(), &["rev-list", "FETCH_HEAD"]), "{depth}");
    }
}

#[test]
fn depth_zero_has_branches_and_tags() {
    let fixture = Fixture::new();
    fixture.git(&["tag", "-a", "v1", "-m", "one"]);
    fixture.git(&["branch", "local"]);
    fixture.commit("second");
    let snapshot = fixture.snapshot();
    let refs = |work: &Path| git_in(work, &["for-each-ref", "--format=%(refname)"]);
    let full = place(&fixture, &snapshot, |request| request.fetch_depth = 0);
    assert_eq!(refs(&full), "refs/heads/main\nrefs/remotes/origin/local\nrefs/remotes/origin/main\nrefs/tags/v1");
    assert_eq!(count(&full, "HEAD"), "2");
    assert_eq!(git_in(&full, &["describe"]), fixture.git(&["describe"]));
    // With a remote, its branches count, and the one checked out.
    fixture.git(&["update-ref", "refs/remotes/origin/release", "HEAD~1"]);
    let full = place(&fixture, &snapshot, |request| request.fetch_depth = 0);
    assert_eq!(refs(&full), "refs/heads/main\nrefs/remotes/origin/main\nrefs/remotes/origin/release\nrefs/tags/v1");
    let tags = place(&fixture, &snapshot, |request| request.fetch_tags = true);
    assert_eq!(refs(&tags), "refs/heads/main\nrefs/remotes/origin/main\nrefs/tags/v1");
    assert_eq!(count(&tags, "HEAD"), "1");
}

#[test]
fn tags_pulls_and_commits_are_detached() {
    let fixture = Fixture::new();
    fixture.git(&["tag", "-a", "v1", "-m", "one"]);
    let snapshot = fixture.snapshot();
    let state = |reference: Option<&'static str>| {
        let work = place(&fixture, &snapshot, |request| request.reference = reference);
        let head = std::fs::read_to_string(work.join(".git/HEAD")).unwrap();
        (head.len(), git_in(&work, &["for-each-ref", "--format=%(refname) %(objecttype)"]))
    };
    assert_eq!(state(Some("refs/tags/v1")), (41, "refs/tags/v1 tag".into()));
    assert_eq!(state(Some("refs/pull/7/merge")), (41, "refs/remotes/pull/7/merge commit".into()));
    assert_eq!(state(None), (41, String::new()));
}

#[test]
fn a_shallow_source_stays_shallow() {
    let source = Fixture::new();
    source.commit("second");
    source.commit("third");
    let fixture = Fixture::empty();
    std::fs::remove_dir_all(fixture.path()).unwrap();
    let url = format!("file://{}", source.path().display());
    git_in(fixture.dir.path(), &["clone", "-q", "--depth=2", &url, "repo"]);
    let snapshot = fixture.snapshot();
    for (depth, commits) in [(0, "2"), (1, "1"), (2, "2"), (9, "2")] {
        let work = place(&fixture, &snapshot, |request| request.fetch_depth = depth);
        assert_eq!(count(&work, "HEAD"), commits, "{depth}");
    }
}

#[test]
fn without_commits_there_is_still_a_repository() {
    let fixture = Fixture::empty();
    fixture.write("x", "x\n");
    let unborn = fixture.snapshot();
    let work = place(&fixture, &unborn, |_| {});
    assert_eq!(git_in(&work, &["status", "--porcelain"]), "?? x");
    std::fs::remove_dir_all(fixture.path().join(".git")).unwrap();
    let plain = fixture.store().snapshot(&Repository::open(&fixture.path()).unwrap(), Source::WorkTree).unwrap();
    let work = place(&fixture, &plain, |request| request.reference = None);
    assert_eq!(git_in(&work, &["ls-files"]), "x");
    git_in(&work, &["commit", "-q", "-m", "possible"]);
}

#[test]
fn sha256_repositories_work() {
    let fixture = Fixture::empty();
    std::fs::remove_dir_all(fixture.path().join(".git")).unwrap();
    fixture.git(&["init", "-q", "-b", "main", "--object-format=sha256"]);
    fixture.write("a.txt", "one\n");
    fixture.commit("first");
    let snapshot = fixture.snapshot();
    assert_eq!(snapshot.tree.len(), 64);
    let work = place(&fixture, &snapshot, |_| {});
    assert_eq!(git_in(&work, &["status", "--porcelain"]), "");
    fixture.write("a.txt", "two\n");
    let work = place(&fixture, &fixture.snapshot(), |_| {});
    assert_eq!(git_in(&work, &["status", "--porcelain"]), " M a.txt");
}
