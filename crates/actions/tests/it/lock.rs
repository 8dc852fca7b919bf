use std::path::Path;

use actions::{ActionError, LockFile, Locker, Problem, Resolver, Uses};
use git::Sources;

use crate::fixture::{Fixture, git_in, write};

/// Lines of the form `uses: x` are what a file uses.
fn nested(_: &Path, text: &[u8]) -> Result<Vec<String>, String> {
    let text = String::from_utf8_lossy(text);
    Ok(text.lines().filter_map(|line| line.strip_prefix("uses: ")).map(str::to_owned).collect())
}

fn locker(resolver: &Resolver) -> Locker<'_> {
    Locker { resolver, nested: &nested }
}

/// A workflow that uses a remote workflow, that a composite, that two more, one of them locally.
fn fixture() -> (Fixture, Vec<Uses>) {
    let fixture = Fixture::new();
    fixture.publish("leaf", "v3", &[("action.yml", "leaf"), (".gitignore", "dist\n"), ("dist/index.js", "built")]);
    fixture.publish(
        "mid",
        "v2",
        &[("sub/action.yml", "uses: octo/leaf@v3\nuses: ./tools/own\nuses: docker://alpine\n")],
    );
    let flow = "uses: octo/mid/sub@v2\nuses: ./.github/workflows/inner.yml\n";
    fixture.publish(
        "flows",
        "v1",
        &[(".github/workflows/x.yml", flow), (".github/workflows/inner.yml", "uses: octo/leaf@main\n")],
    );
    write(&fixture.own().join("tools/own/action.yml"), "uses: octo/leaf@v3\n");
    let uses = ["octo/flows/.github/workflows/x.yml@v1", "./tools/own", "./built/later"]
        .map(|text| Uses::parse(text).unwrap());
    (fixture, uses.to_vec())
}

#[test]
fn everything_reachable_is_pinned_the_same_way_each_time() {
    let (fixture, uses) = fixture();
    let lock = locker(&fixture.resolver()).lock(&uses, &fixture.own()).unwrap();
    let names: Vec<String> = lock.actions.iter().map(|pin| format!("{}@{}", pin.repository, pin.reference)).collect();
    assert_eq!(names, ["octo/flows@v1", "octo/leaf@main", "octo/leaf@v3", "octo/mid@v2"]);
    let leaf = fixture.path("server/octo/leaf");
    assert_eq!(lock.actions[2].commit, git_in(&leaf, &["rev-parse", "HEAD"]));
    assert_eq!(lock.actions[2].tree, git_in(&leaf, &["rev-parse", "HEAD^{tree}"]));
    let path = fixture.path("trunkline.lock");
    lock.write(&path).unwrap();
    let first = std::fs::read(&path).unwrap();
    assert_eq!(LockFile::read(&path).unwrap(), Some(lock));
    let mut turned = uses;
    turned.reverse();
    locker(&fixture.resolver()).lock(&turned, &fixture.own()).unwrap().write(&path).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), first);
}

#[test]
fn a_locked_ref_stays_at_its_commit() {
    let (fixture, uses) = fixture();
    let lock = locker(&fixture.resolver()).lock(&uses, &fixture.own()).unwrap();
    let pinned = lock.actions[2].commit.clone();
    fixture.publish("leaf", "v3", &[("action.yml", "moved")]);
    let resolver = fixture.resolver().with_lock(Some(lock.clone()), None);
    let found = resolver.action(&Uses::parse("octo/leaf@v3").unwrap(), &fixture.own(), &fixture.own()).unwrap();
    assert_eq!(found.commit, Some(pinned.clone()));
    assert!(found.why.contains("(trunkline.lock)"), "{}", found.why);
    let problems = locker(&fixture.resolver()).verify(&lock, &uses, &fixture.own()).unwrap();
    let now = git_in(&fixture.path("server/octo/leaf"), &["rev-parse", "HEAD"]);
    let moved = |reference: &str| Problem::Moved {
        uses: format!("octo/leaf@{reference}"),
        locked: pinned.clone(),
        now: now.clone(),
    };
    assert_eq!(problems, [moved("main"), moved("v3")]);
    let mut wrong = lock;
    wrong.actions[2].tree = "0".repeat(40);
    let resolver = fixture.resolver().with_lock(Some(wrong), None);
    let error = resolver.action(&Uses::parse("octo/leaf@v3").unwrap(), &fixture.own(), &fixture.own()).unwrap_err();
    assert!(matches!(error, ActionError::Locked { .. }), "{error}");
}

