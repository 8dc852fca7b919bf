use git::{ChangeKind, Head, Repository};

use crate::fixture::{Fixture, git_in};

#[test]
fn a_branch_with_a_remote() {
    let fixture = Fixture::new();
    fixture.git(&["remote", "add", "origin", "https://me:secret@github.com/octo/tool.git"]);
    let facts = fixture.repository().facts().unwrap();
    assert!(facts.is_git);
    assert_eq!(facts.head.branch.as_deref(), Some("main"));
    assert_eq!(facts.head.sha, Some(fixture.git(&["rev-parse", "HEAD"])));
    assert_eq!((facts.owner.as_str(), facts.name.as_str(), facts.default_branch.as_str()), ("octo", "tool", "main"));
    assert_eq!(facts.remote_url.as_deref(), Some("https://github.com/octo/tool.git"));
}

#[test]
fn heads_of_every_kind() {
    let fixture = Fixture::empty();
    let head = || fixture.repository().facts().unwrap().head;
    assert_eq!(head(), Head { sha: None, branch: Some("main".into()), detached: false });
    let sha = fixture.commit("first");
    fixture.git(&["checkout", "-q", "-b", "topic/a"]);
    assert_eq!(head().branch.as_deref(), Some("topic/a"));
    fixture.git(&["checkout", "-q", "--detach"]);
    assert_eq!(head(), Head { sha: Some(sha.clone()), branch: None, detached: true });
    fixture.git(&["checkout", "-q", "main"]);
    fixture.git(&["pack-refs", "--all"]);
    assert_eq!(head(), Head { sha: Some(sha), branch: Some("main".into()), detached: false });
}

#[test]
fn the_top_level_is_found_from_below_and_in_a_worktree() {
    let fixture = Fixture::new();
    let from_below = Repository::discover(&fixture.path().join("dir")).unwrap();
    assert_eq!(from_below.top_level(), fixture.path().canonicalize().unwrap());
    let tree = fixture.dir.path().join("tree");
    fixture.git(&["worktree", "add", "-q", "-b", "side", tree.to_str().unwrap()]);
    let linked = Repository::discover(&tree).unwrap();
    let facts = linked.facts().unwrap();
    assert_eq!(facts.head.branch.as_deref(), Some("side"));
    assert_eq!(facts.head.sha, Some(fixture.git(&["rev-parse", "HEAD"])));
    assert!(linked.status().unwrap().is_clean());
}

#[test]
fn a_plain_directory_is_no_repository() {
    let dir = tempfile::Builder::new().prefix("my project").tempdir().unwrap();
    let repository = Repository::open(dir.path()).unwrap();
    let facts = repository.facts().unwrap();
    assert!(!facts.is_git && facts.head == Head::default());
    assert_eq!((facts.owner.as_str(), facts.default_branch.as_str()), ("local", "main"));
    assert!(facts.name.starts_with("my-project"), "{}", facts.name);
    assert!(Repository::discover(&dir.path().join("missing")).is_err());
}

