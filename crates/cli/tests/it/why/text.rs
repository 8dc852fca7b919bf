//! What a person reads.

use testkit::TestRepository;

use super::told;

fn repository() -> TestRepository {
    let ci = "name: CI\non:\n  push:\n    branches: [main]\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps: [{run: make}]\n  \
              deploy:\n    needs: build\n    if: github.ref == 'refs/heads/release'\n    runs-on: ubuntu-latest\n    steps: [{run: make}]\n";
    let docs = "name: Docs\non:\n  push:\n    paths: ['docs/**', '!docs/drafts/**']\njobs:\n  docs:\n    runs-on: ubuntu-latest\n    \
                steps: [{run: make}]\n";
    let repository =
        TestRepository::from_files(&[(".github/workflows/ci.yml", ci), (".github/workflows/docs.yml", docs)])
            .expect("a repository");
    repository.write("docs/drafts/a.md", "a").expect("a file");
    repository.write("src/a.c", "a").expect("a file");
    repository.commit_all("Add things").expect("a commit");
    repository
}

#[test]
fn a_line_for_each_workflow_first() {
    insta::assert_snapshot!(told(&repository(), &["why"]), @r#"
    push on main at b80647f · 2 files changed since 49587d9
    workflow files: the work tree

    ✓ CI    1 of 2 jobs, 1 skipped                       .github/workflows/ci.yml
    ✗ Docs  none of the 2 changed files matches `paths`  .github/workflows/docs.yml:4:5

    1 of 2 workflows runs. -v shows every workflow in full, -W FILE one, -j JOB one job
    "#);
}

#[test]
fn many_workflows_are_told_by_their_files_those_that_run_first() {
    let other = |name: &str, on: &str| {
        format!("{name}on: {on}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{{run: make}}]\n")
    };
    let long = "name: A name that leaves but little room for anything else\n";
    let files = [
        (".github/workflows/a.yml", other("", "workflow_call")),
        (".github/workflows/b.yml", other(long, "[issues, release, workflow_dispatch]")),
        (".github/workflows/c.yml", other("", "push")),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let repository = TestRepository::from_files(&files).expect("a repository");
    let told_of = told(&repository, &["why", "push"]);
    let lines: Vec<&str> = told_of.lines().filter(|line| line.contains(".yml")).collect();
    assert_eq!(
        lines,
        [
            "✓ c.yml  1 job",
            "✗ a.yml  `push` is not under `on`, which has `workflow_call`",
            "✗ b.yml  `push` is not under `on`, which has `issues`, `release`, `workflow_dispatch`",
        ]
    );
    // The name of a file is enough to ask for it.
    assert!(told(&repository, &["why", "push", "-W", "c.yml"]).contains("✓ .github/workflows/c.yml"));
}

#[test]
fn one_in_full() {
    insta::assert_snapshot!(told(&repository(), &["why", "push", "-W", ".github/workflows/docs.yml"]), @r#"
    push on main at b80647f · 2 files changed since 49587d9
    workflow files: the work tree

    ✗ Docs  .github/workflows/docs.yml
      does not run: none of the 2 changed files matches `paths`
      decided by gate 9, path filters
      .github/workflows/docs.yml:4:5
      4 │     paths: ['docs/**', '!docs/drafts/**']
        │     ^^^^^
      paths  the last match wins
        ✗ docs/drafts/a.md  docs/** → !docs/drafts/** (line 4)
        ✗ src/a.c           no pattern matches

    0 of 1 workflow run
    "#);
    insta::assert_snapshot!(told(&repository(), &["why", "push", "-j", "deploy"]), @r#"
    push on main at b80647f · 2 files changed since 49587d9
    workflow files: the work tree

    ✓ CI  .github/workflows/ci.yml
      runs: branch `main` matches `main` of `branches`
      .github/workflows/ci.yml:4:16
      4 │     branches: [main]
        │                ^^^^
      branches  the last match wins
        ✓ main  main (line 4)
      jobs
        – deploy  skipped: its `if` is false  .github/workflows/ci.yml:11:9
            success() && (github.ref == 'refs/heads/release') → false
            ├─ success() → true
            └─ github.ref == 'refs/heads/release' → false
               └─ github.ref → 'refs/heads/main'

    1 of 1 workflow runs
    "#);
}
