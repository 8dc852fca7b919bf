//! What is asked, and of which files.

use testkit::TestRepository;

use super::{explain, program, repository};

fn refused(repository: &TestRepository, args: &[&str]) -> String {
    let words: Vec<String> = std::iter::once("why").chain(args.iter().copied()).map(str::to_owned).collect();
    let finished = program().run(repository, &words, &[], None).expect("the program runs");
    assert_eq!(finished.code, Some(2), "{args:?}: {}", finished.stdout);
    finished.stderr
}

#[test]
fn a_branch_is_no_activity_type() {
    let repository = repository("[push, workflow_dispatch]");
    let told = refused(&repository, &["push", "feature/x"]);
    assert!(told.contains("`feature/x` says nothing here") && told.contains("--ref feature/x"), "{told}");
    let told = refused(&repository, &["workflow_dispatch", "deploy.yml"]);
    assert!(told.contains("-W deploy.yml"), "{told}");
    assert_eq!(explain(&repository, &["repository_dispatch", "nightly"])["event"]["action"], "nightly");
}

#[test]
fn a_payload_tells_its_event_by_its_keys() {
    let repository = repository("push");
    let name = |payload: &str| {
        repository.write("event.json", payload).expect("a file");
        explain(&repository, &["-e", "event.json"])["event"]["name"].clone()
    };
    for (payload, event) in [
        (r#"{"ref": "refs/heads/main"}"#, "push"),
        (r#"{"action": "opened", "pull_request": {}}"#, "pull_request"),
        (r#"{"action": "submitted", "pull_request": {}, "review": {}}"#, "pull_request_review"),
        (r#"{"action": "created", "issue": {}, "comment": {}}"#, "issue_comment"),
        (r#"{"deployment": {}, "deployment_status": {}}"#, "deployment_status"),
        (r#"{"action": "completed", "check_run": {}}"#, "check_run"),
    ] {
        assert_eq!(name(payload), event, "{payload}");
    }
    repository.write("event.json", r#"{"action": "created", "sponsorship": {}}"#).expect("a file");
    assert!(refused(&repository, &["-e", "event.json"]).contains("trunkline why EVENT -e FILE"));
}

#[test]
fn uncommitted_files_stay_out_when_they_are_to() {
    let repository = repository("push");
    repository.write(".github/workflows/w.yml", "on: [push\n").expect("a file");
    let gate = |args: &[&str]| explain(&repository, args)["workflows"][0]["runs"].clone();
    for args in [&["push"][..], &["push", "--ref", "main"]] {
        assert_eq!(gate(args), "no", "{args:?}");
    }
    for args in [&["push", "--clean"][..], &["push", "--ref", "main", "--clean"]] {
        assert_eq!(gate(args), "yes", "{args:?}");
    }
}

#[test]
fn inputs_that_would_be_refused_start_nothing() {
    let on = "{workflow_dispatch: {inputs: {level: {type: choice, options: [low, high], required: true}}}}";
    let repository = repository(on);
    let missing = explain(&repository, &["workflow_dispatch"]);
    assert_eq!(missing["workflows"][0]["runs"], "no", "{missing:#}");
    let reason = missing["workflows"][0]["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("level") && reason.contains("--input"), "{reason}");
    assert_eq!(explain(&repository, &["workflow_dispatch", "--input", "level=odd"])["workflows"][0]["runs"], "no");
    assert_eq!(explain(&repository, &["workflow_dispatch", "--input", "level=low"])["workflows"][0]["runs"], "yes");
}

#[test]
fn a_run_of_a_workflow_that_nobody_names_is_undetermined() {
    let repository = repository("{workflow_run: {workflows: [CI]}}");
    assert_eq!(explain(&repository, &["workflow_run"])["workflows"][0]["runs"], "undetermined");
    assert_eq!(explain(&repository, &["workflow_run", "--workflow", "CI"])["workflows"][0]["runs"], "yes");
    assert_eq!(explain(&repository, &["workflow_run", "--workflow", "Other"])["workflows"][0]["runs"], "no");
}

const CALLER: &str = "on: push
jobs:
  plan:
    runs-on: ubuntu-latest
    outputs:
      go: ${{ steps.s.outputs.go }}
    steps:
      - id: s
        run: echo go=true >> $GITHUB_OUTPUT
  call:
    needs: plan
    uses: ./.github/workflows/called.yml
    with:
      go: ${{ needs.plan.outputs.go }}
      fixed: no
";

const CALLED: &str = "on:
  workflow_call:
    inputs:
      go: {type: string}
      fixed: {type: string}
jobs:
  x:
    if: inputs.go == 'true'
    runs-on: ubuntu-latest
    steps:
      - run: 'true'
  y:
    needs: x
    if: needs.x.outputs.v == '1'
    runs-on: ubuntu-latest
    steps:
      - run: 'true'
  z:
    needs: x
    if: ${{ !cancelled() }}
    runs-on: ubuntu-latest
    steps:
      - run: 'true'
  never:
    if: inputs.fixed == 'yes'
    runs-on: ubuntu-latest
    steps:
      - run: 'true'
  on-failure:
    needs: z
    if: failure()
    runs-on: ubuntu-latest
    steps:
      - run: 'true'
";

#[test]
fn jobs_of_a_called_workflow_may_wait_for_outputs() {
    let files = [(".github/workflows/a.yml", CALLER), (".github/workflows/called.yml", CALLED)];
    let repository = TestRepository::from_files(&files).expect("a repository");
    let answer = explain(&repository, &["push", "-W", ".github/workflows/a.yml"]);
    let jobs = answer["workflows"][0]["jobs"].as_array().expect("jobs");
    let told = |key: &str| {
        let job = jobs.iter().find(|job| job["key"] == key).unwrap_or_else(|| panic!("no {key} in {answer:#}"));
        (job["verdict"].as_str().unwrap_or_default(), job["reason"].as_str().unwrap_or_default())
    };
    assert_eq!(told("call/x").0, "undetermined");
    assert!(told("call/x").1.contains("`inputs.go`, made of `needs.plan.outputs.go`"), "{}", told("call/x").1);
    assert_eq!(told("call/y").0, "undetermined");
    assert_eq!(told("call/z").0, "runs");
    assert_eq!(told("call/never").0, "skipped");
    assert_eq!(told("call/on-failure").0, "skipped");
    assert!(
        told("call/on-failure").1.ends_with("as long as every job before it succeeds"),
        "{:?}",
        told("call/on-failure")
    );
}

#[test]
fn another_ref_calls_the_workflows_that_it_has() {
    let caller = "on: push\njobs:\n  call:\n    uses: ./.github/workflows/called.yml\n";
    let called = |job: &str| {
        format!("on: workflow_call\njobs:\n  {job}:\n    runs-on: ubuntu-latest\n    steps:\n      - run: 'true'\n")
    };
    let files = [(".github/workflows/a.yml", caller), (".github/workflows/called.yml", &called("old"))];
    let repository = TestRepository::from_files(&files).expect("a repository");
    repository.git(&["branch", "feature"]).expect("a branch");
    repository.write(".github/workflows/called.yml", &called("new")).expect("a file");
    repository.commit_all("Another job").expect("a commit");
    let key = |args: &[&str]| {
        let answer = explain(&repository, args);
        let workflows = answer["workflows"].as_array().expect("workflows").clone();
        let caller = workflows.into_iter().find(|one| one["path"] == ".github/workflows/a.yml").expect("the caller");
        caller["jobs"].as_array().expect("jobs").iter().map(|job| job["key"].clone()).next_back()
    };
    assert_eq!(key(&["push"]), Some("call/new".into()));
    assert_eq!(key(&["push", "--ref", "feature"]), Some("call/old".into()));
}