#[test]
fn the_default_branch_is_what_the_remote_says_first() {
    let fixture = Fixture::new();
    fixture.git(&["branch", "trunk"]);
    fixture.git(&["branch", "master"]);
    fixture.git(&["checkout", "-q", "-b", "topic"]);
    let default = || fixture.repository().facts().unwrap().default_branch;
    assert_eq!(default(), "main");
    fixture.git(&["config", "init.defaultBranch", "trunk"]);
    assert_eq!(default(), "trunk");
    fixture.git(&["update-ref", "refs/remotes/origin/release", "HEAD"]);
    fixture.git(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/release"]);
    assert_eq!(default(), "release");
}

#[test]
fn a_commit_has_its_people_times_and_message() {
    let fixture = Fixture::new();
    fixture.commit("subject\n\nbody\nmore");
    let commit = fixture.repository().commit("HEAD").unwrap();
    assert_eq!(commit.message, "subject\n\nbody\nmore");
    assert_eq!(
        (commit.author.name.as_str(), commit.author.seconds, commit.author.offset_minutes),
        ("Ada", 1_700_000_000, 90)
    );
    assert_eq!((commit.committer.email.as_str(), commit.committer.offset_minutes), ("grace@example.org", -420));
    assert_eq!(commit.parents, [fixture.git(&["rev-parse", "HEAD^"])]);
    assert_eq!(commit.tree, fixture.git(&["rev-parse", "HEAD^{tree}"]));
    assert!(fixture.repository().commit("nowhere").is_err());
}

#[test]
fn commits_between_are_oldest_first_and_limited_to_the_newest() {
    let fixture = Fixture::new();
    let base = fixture.git(&["rev-parse", "HEAD"]);
    for message in ["a", "b", "c"] {
        fixture.commit(message);
    }
    let messages = |limit| -> Vec<String> {
        let commits = fixture.repository().commits_between(Some(&base), "HEAD", limit).unwrap();
        commits.into_iter().map(|commit| commit.message).collect()
    };
    assert_eq!(messages(10), ["a", "b", "c"]);
    assert_eq!(messages(2), ["b", "c"]);
    assert_eq!(fixture.repository().commits_between(None, "HEAD", 10).unwrap().len(), 4);
}

#[test]
fn changed_files_name_both_ends_of_a_rename() {
    let fixture = Fixture::new();
    fixture.write("long.txt", &"line\n".repeat(50));
    fixture.write("ü \n\"q.txt", "x\n");
    let base = fixture.commit("base");
    fixture.git(&["mv", "long.txt", "moved.txt"]);
    fixture.git(&["rm", "-q", "a.txt"]);
    fixture.write("dir/b.txt", "changed\n");
    fixture.write("new", "n\n");
    fixture.write("ü \n\"q.txt", "y\n");
    let head = fixture.commit("head");
    let files = fixture.repository().changed_files(Some(&base), &head).unwrap();
    let shown: Vec<_> = files.iter().map(|file| (file.kind, file.path.as_str(), file.old_path.as_deref())).collect();
    assert_eq!(
        shown,
        [
            (ChangeKind::Deleted, "a.txt", None),
            (ChangeKind::Modified, "dir/b.txt", None),
            (ChangeKind::Renamed, "moved.txt", Some("long.txt")),
            (ChangeKind::Added, "new", None),
            (ChangeKind::Modified, "ü \n\"q.txt", None),
        ]
    );
    let all = fixture.repository().changed_files(None, &base).unwrap();
    assert!(all.len() == 6 && all.iter().all(|file| file.kind == ChangeKind::Added));
}

#[test]
fn three_dots_leave_out_what_the_base_did() {
    let fixture = Fixture::new();
    let fork = fixture.git(&["rev-parse", "HEAD"]);
    fixture.git(&["checkout", "-q", "-b", "topic"]);
    fixture.write("topic", "t\n");
    fixture.commit("topic");
    fixture.git(&["checkout", "-q", "main"]);
    fixture.write("onmain", "m\n");
    fixture.commit("main");
    let repository = fixture.repository();
    assert_eq!(repository.merge_base("main", "topic").unwrap(), Some(fork));
    let paths = |files: Vec<git::ChangedFile>| -> Vec<String> { files.into_iter().map(|file| file.path).collect() };
    assert_eq!(paths(repository.changed_files_since_merge_base("main", "topic").unwrap()), ["topic"]);
    assert_eq!(paths(repository.changed_files(Some("main"), "topic").unwrap()), ["onmain", "topic"]);
    fixture.git(&["checkout", "-q", "--orphan", "alone"]);
    fixture.commit("alone");
    assert_eq!(repository.merge_base("main", "alone").unwrap(), None);
    assert!(repository.merge_base("main", "nowhere").is_err());
}

#[test]
fn tags_at_head_are_in_version_order() {
    let fixture = Fixture::new();
    for tag in ["v1.10", "v1.9"] {
        fixture.git(&["tag", tag]);
    }
    fixture.git(&["tag", "-a", "v2", "-m", "annotated"]);
    assert_eq!(fixture.repository().tags_at_head().unwrap(), ["v1.9", "v1.10", "v2"]);
    let refs = fixture.repository();
    let v2 = refs.refs().unwrap().iter().find(|known| known.name == "refs/tags/v2").unwrap();
    assert_eq!(v2.commit(), fixture.git(&["rev-parse", "HEAD"]));
    assert_ne!(v2.sha, v2.commit());
}

#[test]
fn submodules_are_read_from_the_work_tree() {
    let fixture = Fixture::new();
    fixture.write(
        ".gitmodules",
        "[submodule \"lib\"]\n\tpath = libs/lib\n\turl = ../lib.git\n[submodule \"bad\"]\n\tpath = ../out\n\turl = x\n",
    );
    let found = fixture.repository().submodules().unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].name.as_str(), found[0].path.as_str(), found[0].url.as_str()),
        ("lib", "libs/lib", "../lib.git")
    );
}

#[test]
fn a_bare_repository_has_facts() {
    let fixture = Fixture::new();
    let bare = fixture.dir.path().join("tool.git");
    git_in(fixture.dir.path(), &["clone", "-q", "--bare", "repo", "tool.git"]);
    let repository = Repository::open(&bare).unwrap();
    assert!(repository.is_bare() && repository.is_git());
    assert_eq!(repository.facts().unwrap().head.sha, Some(fixture.git(&["rev-parse", "HEAD"])));
}
