//! Ctrl-C, timeouts, `fail-fast`.

use api::Conclusion;

use crate::live::{Live, own_seconds, processes_with, repository};

const STUBBORN: &str = "\
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/cache@v4
        with: {path: kept, key: k}
      - id: wait
        shell: bash {0}
        run: |
          trap 'echo saw-int' INT
          trap 'echo saw-term' TERM
          sleep SECONDS &
          echo \"begun-${{ 1 }}\"
          while true; do wait; done
      - id: plain
        run: echo never
      - id: tidy
        if: always()
        run: echo \"tidy-${{ job.status }}\"
      - id: told
        if: cancelled()
        run: echo \"told-${{ 1 }}\"
  after:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - run: echo never
  report:
    needs: build
    if: always()
    runs-on: ubuntu-latest
    steps:
      - run: echo \"report-${{ needs.build.result }}\"
";

#[test]
fn a_step_that_ignores_signals_is_killed_and_the_rest_tidies_up() {
    let seconds = own_seconds();
    let repository = repository(&STUBBORN.replace("SECONDS", &seconds));
    let mut live = Live::start(&repository, &["run"]);
    live.until("begun-1").signal("INT").until("saw-int").until("saw-term");
    let (code, observed) = live.finish();
    assert_eq!(code, Some(130), "{observed:#?}");
    let job = observed.jobs_named("build")[0];
    assert_eq!(job.conclusion, Some(Conclusion::Cancelled));
    let ends = |id: &str| job.step(id).and_then(|step| step.conclusion);
    assert_eq!(ends("wait"), Some(Conclusion::Cancelled));
    assert_eq!(ends("plain"), Some(Conclusion::Skipped));
    assert_eq!(ends("tidy"), Some(Conclusion::Success));
    assert_eq!(ends("told"), Some(Conclusion::Success));
    assert!(job.steps.iter().any(|step| step.stage == api::Stage::Post), "{:#?}", job.steps);
    assert!(job.log.iter().any(|line| line == "tidy-cancelled"), "{:?}", job.log);
    let report = observed.jobs_named("report")[0];
    assert_eq!(report.conclusion, Some(Conclusion::Success));
    assert!(report.log.iter().any(|line| line == "report-cancelled"), "{:?}", report.log);
    assert_eq!(observed.jobs_named("after")[0].conclusion, Some(Conclusion::Skipped));
    assert_eq!(observed.conclusion, Some(Conclusion::Cancelled));
    assert_eq!(processes_with(&format!("sleep {seconds}")), Vec::<String>::new());
}

#[test]
fn a_second_interrupt_kills_at_once_and_starts_nothing_more() {
    let seconds = own_seconds();
    let repository = repository(&STUBBORN.replace("SECONDS", &seconds));
    let mut live = Live::start(&repository, &["run"]);
    live.until("begun-1").signal("INT").until("saw-int").signal("INT");
    let (code, observed) = live.finish();
    assert_eq!(code, Some(130), "{observed:#?}");
    // The step was not waited for.
    assert!(!observed.log.iter().any(|line| line == "saw-term"), "{:?}", observed.log);
    let job = observed.jobs_named("build")[0];
    assert_eq!(job.conclusion, Some(Conclusion::Cancelled));
    assert!(!observed.log.iter().any(|line| line.starts_with("tidy-")), "{:?}", observed.log);
    let report = observed.jobs_named("report")[0];
    assert!(!report.started, "{report:#?}");
    assert_eq!(processes_with(&format!("sleep {seconds}")), Vec::<String>::new());
}

#[test]
fn a_step_and_a_job_run_out_of_time() {
    let repository = repository(
        "\
on: push
jobs:
  step:
    runs-on: ubuntu-latest
    steps:
      - id: slow
        timeout-minutes: 0.01
        run: sleep 600
      - id: next
        run: echo never
      - id: failed
        if: failure()
        run: echo \"step-${{ steps.slow.outcome }}-${{ job.status }}\"
  job:
    runs-on: ubuntu-latest
    timeout-minutes: 0.01
    steps:
      - id: slow
        run: sleep 600
      - id: tidy
        if: always()
        run: echo \"job-${{ job.status }}\"
",
    );
    let (code, observed) = Live::start(&repository, &["run"]).finish();
    assert_eq!(code, Some(1), "{observed:#?}");
    let step = observed.jobs_named("step")[0];
    assert_eq!(step.conclusion, Some(Conclusion::Failure));
    assert!(step.log.iter().any(|line| line == "step-failure-failure"), "{:?}", step.log);
    assert!(step.log.iter().any(|line| line.contains("timed out after 0.01 minutes")), "{:?}", step.log);
    let job = observed.jobs_named("job")[0];
    assert_eq!(job.conclusion, Some(Conclusion::Cancelled));
    assert_eq!(job.reason.as_ref().map(|reason| reason.code.as_str()), Some("timeout"));
    assert!(job.log.iter().any(|line| line == "job-cancelled"), "{:?}", job.log);
}

#[test]
fn a_leg_that_fails_cancels_the_others() {
    let repository = repository(
        "\
on: push
jobs:
  legs:
    runs-on: ubuntu-latest
    strategy:
      matrix: {n: [1, 2, 3]}
    steps:
      - run: |
          if [ ${{ matrix.n }} = 2 ]; then exit 3; fi
          exec sleep 600
",
    );
    let (code, observed) = Live::start(&repository, &["run", "--jobs", "3"]).finish();
    assert_eq!(code, Some(1), "{observed:#?}");
    let ends: Vec<_> = observed.jobs.iter().map(|job| job.conclusion).collect();
    assert_eq!(ends, [Some(Conclusion::Cancelled), Some(Conclusion::Failure), Some(Conclusion::Cancelled)]);
}
