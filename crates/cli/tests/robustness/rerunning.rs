//! `trunkline rerun`: whole, only what failed, from a step.

use api::Conclusion;
use testkit::TestRepository;

use crate::live::{finished, observed, repository};

const LEGS: &str = "\
on: push
jobs:
  first:
    runs-on: ubuntu-latest
    outputs: {word: '${{ steps.o.outputs.word }}'}
    steps:
      - id: o
        run: echo word=hello >> $GITHUB_OUTPUT
  called:
    uses: ./.github/workflows/called.yml
  legs:
    needs: [first, called]
    runs-on: ubuntu-latest
    strategy:
      fail-fast: false
      matrix: {n: [1, 2]}
    steps:
      - run: |
          echo \"leg-${{ matrix.n }}-${{ needs.first.outputs.word }}-${{ needs.called.outputs.deep }}\"
          if [ ${{ matrix.n }} = 2 ] && [ ${{ github.run_attempt }} = 1 ]; then exit 1; fi
  last:
    needs: legs
    runs-on: ubuntu-latest
    steps:
      - run: echo \"last-${{ needs.legs.result }}\"
";

const CALLED: &str = "\
on:
  workflow_call:
    outputs: {deep: {value: '${{ jobs.inner.outputs.deep }}'}}
jobs:
  inner:
    runs-on: ubuntu-latest
    outputs: {deep: '${{ steps.d.outputs.deep }}'}
    steps:
      - id: d
        run: echo deep=down >> $GITHUB_OUTPUT
";

#[test]
fn only_what_failed_runs_again_with_what_stands() {
    let files = [(".github/workflows/ci.yml", LEGS), (".github/workflows/called.yml", CALLED)];
    let repository = TestRepository::from_files(&files).expect("a repository");
    let (code, first, stderr) = observed(&repository, &["run"]);
    assert_eq!(code, Some(1), "{first:#?}{stderr}");
    let (code, again, stderr) = observed(&repository, &["rerun", "--failed"]);
    assert_eq!(code, Some(0), "{again:#?}{stderr}");
    let started: Vec<&str> = again.jobs.iter().filter(|job| job.started).map(|job| job.name.as_str()).collect();
    assert_eq!(started, ["legs (2)", "last"]);
    for line in ["leg-2-hello-down", "last-success"] {
        assert!(again.log.iter().any(|one| one == line), "{line}: {:?}", again.log);
    }
    // What stood in the repetition stands in the next one as well.
    let (code, third, stderr) = observed(&repository, &["rerun", "--failed"]);
    assert_eq!(code, Some(0), "{third:#?}{stderr}");
    assert!(!third.jobs.iter().any(|job| job.started), "{third:#?}");
    let (code, whole, _) = observed(&repository, &["rerun", "1"]);
    assert_eq!(code, Some(0));
    assert!(whole.jobs.iter().filter(|job| job.started).count() >= 5, "{whole:#?}");
}

const STEPS: &str = "\
on: push
jobs:
  good:
    runs-on: ubuntu-latest
    steps:
      - run: echo good
  build:
    needs: good
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - id: make
        run: |
          echo \"made-${{ 1 }}\"
          echo product > product; echo more >> README; ln -s product link
          mkdir \"$RUNNER_TEMP/t\"; echo temp > \"$RUNNER_TEMP/t/f\"; echo home > ~/own || true
          mkdir tools; printf '#!/bin/sh\\necho from-tool' > tools/the-tool; chmod +x tools/the-tool
          echo \"$PWD/tools\" >> $GITHUB_PATH
          echo KEPT=env >> $GITHUB_ENV
          echo out=put >> $GITHUB_OUTPUT
          echo secret=\"$S\" >> $GITHUB_OUTPUT
          echo \"_authToken=$S\" > npmrc; printf %s \"$S\" | base64 > \"$RUNNER_TEMP/encoded\"
        env: {S: '${{ secrets.S }}'}
      - name: Look at it
        id: look
        run: |
          cat product README link \"$RUNNER_TEMP/t/f\"
          the-tool
          git status --short
          echo \"all-$KEPT-${{ steps.make.outputs.out }}-${{ steps.make.outcome }}\"
          [ ${{ github.run_attempt }} != 1 ]
      - run: echo \"end-${{ steps.look.outcome }}\"
