use std::path::{Path, PathBuf};

use git::{
    CheckoutContext, CheckoutInputs, CheckoutOutcome, GitError, HostWorkspace, RepoName, Repository, RepositorySource,
    Snapshot, SnapshotStore, Sources, Token, checkout, checkout_cleanup,
};

use crate::fixture::{Fixture, git_in, listing};

/// A run on a fixture: its snapshot and a workspace.
struct Run {
    repository: Repository,
    store: SnapshotStore,
    snapshot: Snapshot,
    sources: Sources,
    work: PathBuf,
    temp: PathBuf,
}

impl Run {
    fn new(fixture: &Fixture) -> Run {
        let base = fixture.dir.path();
        let (work, temp) = (base.join("work"), base.join("temp"));
        std::fs::create_dir_all(&work).unwrap();
        std::fs::create_dir_all(&temp).unwrap();
        let sources = Sources {
            entries: Vec::new(),
            cache_dir: fixture.cache(),
            offline: true,
            server_url: "https://github.com".into(),
            token: None,
            ..Sources::default()
        };
        Run {
            repository: fixture.repository(),
            store: fixture.store(),
            snapshot: fixture.snapshot(),
            sources,
            work,
            temp,
        }
    }

    fn checkout(&self, inputs: &[(&str, &str)]) -> Result<CheckoutOutcome, GitError> {
        let get = |name: &str| inputs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let workspace = HostWorkspace::new(self.work.clone());
        let head = self.repository.head().unwrap();
        let context = CheckoutContext {
            repository: &self.repository,
            name: RepoName::parse("me/mine").unwrap(),
            sha: head.sha,
            reference: head.branch.map(|branch| format!("refs/heads/{branch}")).unwrap_or_default(),
            remote_url: "nowhere".into(),
            snapshot: &self.snapshot,
            store: &self.store,
            sources: &self.sources,
            workspace: &workspace,
            runner_temp: Some((self.temp.clone(), self.temp.clone())),
        };
        checkout(&CheckoutInputs::from_inputs(&get), &context)
    }
}

fn status(dir: &Path) -> String {
    git_in(dir, &["status", "--porcelain", "--branch"])
}

#[test]
fn the_default_is_the_event_with_the_users_changes() {
    let fixture = Fixture::new();
    fixture.write("a.txt", "changed\n");
    let run = Run::new(&fixture);
    std::fs::write(run.work.join("left over"), "x").unwrap();
    let outcome = run.checkout(&[]).unwrap();
    assert_eq!(outcome.commit, fixture.git(&["rev-parse", "HEAD"]));
    assert_eq!(outcome.reference, "refs/heads/main");
    assert!(
        outcome.uncommitted && outcome.log.iter().any(|line| line.contains("with uncommitted changes")),
        "{:?}",
        outcome.log
    );
    assert_eq!(listing(&run.work), listing(&fixture.path()));
    assert_eq!(status(&run.work), "## main...origin/main\n M a.txt");
    // Once more, over the first.
    assert!(run.checkout(&[("ref", "main")]).unwrap().uncommitted);
    assert_eq!(listing(&run.work), listing(&fixture.path()));
}

#[test]
fn other_refs_are_checked_out_as_committed() {
    let fixture = Fixture::new();
    let first = fixture.git(&["rev-parse", "HEAD"]);
    fixture.git(&["tag", "-a", "v1", "-m", "one"]);
    fixture.git(&["branch", "same"]);
    fixture.git(&["tag", "same"]);
    fixture.write("a.txt", "second\n");
    fixture.commit("second");
    fixture.write("a.txt", "uncommitted\n");
    let run = Run::new(&fixture);
    let table = [
        ("v1", "refs/tags/v1", "## HEAD (no branch)"),
        ("refs/tags/v1", "refs/tags/v1", "## HEAD (no branch)"),
        ("same", "refs/heads/same", "## same...origin/same"),
        (first.as_str(), first.as_str(), "## HEAD (no branch)"),
    ];
    for (name, full, want) in table {
        let outcome = run.checkout(&[("ref", name)]).unwrap();
        assert_eq!(
            (outcome.commit.as_str(), outcome.reference.as_str(), outcome.uncommitted),
            (first.as_str(), full, false)
        );
        assert_eq!(status(&run.work), want, "{name}");
        assert_eq!(std::fs::read_to_string(run.work.join("a.txt")).unwrap(), "one\n");
    }
    let error = run.checkout(&[("ref", "nope")]).unwrap_err().to_string();
    assert!(error.contains("A branch or tag with the name 'nope' could not be found"), "{error}");
    assert!(error.contains("(branches, remote branches, tags, commits)"), "{error}");
}

