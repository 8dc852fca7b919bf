//! Whole runs as a normal user, and where namespaces cannot be had at all.

use std::path::Path;
use std::process::Command;

use testkit::{Observed, TestRepository};

use crate::live::binary;

const FILES: [(&str, &str); 2] = [
    (
        ".github/workflows/ci.yml",
        "\
on: push
jobs:
  first:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: ./act
      - uses: actions/cache@v4
        with: {path: kept, key: some-key}
      - run: mkdir -p kept; echo text > kept/file
      - uses: actions/upload-artifact@v4
        with: {name: kept, path: kept}
  second:
    needs: first
    runs-on: ubuntu-latest
    steps:
      - uses: actions/download-artifact@v4
        with: {name: kept}
      - run: echo \"got-$(cat file)\"
",
    ),
    (
        "act/action.yml",
        "name: x\ndescription: x\nruns: {using: composite, steps: [{run: 'echo \"composite-${{ 1 }}\"', shell: bash}]}\n",
    ),
];

/// `nobody` where the tests run as root, else whoever runs them. `None` where that cannot be.
pub(crate) fn as_a_user(repository: &TestRepository, wrapper: &[&str], arguments: &[&str]) -> Option<Observed> {
    let program = binary().command(
        repository,
        &[&["run", "--json"], arguments].concat().iter().map(|&one| one.to_owned()).collect::<Vec<_>>(),
    );
    let mut argv: Vec<String> = Vec::new();
    if rustix::process::geteuid().is_root() {
        // The program lies where only its owner may look, perhaps.
        let all = repository.path();
        let all = all.parent().unwrap_or(Path::new("/"));
        let owned = Command::new("chown").args(["-R", "65534:65534"]).arg(all).status();
        let readable = Command::new("setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups", "test", "-x"])
            .arg(program.get_program())
            .status();
        if !owned.is_ok_and(|status| status.success()) || !readable.is_ok_and(|status| status.success()) {
            return None;
        }
        argv.extend(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"].map(str::to_owned));
    }
    argv.extend(wrapper.iter().map(|&word| word.to_owned()));
    argv.extend(
        std::iter::once(program.get_program())
            .chain(program.get_args())
            .map(|word| word.to_string_lossy().into_owned()),
    );
    let mut command = Command::new(&argv[0]);
    command.args(&argv[1..]).current_dir(repository.path());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let output = command.output().ok()?;
    let observed = Observed::read(&String::from_utf8_lossy(&output.stdout));
    assert_eq!(output.status.code(), Some(0), "{observed:#?}{}", String::from_utf8_lossy(&output.stderr));
    Some(observed)
}

fn whole_run(name: &str, wrapper: &[&str], arguments: &[&str]) -> Option<Observed> {
    let repository = TestRepository::from_files(&FILES).expect("a repository");
    let Some(observed) = as_a_user(&repository, wrapper, arguments) else {
        testkit::skip(name, "the tests cannot become a normal user who may run the program");
        return None;
    };
    for line in ["composite-1", "got-text"] {
        assert!(observed.log.iter().any(|one| one == line), "{line}: {:?}", observed.log);
    }
    Some(observed)
}

#[test]
fn a_normal_user_runs_everything() {
    let Some(run) = whole_run("a_normal_user_runs_everything", &[], &[]) else {
        return;
    };
    let mut told = run.notices.clone();
    told.sort();
    told.dedup();
    assert_eq!(told.len(), run.notices.len(), "told twice: {:?}", run.notices);
}

#[test]
fn a_normal_user_runs_everything_on_the_host() {
    whole_run("a_normal_user_runs_everything_on_the_host", &[], &["-P", "ubuntu-latest=host"]);
}

#[test]
fn without_namespaces_jobs_run_on_the_host_and_that_is_told() {
    let none = "echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs \"$@\"";
    let wrapper = ["unshare", "--user", "--map-root-user", "sh", "-c", none, "sh"];
    let possible = Command::new("unshare")
        .args(["--user", "--map-root-user", "sh", "-c", "echo 0 > /proc/sys/user/max_user_namespaces"])
        .output();
    if !possible.is_ok_and(|output| output.status.success()) {
        testkit::skip("without_namespaces_jobs_run_on_the_host_and_that_is_told", "no user namespace can be had here");
        return;
    }
    let Some(run) = whole_run("without_namespaces_jobs_run_on_the_host_and_that_is_told", &wrapper, &[]) else {
        return;
    };
    let told = run.notices.iter().filter(|notice| notice.contains("on the host without isolation")).count();
    assert_eq!(told, 1, "{:?}", run.notices);
}
