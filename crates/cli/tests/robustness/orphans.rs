//! What steps leave running.

use crate::live::{observed, own_seconds, processes_with, repository};

fn left_behind(arguments: &[&str]) {
    let seconds = own_seconds();
    let repository = repository(&format!(
        "\
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: |
          nohup sleep {seconds} >/dev/null 2>&1 &
          setsid sleep {seconds} >/dev/null 2>&1 &
      - name: holds its output
        run: (sleep {seconds} &)
      - run: echo \"next-${{{{ 1 }}}}\"
"
    ));
    let all: Vec<&str> = ["run"].iter().chain(arguments).copied().collect();
    let (code, run, stderr) = observed(&repository, &all);
    assert_eq!(code, Some(0), "{run:#?}{stderr}");
    assert!(run.log.iter().any(|line| line == "next-1"), "{:?}", run.log);
    let named = run
        .annotations
        .iter()
        .filter(|one| one.message.contains("Terminate orphan process") && one.message.contains("(sleep)"));
    assert_eq!(named.count(), 3, "{:?}", run.annotations);
    assert_eq!(processes_with(&format!("sleep {seconds}")), Vec::<String>::new());
}

#[test]
fn processes_are_named_and_ended_in_a_sandbox() {
    left_behind(&[]);
}

#[test]
fn processes_are_named_and_ended_on_the_host() {
    left_behind(&["-P", "ubuntu-latest=host"]);
}
