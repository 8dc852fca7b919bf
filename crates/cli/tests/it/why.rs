//! `trunkline why` on real repositories: every row of what decides about runs, then records, caches, secrets.

mod images;
mod jobs;
mod questions;
mod records;
mod rows;
mod secrets;
mod text;

use serde_json::Value;
use testkit::{Binary, TestRepository};

pub(crate) fn program() -> Binary {
    Binary::new(env!("CARGO_BIN_EXE_trunkline"))
}

/// The explanation as JSON; panics with what was printed when there is none.
pub(crate) fn explain(repository: &TestRepository, args: &[&str]) -> Value {
    let mut words = vec!["why".to_owned()];
    words.extend(args.iter().map(|word| (*word).to_owned()));
    words.push("--json".to_owned());
    let finished = program().run(repository, &words, &[], None).expect("the program runs");
    serde_json::from_str(&finished.stdout)
        .unwrap_or_else(|_| panic!("{args:?}: {}{}", finished.stdout, finished.stderr))
}

/// What is printed, with an exit code of 0.
pub(crate) fn told(repository: &TestRepository, args: &[&str]) -> String {
    let words: Vec<String> = args.iter().map(|word| (*word).to_owned()).collect();
    let finished =
        program().run(repository, &words, &[("COLUMNS".to_owned(), "110".to_owned())], None).expect("the program runs");
    assert_eq!(finished.code, Some(0), "{args:?}: {}{}", finished.stdout, finished.stderr);
    finished.stdout
}

/// A repository with one workflow file, `.github/workflows/w.yml`, with this `on:` and one job.
pub(crate) fn repository(on: &str) -> TestRepository {
    let text = workflow(on);
    TestRepository::from_files(&[(".github/workflows/w.yml", &text), ("src/a.c", "a\n"), ("docs/a.md", "a\n")])
        .expect("a repository")
}

pub(crate) fn workflow(on: &str) -> String {
    format!("on: {on}\njobs:\n  job:\n    runs-on: ubuntu-latest\n    steps:\n      - run: 'true'\n")
}