#[test]
fn another_repository_beside_the_own_one() {
    let fixture = Fixture::new();
    let tool = Fixture::new();
    tool.write("tool.txt", "t\n");
    let sha = tool.commit("tool");
    let mut run = Run::new(&fixture);
    let error = run.checkout(&[("repository", "octo/tool")]).unwrap_err().to_string();
    assert!(error.contains("octo/tool was not found") && error.contains("--action-source octo/tool=DIR"), "{error}");
    run.sources.entries = vec![RepositorySource::One(RepoName::parse("octo/tool").unwrap(), tool.path())];
    run.checkout(&[]).unwrap();
    let outcome = run.checkout(&[("repository", "Octo/tool"), ("path", "deps/tool"), ("fetch-depth", "0")]).unwrap();
    assert_eq!(outcome.commit, sha);
    let inner = run.work.join("deps/tool");
    assert_eq!(status(&inner), "## main...origin/main");
    assert_eq!(git_in(&inner, &["rev-list", "--count", "HEAD"]), "2");
    assert_eq!(git_in(&inner, &["remote", "get-url", "origin"]), "https://github.com/Octo/tool");
    assert_eq!(status(&run.work), "## main...origin/main\n?? deps/");
    let error = run.checkout(&[("repository", "tool")]).unwrap_err().to_string();
    assert_eq!(error, "Invalid repository 'tool'. Expected format {owner}/{repo}.");
}

#[test]
fn paths_stay_in_the_workspace() {
    let fixture = Fixture::new();
    let run = Run::new(&fixture);
    for path in ["../x", "a/../../x", "/etc"] {
        let error = run.checkout(&[("path", path)]).unwrap_err().to_string();
        assert!(error.contains("is not under"), "{error}");
    }
    run.checkout(&[("path", "a/../b")]).unwrap();
    run.checkout(&[("path", run.work.join("c").to_str().unwrap())]).unwrap();
    assert!(run.work.join("b/a.txt").exists() && run.work.join("c/a.txt").exists());
}

#[test]
fn clean_false_keeps_what_git_does_not_know() {
    let fixture = Fixture::new();
    fixture.git(&["branch", "old"]);
    fixture.write("a.txt", "second\n");
    fixture.commit("second");
    let run = Run::new(&fixture);
    run.checkout(&[]).unwrap();
    std::fs::write(run.work.join("build.out"), "kept").unwrap();
    let outcome = run.checkout(&[("ref", "old"), ("clean", "false")]).unwrap();
    assert!(outcome.log.iter().any(|line| line.contains("clean: false")));
    assert_eq!(std::fs::read_to_string(run.work.join("build.out")).unwrap(), "kept");
    assert_eq!(std::fs::read_to_string(run.work.join("a.txt")).unwrap(), "one\n");
    assert_eq!(git_in(&run.work, &["rev-parse", "--abbrev-ref", "HEAD"]), "old");
    run.checkout(&[("clean", "true")]).unwrap();
    assert!(!run.work.join("build.out").exists());
}

