use std::path::Path;

use git::{Origin, RepoName, RepositorySource, Sources};

use crate::fixture::{Fixture, git_in};

fn sources(at: &Path) -> Sources {
    Sources {
        entries: Vec::new(),
        cache_dir: at.join("cache"),
        offline: false,
        server_url: format!("file://{}", at.join("server").display()),
        token: None,
        ..Sources::default()
    }
}

/// A "server" directory with `octo/tool`: tags `v1` (annotated) and `v2`, branches `main`, `v1` and `dev`.
fn server() -> Fixture {
    let fixture = Fixture::new();
    fixture.git(&["tag", "-a", "v1", "-m", "one"]);
    fixture.commit("second");
    fixture.git(&["tag", "v2"]);
    fixture.git(&["branch", "v1", "v2"]);
    fixture.git(&["branch", "dev", "v1^{commit}"]);
    fixture.commit("third");
    std::fs::create_dir_all(fixture.dir.path().join("server/octo")).unwrap();
    git_in(fixture.dir.path(), &["clone", "-q", "--bare", "repo", "server/octo/tool"]);
    fixture
}

fn tool() -> RepoName {
    RepoName::parse("octo/tool").unwrap()
}

#[test]
fn refs_of_every_kind_are_fetched_and_then_cached() {
    let fixture = server();
    let sources = sources(fixture.dir.path());
    let rev = |name: &str| fixture.git(&["rev-parse", name]);
    let (first, second, third) = (rev("refs/tags/v1^{commit}"), rev("v2"), rev("main"));
    let table = [
        (Some("v1"), &first, Some("refs/tags/v1")),
        (Some("v2"), &second, Some("refs/tags/v2")),
        (Some("refs/heads/v1"), &second, Some("refs/heads/v1")),
        (Some("dev"), &first, Some("refs/heads/dev")),
        (None, &third, Some("refs/heads/main")),
        (Some(second.as_str()), &second, None),
    ];
    for (name, commit, full) in table {
        for _ in 0..2 {
            let found = sources.find(&tool(), name, 1).unwrap();
            assert_eq!((found.commit.as_ref(), found.reference.as_deref()), (Some(commit), full), "{name:?}");
        }
        assert_eq!(sources.find(&tool(), name, 1).unwrap().origin, Origin::Cache, "{name:?}");
    }
    // All history, and then a commit no ref stands for.
    assert_eq!(sources.find(&tool(), None, 0).unwrap().commit, Some(third.clone()));
    let parent = rev("main~2");
    assert_eq!(sources.find(&tool(), Some(&parent), 1).unwrap().commit, Some(parent));
    // Nothing is asked of the network when it is off.
    let offline = Sources { offline: true, ..sources };
    assert_eq!(offline.find(&tool(), Some("v1"), 1).unwrap().origin, Origin::Cache);
    let error = offline.find(&tool(), Some("v9"), 1).unwrap_err().to_string();
    assert!(
        error.starts_with("`v9` of octo/tool was not found. Looked in: the mirror cache") && error.contains("offline"),
        "{error}"
    );
    assert!(error.contains("--action-source octo/tool=DIR"), "{error}");
}

#[test]
fn a_missing_ref_or_repository_says_where_it_was_looked_for() {
    let fixture = server();
    let sources = sources(fixture.dir.path());
    let error = sources.find(&tool(), Some("v9"), 1).unwrap_err().to_string();
    assert!(error.contains("`v9` of octo/tool") && error.contains("server/octo/tool"), "{error}");
    let other = RepoName::parse("octo/none").unwrap();
    let error = sources.find(&other, Some("v1"), 1).unwrap_err().to_string();
    assert!(error.contains("server/octo/none ("), "{error}");
    let error = sources.find(&tool(), Some(&"0".repeat(40)), 1).unwrap_err().to_string();
    assert!(error.contains("was not found"), "{error}");
    assert!(sources.find(&tool(), Some("--upload-pack=x"), 1).is_err());
    assert!(sources.current_commit(&tool(), "v9").is_err());
    assert_eq!(sources.current_commit(&tool(), "v2").unwrap(), fixture.git(&["rev-parse", "v2"]));
}

#[test]
fn named_directories_come_first() {
    let fixture = server();
    let at = fixture.dir.path();
    let plain = at.join("plain");
    std::fs::create_dir_all(plain.join("octo/tool")).unwrap();
    std::fs::write(plain.join("octo/tool/action.yml"), "").unwrap();
    std::fs::create_dir_all(at.join("mirrors/octo")).unwrap();
    git_in(at, &["clone", "-q", "--mirror", "repo", "mirrors/octo/tool.git"]);
    let with = |entry: &str| Sources { entries: vec![RepositorySource::parse(entry).unwrap()], ..sources(at) };
    let found = with(&format!("Octo/Tool={}", fixture.path().display())).find(&tool(), Some("v1"), 1).unwrap();
    assert_eq!(found.commit, Some(fixture.git(&["rev-parse", "refs/tags/v1^{commit}"])));
    assert_eq!(found.origin, Origin::Directory(fixture.path()));
    let found = with(at.join("mirrors").to_str().unwrap()).find(&tool(), Some("v2"), 1).unwrap();
    assert_eq!(found.commit, Some(fixture.git(&["rev-parse", "v2"])));
    let found = with(plain.to_str().unwrap()).find(&tool(), Some("anything"), 1).unwrap();
    assert_eq!((found.commit, found.repository.is_git()), (None, false));
    // What a source lacks comes from upstream; if that has it not either, both are named.
    let error = with(at.join("mirrors").to_str().unwrap()).find(&tool(), Some("v9"), 1).unwrap_err().to_string();
    assert!(error.contains("mirrors/octo/tool.git (a git repository without that ref)"), "{error}");
}

#[test]
fn source_arguments_are_read() {
    let name = || RepoName::parse("octo/tool").unwrap();
    assert_eq!(RepositorySource::parse("octo/tool=../x").unwrap(), RepositorySource::One(name(), "../x".into()));
    assert_eq!(RepositorySource::parse("dir/sub").unwrap(), RepositorySource::Tree("dir/sub".into()));
    assert_eq!(RepositorySource::parse("/a=b").unwrap(), RepositorySource::Tree("/a=b".into()));
    for wrong in ["", "octo/tool=", "tool=x", "octo/../x=y"] {
        let error = RepositorySource::parse(wrong).unwrap_err().to_string();
        assert!(error.contains("write OWNER/REPO=DIR or DIR"), "{error}");
    }
}

#[test]
fn a_server_that_never_answers_can_be_given_up() {
    let fixture = Fixture::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let sources =
        Sources { server_url: format!("http://{}", listener.local_addr().unwrap()), ..sources(fixture.dir.path()) };
    let cancel = git::Cancel::default();
    std::thread::scope(|scope| {
        let find = || cancel.within(|| sources.find(&tool(), Some("v1"), 1));
        let first = scope.spawn(find);
        // git has asked; nothing is ever said.
        let (mut connection, _) = listener.accept().unwrap();
        // This one waits for the mirror.
        let second = scope.spawn(find);
        cancel.cancel();
        for found in [first, second] {
            let error = found.join().unwrap().unwrap_err();
            assert!(matches!(error, git::GitError::Cancelled), "{error}");
        }
        // What git had started is gone with it: nobody holds the connection.
        let mut asked = Vec::new();
        std::io::Read::read_to_end(&mut connection, &mut asked).unwrap();
    });
}
