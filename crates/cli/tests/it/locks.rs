//! `trunkline actions lock|verify|vendor`, and runs that go by them.

use testkit::{Finished, Observed, TestRepository};

use crate::{mirror, places};

const WORKFLOW: &str = "
on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: octo/tool@v1
";

fn saying(text: &str) -> String {
    format!(
        "runs:\n  using: composite\n  steps:\n    - uses: octo/tool/part@v1\n    - shell: bash\n      run: |\n        echo \"> {text}\"\n"
    )
}

const PART: &str = "runs:\n  using: composite\n  steps:\n    - shell: bash\n      run: |\n        echo \"> part\"\n";

struct Project(TestRepository);

impl Project {
    fn call(&self, arguments: &[&str]) -> Finished {
        let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
        places::binary().run(&self.0, &arguments, &[], None).expect("it runs")
    }

    fn succeed(&self, arguments: &[&str]) -> String {
        let finished = self.call(arguments);
        assert_eq!(finished.code, Some(0), "{arguments:?}\n{}{}", finished.stdout, finished.stderr);
        finished.stdout
    }

    /// What the marked lines of a run say.
    fn run(&self, arguments: &[&str]) -> Vec<String> {
        let stdout = self.succeed(&[&["run", "push", "--offline", "--json"], arguments].concat());
        let log = Observed::read(&stdout).log;
        log.iter().filter_map(|line| line.strip_prefix("> ")).map(str::to_owned).collect()
    }
}

#[test]
fn a_lock_is_made_checked_and_carried_along() {
    let files = [("action.yml", saying("one")), ("part/action.yml", PART.to_owned())];
    let mirror = mirror::bare("octo/tool", &files, "v1");
    let repository = TestRepository::from_files(&[(".github/workflows/ci.yml", WORKFLOW)]).expect("a repository");
    let project = Project(repository);
    let source = mirror.source();
    let from = ["--action-source", source.as_str(), "--offline"];

    let unlocked = project.call(&["actions", "verify", from[0], from[1]]);
    assert_eq!(unlocked.code, Some(4), "{}", unlocked.stderr);
    assert!(unlocked.stderr.contains("trunkline actions lock"), "{}", unlocked.stderr);

    project.succeed(&[&["actions", "lock"], &from[..]].concat());
    let lock = std::fs::read_to_string(project.0.path().join("trunkline.lock")).expect("a lock");
    assert_eq!(lock.matches("[[action]]").count(), 1, "{lock}");
    assert!(lock.contains("repository = \"octo/tool\"") && lock.contains("ref = \"v1\""), "{lock}");
    project.succeed(&[&["actions", "verify"], &from[..]].concat());
    assert_eq!(project.run(&from[..2]), ["part", "one"]);

    // The tag moves: what is pinned stays, and `verify` says so.
    mirror.change("action.yml", &saying("two"), "v1");
    assert_eq!(project.run(&from[..2]), ["part", "one"]);
    let moved = project.call(&[&["actions", "verify"], &from[..]].concat());
    assert_eq!(moved.code, Some(3), "{}", moved.stderr);
    assert!(moved.stderr.contains("octo/tool@v1"), "{}", moved.stderr);

    // Carried along, nothing else is needed, not even what an earlier run has kept.
    project.succeed(&[&["actions", "vendor"], &from[..]].concat());
    let gone = mirror.path().join("gone");
    std::fs::rename(mirror.path().join("octo"), gone).expect("moved");
    std::fs::remove_dir_all(project.0.state()).expect("removed");
    assert_eq!(project.run(&[]), ["part", "one"]);

    // A copy that was changed is not what was pinned.
    std::fs::rename(mirror.path().join("gone"), mirror.path().join("octo")).expect("moved");
    let vendored = project.0.path().join(".trunkline/vendor/octo/tool");
    let copy = std::fs::read_dir(vendored).expect("vendored").flatten().next().expect("a commit").path();
    std::fs::write(copy.join("action.yml"), saying("three")).expect("written");
    let changed = project.call(&[&["actions", "verify"], &from[..]].concat());
    assert_eq!(changed.code, Some(3), "{}", changed.stdout);
    assert!(changed.stderr.contains("octo/tool@v1"), "{}", changed.stderr);
    assert!(changed.stderr.contains(".trunkline/vendor"), "{}", changed.stderr);
    // And it does not run.
    let refused = project.call(&["run"]);
    assert_ne!(refused.code, Some(0), "{}", refused.stdout);
    let told = format!("{}{}", refused.stdout, refused.stderr);
    assert!(told.contains("is not what trunkline.lock pins") && !told.contains("three"), "{told}");
}

#[test]
fn a_new_lock_takes_the_new_commit() {
    let files = [("action.yml", saying("one")), ("part/action.yml", PART.to_owned())];
    let mirror = mirror::bare("octo/tool", &files, "v1");
    let repository = TestRepository::from_files(&[(".github/workflows/ci.yml", WORKFLOW)]).expect("a repository");
    let project = Project(repository);
    let source = mirror.source();
    let from = ["--action-source", source.as_str(), "--offline"];
    let lock = || project.succeed(&[&["actions", "lock"], &from[..]].concat());
    lock();
    mirror.change("action.yml", &saying("two"), "v1");
    lock();
    project.succeed(&[&["actions", "verify"], &from[..]].concat());
    assert_eq!(project.run(&from[..2]), ["part", "two"]);
}