#[test]
fn sparse_checkouts_hold_what_the_patterns_name() {
    let fixture = Fixture::new();
    fixture.write("dir/deep/c.txt", "c\n");
    fixture.write("other/d.txt", "d\n");
    fixture.commit("more");
    let run = Run::new(&fixture);
    let names = || -> Vec<String> { listing(&run.work).into_iter().map(|(name, _)| name).collect() };
    run.checkout(&[("sparse-checkout", "dir/deep")]).unwrap();
    assert_eq!(names(), ["a.txt", "dir/b.txt", "dir/deep/c.txt", "link", "run.sh"]);
    assert_eq!(status(&run.work), "## main...origin/main");
    run.checkout(&[("sparse-checkout", "other\n/a.txt"), ("sparse-checkout-cone-mode", "false")]).unwrap();
    assert_eq!(names(), ["a.txt", "other/d.txt"]);
    run.checkout(&[]).unwrap();
    assert_eq!(names().len(), 6);
}

#[test]
fn submodules_come_from_the_users_own_clones() {
    let inner = Fixture::new();
    let lib = Fixture::new();
    lib.git(&["submodule", "--quiet", "add", inner.path().to_str().unwrap(), "inner"]);
    lib.commit("inner");
    let fixture = Fixture::new();
    fixture.git(&["submodule", "--quiet", "add", lib.path().to_str().unwrap(), "libs/lib"]);
    fixture.git(&["submodule", "--quiet", "update", "--init", "--recursive"]);
    fixture.git(&["config", "-f", ".gitmodules", "submodule.libs/lib.url", "https://github.com/octo/lib"]);
    fixture.commit("submodule");
    let run = Run::new(&fixture);
    run.checkout(&[]).unwrap();
    assert_eq!(std::fs::read_dir(run.work.join("libs/lib")).unwrap().count(), 0);
    run.checkout(&[("submodules", "true")]).unwrap();
    assert!(run.work.join("libs/lib/a.txt").exists() && !run.work.join("libs/lib/inner/a.txt").exists());
    assert_eq!(git_in(&run.work.join("libs/lib"), &["remote", "get-url", "origin"]), "https://github.com/octo/lib");
    run.checkout(&[("submodules", "recursive")]).unwrap();
    assert!(run.work.join("libs/lib/inner/a.txt").exists());
    assert_eq!(status(&run.work), "## main...origin/main");
    // Without the user's clone there is nothing to take it from.
    std::fs::remove_dir_all(fixture.path().join(".git/modules")).unwrap();
    let error = run.checkout(&[("submodules", "true")]).unwrap_err().to_string();
    assert!(error.contains("submodule `libs/lib`") && error.contains("offline"), "{error}");
}

#[test]
fn credentials_are_kept_in_a_file_of_their_own_and_removed() {
    let fixture = Fixture::new();
    let run = Run::new(&fixture);
    let outcome = run.checkout(&[("token", "s3cret")]).unwrap();
    let header = git_in(&run.work, &["config", "http.https://github.com/.extraheader"]);
    assert!(header.starts_with("AUTHORIZATION: basic "), "{header}");
    assert!(!std::fs::read_to_string(run.work.join(".git/config")).unwrap().contains("basic"));
    assert!(!format!("{outcome:?} {:?}", Token::new("s3cret")).contains("s3cret"));
    checkout_cleanup(&outcome);
    assert_eq!(std::fs::read_dir(&run.temp).unwrap().count(), 0);
    assert_eq!(status(&run.work), "## main...origin/main");
    run.checkout(&[("token", "s3cret"), ("persist-credentials", "false")]).unwrap();
    assert_eq!(std::fs::read_dir(&run.temp).unwrap().count(), 0);
}

#[test]
fn a_plain_directory_can_be_checked_out() {
    let fixture = Fixture::empty();
    fixture.write("x", "x\n");
    std::fs::remove_dir_all(fixture.path().join(".git")).unwrap();
    let run = Run::new(&fixture);
    let outcome = run.checkout(&[]).unwrap();
    assert_eq!((outcome.commit.as_str(), outcome.uncommitted), ("", true));
    assert_eq!(git_in(&run.work, &["ls-files"]), "x");
}
