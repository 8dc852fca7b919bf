//! Scripts as programs outside get them, and what these say at its place.

use lint::{Confidence, Dialect, Options, Profile, ScriptTask, script_tasks};

use crate::sample::Sample;

const SCRIPTS: &str = "on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: |
          cd ${{ github.workspace }}
          ls $FILES
      - run: import os
        shell: python
      - run: print(${{ github.run_id }})
        shell: python
      - run: dir
        shell: pwsh
  b:
    runs-on: ${{ vars.RUNNER }}
    steps:
      - run: unknown system
      - run: ls
        shell: sh
";

#[test]
fn scripts_have_underscores_for_expressions() {
    let sample = Sample::workflow(SCRIPTS);
    let tasks = script_tasks(&sample.project, &Options::default());
    let shown: Vec<(Dialect, &str)> = tasks.iter().map(|task| (task.dialect, task.text.as_str())).collect();
    assert_eq!(
        shown,
        [
            (Dialect::Bash, "cd _______________________\nls $FILES\n"),
            (Dialect::Python, "import os"),
            (Dialect::Sh, "ls"),
        ]
    );
}

#[test]
fn what_shellcheck_says_stands_in_the_workflow() {
    let sample = Sample::workflow(SCRIPTS);
    let tasks = script_tasks(&sample.project, &Options::default());
    let comment = |code: u32, line: u32, column: u32, end: u32| {
        format!(
            r#"{{"file":"0","line":{line},"endLine":{line},"column":{column},"endColumn":{end},"level":"info","code":{code},"message":"Double quote.","fix":null}}"#
        )
    };
    // 2154 is about a name that an expression stands for.
    let json = format!(r#"{{"comments":[{},{}]}}"#, comment(2086, 3, 4, 10), comment(2154, 2, 4, 27));
    let others = ScriptTask::read_shellcheck(&json, &tasks, &sample.project).unwrap();
    let options = Options { confidence: Some(Confidence::Low), only: vec!["scripts/*".into()], ..Options::default() };
    let found = lint::lint_with(&sample.project, &options, others.clone()).findings;
    insta::assert_snapshot!(sample.render(&found), @"
    info[scripts/shellcheck]: Double quote
     --> .github/workflows/ci.yml:8:14
      |
    8 |           ls $FILES
      |              ^^^^^^ SC2086
      |
      = help: `# shellcheck disable=SC2086` above the line silences it
    ");
    assert!(ScriptTask::read_shellcheck("[]", &tasks, &sample.project).is_err());
    // Its remarks are asked for, as those of all rules of that confidence.
    let default = Options { profile: Some(Profile::Pedantic), ..Options::default() };
    let default = lint::lint_with(&sample.project, &default, others).findings;
    assert!(default.iter().all(|finding| finding.rule.id != "scripts/shellcheck"));
}

#[test]
fn what_pyflakes_says_stands_in_the_workflow() {
    let sample = Sample::workflow(SCRIPTS);
    let tasks = script_tasks(&sample.project, &Options::default());
    let found = tasks[1].read_pyflakes("<stdin>:1:1: 'os' imported but unused\n", &sample.project);
    insta::assert_snapshot!(sample.render(&found), @"
    warning[scripts/pyflakes]: 'os' imported but unused
     --> .github/workflows/ci.yml:9:14
      |
    9 |       - run: import os
      |              ^^^^^^^^^
    ");
}