#[test]
fn verify_names_what_is_new_unused_or_gone() {
    let (fixture, uses) = fixture();
    let mut lock = locker(&fixture.resolver()).lock(&uses, &fixture.own()).unwrap();
    assert_eq!(locker(&fixture.resolver()).verify(&lock, &uses, &fixture.own()).unwrap(), []);
    lock.actions[3].commit = "1".repeat(40);
    let mut unused = lock.actions[0].clone();
    unused.repository = "octo/other".into();
    lock.actions.push(unused);
    lock.actions.remove(0);
    let problems = locker(&fixture.resolver()).verify(&lock, &uses, &fixture.own()).unwrap();
    let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(shown[0], "octo/flows@v1 is used but not in trunkline.lock");
    assert!(shown[1].starts_with("octo/mid@v2 cannot be had any more: `1111"), "{}", shown[1]);
    assert!(shown.iter().any(|line| line == "octo/other@v1 is in trunkline.lock but not used any more"), "{shown:?}");
}

#[test]
fn vendored_actions_need_nothing_else() {
    let (fixture, uses) = fixture();
    let lock = locker(&fixture.resolver()).lock(&uses, &fixture.own()).unwrap();
    let vendor = fixture.own().join(".trunkline/vendor");
    for _ in 0..2 {
        locker(&fixture.resolver()).vendor(&lock, &vendor).unwrap();
    }
    assert_eq!(std::fs::read_dir(fixture.own().join(".trunkline")).unwrap().count(), 1);
    std::fs::rename(fixture.path("server"), fixture.path("gone")).unwrap();
    let sources = Sources { offline: true, cache_dir: fixture.path("other-cache"), ..fixture.sources() };
    let resolver = fixture.resolver_over(sources).with_lock(Some(lock.clone()), Some(vendor.clone()));
    let found = resolver.action(&Uses::parse("Octo/Leaf@v3").unwrap(), &fixture.own(), &fixture.own()).unwrap();
    assert!(found.why.contains("vendored in"), "{}", found.why);
    let dir = found.dir.unwrap();
    assert_eq!(std::fs::read_to_string(dir.join("dist/index.js")).unwrap(), "built");
    assert_eq!(locker(&resolver).verify(&lock, &uses, &fixture.own()).unwrap(), []);
    std::fs::write(dir.join("dist/index.js"), "tampered").unwrap();
    let problems = locker(&resolver).verify(&lock, &uses, &fixture.own()).unwrap();
    assert!(matches!(&problems[..], [Problem::Differs { .. }, Problem::Differs { .. }]), "{problems:?}");
    let sources = Sources { offline: true, cache_dir: fixture.path("third-cache"), ..fixture.sources() };
    let fresh = fixture.resolver_over(sources).with_lock(Some(lock), Some(vendor));
    let error = fresh.action(&Uses::parse("octo/leaf@v3").unwrap(), &fixture.own(), &fixture.own()).unwrap_err();
    assert!(error.to_string().contains("is not what trunkline.lock pins"), "{error}");
}

#[test]
fn a_broken_lock_file_is_refused_with_its_place() {
    let fixture = Fixture::new();
    let path = fixture.path("trunkline.lock");
    assert_eq!(LockFile::read(&path).unwrap(), None);
    let entry = "version = 1\n[[action]]\nrepository = \"a/b\"\nref = \"v1\"\ntree = \"\"\ncontent = \"\"\n";
    let table = [
        ("version = 2".to_owned(), "version 2 is newer"),
        ("version = 1\nextra = 1".to_owned(), "unknown field"),
        ("[[action]]\n".to_owned(), "missing field"),
        (format!("{entry}commit = \"../../x\""), "`commit` is not a full commit id"),
        (format!("{entry}commit = \"{}\"", "0".repeat(40)), "`tree` is not a full tree id"),
        ("version = ".to_owned(), "line 1"),
    ];
    for (text, want) in table {
        std::fs::write(&path, &text).unwrap();
        let error = LockFile::read(&path).unwrap_err().to_string();
        assert!(error.contains(want), "{text}: {error}");
    }
}