";

fn from_a_step(arguments: &[&str]) {
    let files = [(".github/workflows/ci.yml", STEPS), ("README", "readme\n")];
    let repository = TestRepository::from_files(&files).expect("a repository");
    let run: Vec<&str> = ["run", "-s", "S=verysecret"].iter().chain(arguments).copied().collect();
    let (code, first, stderr) = observed(&repository, &run);
    assert_eq!(code, Some(1), "{first:#?}{stderr}");
    let rerun = ["rerun", "--from", "Look at it", "-s", "S=verysecret"];
    let (code, again, stderr) = observed(&repository, &rerun);
    assert_eq!(code, Some(0), "{again:#?}{stderr}");
    let job = again.jobs_named("build")[0];
    let reason = |id: &str| job.step(id).and_then(|step| step.reason.as_ref()).map(|reason| reason.reason.as_str());
    assert_eq!(reason("make"), Some("kept from run 1"));
    assert!(!job.log.iter().any(|line| line == "made-1"), "{:?}", job.log);
    let lines = ["product", "readme", "more", "temp", "from-tool", " M README", "all-env-put-success", "end-success"];
    for line in lines {
        assert!(job.log.iter().any(|one| one == line), "{line}: {:?}", job.log);
    }
    assert!(!again.jobs_named("good")[0].started);
    // Secrets are not in the record, and that is told.
    let told = again.annotations.iter().any(|one| one.message.contains("secret, which run 1 did not keep"));
    assert!(told, "{:?}", again.annotations);
    for file in ["/npmrc", "_temp/encoded"] {
        let told = again
            .annotations
            .iter()
            .any(|one| one.message.contains("did not keep these files") && one.message.contains(file));
        assert!(told, "{file}: {:?}", again.annotations);
    }
    let kept =
        std::process::Command::new("grep").args(["-r", "verysecret"]).arg(repository.state()).output().expect("grep");
    assert_eq!(String::from_utf8_lossy(&kept.stdout), "");
}

#[test]
fn a_job_begins_in_its_middle_on_the_files_it_left() {
    from_a_step(&[]);
}

#[test]
fn on_the_host_too() {
    from_a_step(&["-P", "ubuntu-latest=host"]);
}

#[test]
fn what_cannot_be_continued_is_told() {
    let repository = repository(
        "\
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - id: one
        run: exit 1
      - id: two
        if: always()
        run: exit 0
",
    );
    let missing = finished(&repository, &["rerun", "--from", "one"]);
    assert_eq!(missing.code, Some(4), "{}", missing.stderr);
    assert_eq!(finished(&repository, &["run", "--quiet"]).code, Some(1));
    let unknown = finished(&repository, &["rerun", "--from", "three"]);
    assert_eq!(unknown.code, Some(4), "{}", unknown.stderr);
    assert!(unknown.stderr.contains("has a step `three`; there are `one`, `two`"), "{}", unknown.stderr);
    assert!(unknown.stderr.contains("trunkline rerun --failed 1"), "{}", unknown.stderr);
    let (code, late, _) = observed(&repository, &["rerun", "--from", "two"]);
    assert_eq!(code, Some(1));
    let error = late.jobs_named("build")[0].first_error.clone().unwrap_or_default();
    assert!(error.contains("`one` before it failed in run 1: begin there"), "{error}");
    assert_eq!(late.jobs_named("build")[0].conclusion, Some(Conclusion::Failure));
    // Files that are gone.
    repository.script("find ../state -name kept -type d | xargs rm -r").expect("removed");
    let gone = finished(&repository, &["rerun", "1", "--from", "one"]);
    assert_eq!(gone.code, Some(4), "{}", gone.stderr);
    assert!(gone.stderr.contains("run 1 kept no files of `build`"), "{}", gone.stderr);
}
