//! Whole reports of scripted runs.

mod script;

use insta::assert_snapshot;
use runner::log::Stream::{Err, Out, Runner};

use api::Conclusion::{Cancelled, Failure, Skipped, Success};
use script::Script;

/// Two jobs of which one fails, one that is skipped, a workflow that is left out.
fn failing() -> Script {
    let mut run = Script::new();
    run.begin();
    run.left_out("docs.yml", "no changed file matches `paths`");
    run.workflow("CI");
    for (leg, name) in ["build", "test (ubuntu-latest, 1.23)", "deploy"].into_iter().enumerate() {
        run.job(leg, name);
    }
    run.start(0);
    run.start(1);
    run.step(0, 0, "Run make");
    run.says(0, 0, Runner, "##[group]Run make\nshell: bash -e {0}\nenv:\n  A: b\n##[endgroup]\n");
    run.says(0, 0, Out, "compiling\n\x1b[32mgreen\x1b[0m and \x1b[31mred\nstill red\x1b[0m\n");
    run.step_ends(0, 0, Success);
    run.step(1, 0, "Unit tests");
    run.says(1, 0, Runner, "##[group]Run go test ./...\nshell: bash -e {0}\n##[endgroup]\n");
    run.says(1, 0, Runner, "##[group]Details\n");
    run.says(1, 0, Err, "within\n");
    run.says(1, 0, Runner, "##[warning]slow\n##[endgroup]\n##[notice]look\n##[debug]hidden\n##[command]git x\n");
    run.says(1, 0, Runner, "##[error]Process completed with exit code 1.\n");
    run.annotation(1, 0, "main_test.go", 12, "want 1, got 2");
    run.step_ends(1, 0, Failure);
    run.step(1, 1, "Never");
    run.step_ends(1, 1, Skipped);
    run.ends(0, Success, None);
    run.ends(
        1,
        Failure,
        Some("main_test.go:12: want 1, got 2, and then a long story that does not fit into eighty columns"),
    );
    run.ends(2, Skipped, None);
    run.finish(Failure);
    run
}

