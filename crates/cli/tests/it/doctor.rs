//! `trunkline doctor` on this machine, and on configurations that are wrong.

use serde_json::Value;
use testkit::{Binary, TestRepository};

fn look(repository: &TestRepository, environment: &[(&str, &str)]) -> (Option<i32>, Vec<Value>) {
    let program = Binary::new(env!("CARGO_BIN_EXE_trunkline"));
    let environment: Vec<(String, String)> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let words = ["doctor", "--json"].map(str::to_owned);
    let finished = program.run(repository, &words, &environment, None).expect("an answer");
    let findings: Value =
        serde_json::from_str(&finished.stdout).unwrap_or_else(|_| panic!("{}{}", finished.stdout, finished.stderr));
    (finished.code, findings.as_array().expect("a list").clone())
}

fn finding<'a>(findings: &'a [Value], id: &str) -> &'a Value {
    findings.iter().find(|one| one["id"] == id).unwrap_or_else(|| panic!("no {id} in {findings:#?}"))
}

const WORKFLOW: &str = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: 'true'\n";

#[test]
fn a_machine_that_runs_these_tests_can_run_workflows() {
    let repository = TestRepository::from_files(&[(".github/workflows/ci.yml", WORKFLOW)]).expect("a repository");
    let (code, findings) = look(&repository, &[]);
    for id in [
        "machine/kernel",
        "machine/sandbox",
        "machine/network",
        "machine/limits",
        "machine/data",
        "machine/cache",
        "machine/leftovers",
        "programs/git",
        "programs/node",
        "programs/shells",
        "configuration/file",
        "configuration/workflows",
    ] {
        let one = finding(&findings, id);
        // What is not as it should be says what it means.
        assert!(one["state"] == "ok" || one["means"].as_str().is_some_and(|text| !text.is_empty()), "{one:#}");
    }
    assert_eq!(finding(&findings, "programs/git")["state"], "ok");
    let sick = findings.iter().any(|one| one["state"] == "fail");
    assert_eq!(code, Some(i32::from(sick)));
    // The sandbox that was tried is gone.
    let left = std::fs::read_dir(repository.state().join("state")).expect("the state directory");
    assert_eq!(
        left.filter(|entry| entry.as_ref().is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("run-")))
            .count(),
        0
    );
}

#[test]
fn configurations_that_are_wrong() {
    let config = "[secrets]\nA = { env = \"NOT_SET_ANYWHERE\" }\nB = { file = \"nowhere\" }\nC = { command = \"no-such-program x\" }\n\
                  D = { env = \"HOME\" }\n[actions]\nsources = [\"../none\"]\n";
    let repository = TestRepository::from_files(&[
        (".github/workflows/ci.yml", WORKFLOW),
        (".github/workflows/bad.yml", "on: push\njobs: []\n"),
        ("trunkline.toml", config),
        ("trunkline.lock", "not a lock file"),
    ])
    .expect("a repository");
    let (code, findings) = look(&repository, &[]);
    assert_eq!(code, Some(1));
    let secrets = finding(&findings, "configuration/secrets");
    assert_eq!((&secrets["state"], &secrets["found"]), (&"fail".into(), &"3 of 4 secrets cannot be had".into()));
    let remedy = secrets["remedy"].to_string();
    for part in ["A: NOT_SET_ANYWHERE is not set", "B: nowhere cannot be read", "C: `no-such-program` is not on PATH"] {
        assert!(remedy.contains(part), "{remedy}");
    }
    for id in ["configuration/workflows", "configuration/lock", "configuration/actions"] {
        assert_eq!(finding(&findings, id)["state"], "fail", "{id}");
    }
    repository.write("trunkline.toml", "[run]\nnetwork = \"lan\"\n").expect("a file");
    let (code, findings) = look(&repository, &[]);
    let file = finding(&findings, "configuration/file");
    assert_eq!(
        (code, &file["found"]),
        (Some(1), &"trunkline.toml:2:11: run.network is host or none, not `lan`".into())
    );
}

#[test]
fn places_that_cannot_be_written() {
    let repository = TestRepository::from_files(&[(".github/workflows/ci.yml", WORKFLOW)]).expect("a repository");
    let (code, findings) = look(&repository, &[("TRUNKLINE_HOME", "/proc/nowhere")]);
    assert_eq!((code, &finding(&findings, "machine/data")["state"]), (Some(1), &"fail".into()));
    let (code, findings) = look(&repository, &[("TRUNKLINE_HOME", "relative")]);
    assert_eq!((code, &finding(&findings, "configuration/home")["state"]), (Some(1), &"fail".into()));
}
