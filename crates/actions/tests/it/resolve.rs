use std::path::Path;
use std::sync::Arc;

use actions::{ActionError, ActionKind, NativeMode, NativeTable, Resolver, Uses};
use git::{RepoName, RepositorySource, Sources};

use crate::fixture::{Fixture, write};

fn uses(text: &str) -> Uses {
    Uses::parse(text).unwrap()
}

struct Natives;

impl NativeTable for Natives {
    fn find(&self, repo: &RepoName, path: &str, _reference: &str, major: Option<u32>) -> Option<String> {
        let known =
            repo.is(&RepoName::parse("actions/checkout")?) && path.is_empty() && major.is_none_or(|major| major >= 2);
        known.then(|| "checkout".to_owned())
    }
}

#[test]
fn local_actions_are_directories() {
    let fixture = Fixture::new();
    let (workspace, own) = (fixture.path("workspace"), fixture.own());
    write(&workspace.join("tools/a/action.yaml"), "");
    write(&own.join("tools/b/Dockerfile"), "");
    std::fs::create_dir_all(own.join("none")).unwrap();
    let resolver = fixture.resolver();
    let found = resolver.action(&uses("./tools/a"), &workspace, &own).unwrap();
    assert_eq!(found.kind, ActionKind::Metadata(workspace.join("tools/a/action.yaml")));
    assert_eq!(found.dir, Some(workspace.join("tools/a")));
    let found = resolver.action(&uses("$/tools/b"), &workspace, &own).unwrap();
    assert_eq!(found.kind, ActionKind::Dockerfile(own.join("tools/b/Dockerfile")));
    let error = resolver.action(&uses("$/none"), &workspace, &own).unwrap_err().to_string();
    assert!(error.contains("expected action.yml, action.yaml or Dockerfile"), "{error}");
    let error = resolver.action(&uses("./tools/c"), &workspace, &own).unwrap_err();
    assert!(
        matches!(error, ActionError::NoDirectory { .. }) && error.to_string().contains("checked out first"),
        "{error}"
    );
    let image = resolver.action(&uses("docker://alpine:3"), &workspace, &own).unwrap();
    assert_eq!(image.kind, ActionKind::Image("alpine:3".into()));
}

#[test]
fn remote_actions_are_fetched_once_and_keep_their_commit() {
    let fixture = Fixture::new();
    let first = fixture.publish("tool", "v1", &[("action.yml", "one"), ("sub/action.yml", "sub")]);
    let resolver = fixture.resolver();
    let get = |resolver: &Resolver, text: &str| resolver.action(&uses(text), Path::new("/"), Path::new("/"));
    let found = get(&resolver, "octo/tool/sub@v1").unwrap();
    assert_eq!(found.commit.as_ref(), Some(&first));
    assert_eq!(found.repository.as_deref(), Some("octo/tool"));
    assert_eq!(std::fs::read_to_string(found.dir.unwrap().join("action.yml")).unwrap(), "sub");
    assert!(found.why.contains(&first) && found.why.contains("(refs/tags/v1), fetched from file://"), "{}", found.why);
    fixture.publish("tool", "v1", &[("action.yml", "two")]);
    assert_eq!(
        get(&resolver, "octo/tool@v1").unwrap().commit,
        Some(first.clone()),
        "within a run a ref stays what it was"
    );
    let by_commit = get(&fixture.resolver(), &format!("octo/tool@{first}")).unwrap();
    assert!(by_commit.why.ends_with("from the cache"), "{}", by_commit.why);
    let offline = fixture.resolver_over(Sources { offline: true, ..fixture.sources() });
    assert_eq!(get(&offline, "octo/tool@v1").unwrap().commit, Some(first));
    let error = get(&offline, "octo/tool@v9").unwrap_err().to_string();
    assert!(error.contains("`v9` of octo/tool was not found"), "{error}");
    let error = get(&resolver, "octo/tool/none@v1").unwrap_err();
    assert!(matches!(error, ActionError::NoMetadata { .. }), "{error}");
}

#[test]
fn a_named_directory_wins_over_the_server() {
    let fixture = Fixture::new();
    fixture.publish("tool", "v1", &[("action.yml", "server")]);
    let dir = fixture.path("mine");
    write(&dir.join("action.yml"), "mine");
    let entries = vec![RepositorySource::One(RepoName::parse("octo/tool").unwrap(), dir.clone())];
    let resolver = fixture.resolver_over(Sources { entries, ..fixture.sources() });
    let found = resolver.action(&uses("octo/tool@v1"), Path::new("/"), Path::new("/")).unwrap();
    assert_eq!((found.commit, found.dir), (None, Some(dir.canonicalize().unwrap())));
    assert!(found.why.contains("(--action-source)"), "{}", found.why);
}

#[test]
fn native_actions_stand_in_as_the_mode_says() {
    let fixture = Fixture::new();
    let with = |mode| fixture.resolver().with_native(mode, Arc::new(Natives));
    let kind = |resolver: &Resolver, text: &str| {
        resolver.action(&uses(text), Path::new("/"), Path::new("/")).map(|found| found.kind)
    };
    let native = ActionKind::Native("checkout".into());
    for text in ["actions/checkout@v4", "Actions/Checkout@v2.1.0", "actions/checkout@main"] {
        assert_eq!(kind(&with(NativeMode::Prefer), text).unwrap(), native, "{text}");
        assert_eq!(kind(&with(NativeMode::Only), text).unwrap(), native, "{text}");
    }
    assert!(matches!(kind(&with(NativeMode::Never), "actions/checkout@v4"), Err(ActionError::Git(_))));
    assert!(matches!(kind(&with(NativeMode::Prefer), "actions/checkout@v1"), Err(ActionError::Git(_))));
    assert!(matches!(kind(&with(NativeMode::Only), "octo/tool@v1"), Err(ActionError::OnlyNative { .. })));
}

#[test]
fn reusable_workflows_are_files() {
    let fixture = Fixture::new();
    let sha = fixture.publish("flows", "v1", &[(".github/workflows/x.yml", "on: workflow_call")]);
    write(&fixture.own().join(".github/workflows/y.yml"), "local");
    let resolver = fixture.resolver();
    let remote = resolver.workflow(&uses("octo/flows/.github/workflows/x.yml@v1"), &fixture.own()).unwrap();
    assert_eq!((remote.text.as_slice(), remote.commit), (&b"on: workflow_call"[..], Some(sha)));
    let inner = resolver.workflow(&uses("./.github/workflows/x.yml"), &remote.root).unwrap();
    assert_eq!(inner.text, b"on: workflow_call");
    assert_eq!(resolver.workflow(&uses("./.github/workflows/y.yml"), &fixture.own()).unwrap().text, b"local");
    for text in ["octo/flows/.github/workflows/z.yml@v1", "./.github/workflows/z.yml"] {
        assert!(matches!(resolver.workflow(&uses(text), &fixture.own()), Err(ActionError::NoFile { .. })), "{text}");
    }
    assert!(matches!(resolver.workflow(&uses("docker://x"), &fixture.own()), Err(ActionError::Misplaced { .. })));
}

#[test]
fn links_must_not_lead_out_of_a_remote_repository() {
    let fixture = Fixture::new();
    fixture.publish("tool", "v1", &[("action.yml", "")]);
    std::os::unix::fs::symlink("/etc", fixture.path("server/octo/tool/out")).unwrap();
    fixture.publish("tool", "v2", &[]);
    let error = fixture.resolver().action(&uses("octo/tool/out@v2"), Path::new("/"), Path::new("/")).unwrap_err();
    assert!(matches!(error, ActionError::NoMetadata { .. }), "{error}");
}