#[test]
fn a_failing_run_at_80_columns() {
    assert_snapshot!(failing().terminal(80, false), @r#"
    Run 12 · push · main · 1a2b3c4
    - .github/workflows/docs.yml left out: no changed file matches `paths` (.github/workflows/docs.yml:4)
    CI: Fix it .github/workflows/ci.yml
    note: limits are not applied
    build                │ ▸ Run make
    build                │ compiling
    build                │ green and red
    build                │ still red
    test (ubun…st, 1.23) │ ▸ Unit tests
    test (ubun…st, 1.23) │ Run go test ./...
    test (ubun…st, 1.23) │ ▾ Details
    test (ubun…st, 1.23) │   within
    test (ubun…st, 1.23) │   warning: slow
    test (ubun…st, 1.23) │ notice: look
    test (ubun…st, 1.23) │ $ git x
    test (ubun…st, 1.23) │ error: Process completed with exit code 1.
    test (ubun…st, 1.23) │ ✗ Unit tests failed after 0.2s (.github/workflows/ci.yml:9)
    test (ubun…st, 1.23) │ - Never skipped: an earlier step failed (.github/workflows/ci.yml:9)
    build                │ ✓ succeeded in 0.9s
    test (ubun…st, 1.23) │ ✗ failed after 0.9s
    deploy               │ - skipped: needs test, which failed (.github/workflows/ci.yml:30)

    main_test.go:12: error: want 1, got 2

    JOB                         RESULT     TIME  FIRST ERROR
    test (ubuntu-latest, 1.23)  ✗ failure  0.9s  main_test.go:12: want 1, got 2, an…
    build                       ✓ success  0.9s
    deploy                      - skipped        needs test, which failed (.github/…

    ✗ Run 12 failed in 1.9s: 1 of 3 jobs failed · trunkline logs 12 'test (ubuntu-latest, 1.23)'
      the cause, as far as it can be told: trunkline why failed 12
    "#);
}

#[test]
fn a_failing_run_at_120_columns_in_colour() {
    assert_snapshot!(failing().terminal(120, true), @r#"
    ␛[1mRun 12␛[0m · push · main · 1a2b3c4
    ␛[2m- .github/workflows/docs.yml left out: no changed file matches `paths` (.github/workflows/docs.yml:4)␛[0m
    ␛[1mCI␛[0m: Fix it␛[2m .github/workflows/ci.yml␛[0m
    ␛[36mnote:␛[0m limits are not applied
    ␛[36mbuild                      │␛[0m ␛[1m▸ Run make␛[0m
    ␛[36mbuild                      │␛[0m compiling
    ␛[36mbuild                      │␛[0m ␛[32mgreen␛[0m and ␛[31mred␛[0m
    ␛[36mbuild                      │␛[0m ␛[31mstill red␛[0m
    ␛[35mtest (ubuntu-latest, 1.23) │␛[0m ␛[1m▸ Unit tests␛[0m
    ␛[35mtest (ubuntu-latest, 1.23) │␛[0m ␛[2mRun go test ./...␛[0m
    ␛[35mtest (ubuntu-latest, 1.23) │␛[0m ␛[1m▾ Details␛[0m
    ␛[35mtest (ubuntu-latest, 1.23) │␛[0m   within
    ␛[35mtest (ubuntu-latest, 1.23) │␛[0m   ␛[33mwarning:␛[0m slow
    ␛[35mtest (ubuntu-latest, 1.23) │␛[0m ␛[36mnotice:␛[0m look
    ␛[35mtest (ubuntu-latest, 1.23) │␛[0m ␛[34m$ git x␛[0m
    ␛[35mtest (ubuntu-latest, 1.23) │␛[0m ␛[1m␛[31merror:␛[0m Process completed with exit code 1.
    ␛[35mtest (ubuntu-latest, 1.23) │␛[0m ␛[1m␛[31m✗ Unit tests failed after 0.2s (.github/workflows/ci.yml:9)␛[0m
    ␛[35mtest (ubuntu-latest, 1.23) │␛[0m ␛[2m- Never skipped: an earlier step failed (.github/workflows/ci.yml:9)␛[0m
    ␛[36mbuild                      │␛[0m ␛[32m✓ succeeded in 0.9s␛[0m
    ␛[35mtest (ubuntu-latest, 1.23) │␛[0m ␛[1m␛[31m✗ failed after 0.9s␛[0m
    ␛[34mdeploy                     │␛[0m ␛[2m- skipped: needs test, which failed (.github/workflows/ci.yml:30)␛[0m

    main_test.go:12: ␛[1m␛[31merror:␛[0m want 1, got 2

    ␛[2mJOB␛[0m                         ␛[2mRESULT␛[0m     ␛[2mTIME␛[0m  ␛[2mFIRST ERROR␛[0m
    test (ubuntu-latest, 1.23)  ␛[1m␛[31m✗ failure␛[0m  0.9s  main_test.go:12: want 1, got 2, and then a long story that does not fit in…
    build                       ␛[32m✓ success␛[0m  0.9s
    deploy                      ␛[2m- skipped␛[0m        ␛[2mneeds test, which failed (.github/workflows/ci.yml:30)␛[0m

    ␛[1m␛[31m✗ Run 12 failed␛[0m in 1.9s: 1 of 3 jobs failed · ␛[1mtrunkline logs 12 'test (ubuntu-latest, 1.23)'␛[0m
      the cause, as far as it can be told: ␛[1mtrunkline why failed 12␛[0m
    "#);
}

#[test]
fn one_job_has_no_name_before_its_lines() {
    let mut run = Script::new();
    run.begin();
    run.workflow("CI");
    run.job(0, "build");
    run.start(0);
    run.step(0, 0, "Build");
    run.says(0, 0, Runner, "##[group]Run make\nshell: bash\n##[endgroup]\n");
    run.says(0, 0, Out, "done\n");
    run.step_ends(0, 0, Success);
    run.summary(0, 0, "# Result\n\n| what | how |\n|:--|--:|\n| **all** | `fine` |\n\n- [site](https://x.example)\n\n```\ncode\n```\n<details><summary>More</summary>\n</details>\n");
    run.step(0, 1, "Post Run actions/checkout@v4");
    run.step_ends(0, 1, Success);
    run.ends(0, Success, None);
    run.finish(Success);
    assert_snapshot!(run.terminal(80, false), @r#"
    Run 12 · push · main · 1a2b3c4
    CI: Fix it .github/workflows/ci.yml
    note: limits are not applied
    ▸ Build
    Run make
    done
    ✓ succeeded in 0.6s

    ── build ── summary ────────────────────────────────────────────────────────────
    Result

    what  how
    all   fine

    • site (https://x.example)

      code
    More

    JOB    RESULT     TIME
    build  ✓ success  0.6s

    ✓ Run 12 succeeded in 1.1s: 1 job
    "#);
}

#[test]
fn twenty_jobs_at_once() {
    let mut run = Script::new();
    run.begin();
    run.workflow("CI");
    for leg in 0..20 {
        run.job(leg, &format!("test (ubuntu-latest, 1.{leg}, release)"));
    }
    for leg in 0..20 {
        run.start(leg);
        run.step(leg, 0, "Run go test");
    }
    for line in 0..2 {
        for leg in 0..20 {
            run.says(leg, 0, Out, &format!("line {line}\n"));
        }
    }
    for leg in 0..20 {
        run.step_ends(leg, 0, Success);
        run.ends(leg, if leg == 7 { Cancelled } else { Success }, None);
    }
    run.finish(Cancelled);
    let whole = run.terminal(80, false);
    // Legs are told apart by what differs, and every name takes the same place.
    assert_eq!(
        whole.lines().filter(|line| line.find('│') == Some(13) || line.find('│') == Some(12)).count(),
        80,
        "{whole}"
    );
    let some: Vec<&str> = whole
        .lines()
        .filter(|line| line.contains("1.7") || line.contains("Run "))
        .filter(|line| !line.contains("▸") || line.contains("1.7"))
        .collect();
    assert_snapshot!(some.join("\n"), @r#"
    Run 12 · push · main · 1a2b3c4
    test (1.7)  │ ▸ Run go test
    test (1.7)  │ line 0
    test (1.7)  │ line 1
    test (1.7)  │ ⊘ cancelled
    test (ubuntu-latest, 1.7, release)   ⊘ cancelled  4.1s
    ⊘ Run 12 was cancelled in 10.3s: 20 jobs
    "#);
}

#[test]
fn quiet_tells_failures_only() {
    assert_snapshot!(failing().quiet(), @r#"
    ✗ test (ubuntu-latest, 1.23) failed
    │ Run go test ./...
    │ ▾ Details
    │   within
    │   warning: slow
    │ notice: look
    │ $ git x
    │ error: Process completed with exit code 1.
    ✗ Run 12 failed in 1.9s: 1 of 3 jobs failed · trunkline logs 12 'test (ubuntu-latest, 1.23)'
    "#);
}

#[test]
fn json_keeps_the_order_of_each_job() {
    assert_snapshot!(failing().json(), @r###"
    1 "run_started"
    2 "workflow_considered"
    3 "workflow_started"
    4 "job_planned" 0
    5 "job_planned" 1
    6 "job_planned" 2
    7 "job_started" 0
    8 "job_started" 1
    9 "step_started" 0 0
    9 "log" 0 0 "##[group]Run make"
    9 "log" 0 0 "shell: bash -e {0}"
    9 "log" 0 0 "env:"
    9 "log" 0 0 "  A: b"
    9 "log" 0 0 "##[endgroup]"
    9 "log" 0 0 "compiling"
    9 "log" 0 0 "\u001b[32mgreen\u001b[0m and \u001b[31mred"
    9 "log" 0 0 "still red\u001b[0m"
    10 "step_finished" 0 0
    11 "step_started" 1 0
    11 "log" 1 0 "##[group]Run go test ./..."
    11 "log" 1 0 "shell: bash -e {0}"
    11 "log" 1 0 "##[endgroup]"
    11 "log" 1 0 "##[group]Details"
    11 "log" 1 0 "within"
    11 "log" 1 0 "##[warning]slow"
    11 "log" 1 0 "##[endgroup]"
    11 "log" 1 0 "##[notice]look"
    11 "log" 1 0 "##[debug]hidden"
    11 "log" 1 0 "##[command]git x"
    11 "log" 1 0 "##[error]Process completed with exit code 1."
    12 "annotation" 1 0 12
    13 "step_finished" 1 0
    14 "step_started" 1 1
    15 "step_finished" 1 1
    16 "job_finished" 0
    17 "job_finished" 1
    18 "job_finished" 2
    19 "workflow_finished"
    20 "run_finished"
    "###);
}

#[test]
fn the_live_area_leaves_nothing_behind() {
    assert_eq!(failing().live(80, usize::MAX), failing().terminal(80, false));
}

#[test]
fn the_live_area_stands_below_the_lines() {
    assert_snapshot!(failing().live(80, 17), @r#"
    Run 12 · push · main · 1a2b3c4
    - .github/workflows/docs.yml left out: no changed file matches `paths` (.github/workflows/docs.yml:4)
    CI: Fix it .github/workflows/ci.yml
    note: limits are not applied
    build                │ ▸ Run make
    build                │ compiling
    build                │ green and red
    build                │ still red
    test (ubun…st, 1.23) │ ▸ Unit tests
    test (ubun…st, 1.23) │ Run go test ./...
    test (ubun…st, 1.23) │ ▾ Details
    ● build                                                                    0s
    ● test (ubun…st, 1.23)  Unit tests                                         0s
    2 running · 1 waiting · 0 done                                             1s
    "#);
}

#[test]
fn the_thread_changes_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let reported = runtime.block_on(failing().reported(80));
    assert_eq!(sorted(&reported), sorted(&failing().terminal(80, false)));
}

/// Jobs' lines lie between each other as it happens; those of one job keep their order.
fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_by_key(|line| line.split('│').next().filter(|job| job.len() < line.len()));
    lines
}

/// Adds lines to a job's log the way steps do.
fn write_log(log: &runner::log::JobLog, step: u32, stream: runner::log::Stream, text: &str) {
    let options =
        runner::command::Options { debug: false, allow_unsecure_commands: false, allow_unsecure_stop_tokens: false };
    let paths = runner::paths::Paths::new("/");
    let processor = runner::command::Processor::new(options, runner::Masker::default(), Default::default(), paths);
    let log = runner::log::StepLog::embedded(log.clone(), step, processor);
    if stream == Runner {
        log.say(text.trim_end_matches('\n'));
    } else {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(log.pump(stream, text.as_bytes())).unwrap();
    }
}
