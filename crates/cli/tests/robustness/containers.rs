//! Jobs in containers when things go wrong, and as a normal user.

use api::Conclusion;
use testkit::TestRepository;

use crate::killed::kill_at_each;
use crate::live::{Live, binary, own_seconds, processes_with, repository};
use crate::unprivileged::as_a_user;

/// `None`, with the reason told, where there is no image to run.
fn with_busybox(test: &str, repository: TestRepository) -> Option<TestRepository> {
    match testkit::bring_in(&binary(), &repository, "busybox").expect("an image") {
        None => Some(repository),
        Some(missing) => {
            testkit::skip(test, &missing);
            None
        }
    }
}

const STUBBORN: &str = "\
on: push
jobs:
  inside:
    runs-on: ubuntu-latest
    container: busybox
    steps:
      - id: wait
        run: |
          trap 'echo saw-int' INT
          trap 'echo saw-term' TERM
          sleep SECONDS &
          echo \"begun-${{ 1 }}\"
          while true; do wait || true; done
      - id: plain
        run: echo never
      - id: tidy
        if: always()
        run: echo \"tidy-${{ job.status }} as $(id -u)\"
  action:
    needs: [inside]
    if: always()
    runs-on: ubuntu-latest
    steps:
      - uses: docker://busybox
        with: {args: echo from-an-image}
";

#[test]
fn a_cancelled_container_job_tidies_up_and_leaves_nothing() {
    let seconds = own_seconds();
    let repository = repository(&STUBBORN.replace("SECONDS", &seconds));
    let Some(repository) = with_busybox("a_cancelled_container_job_tidies_up_and_leaves_nothing", repository) else {
        return;
    };
    let mut live = Live::start(&repository, &["run"]);
    live.until("begun-1").signal("INT").until("saw-int").until("saw-term");
    let (code, observed) = live.finish();
    assert_eq!(code, Some(130), "{observed:#?}");
    let job = observed.jobs_named("inside")[0];
    assert_eq!(job.conclusion, Some(Conclusion::Cancelled));
    let ends = |id: &str| job.step(id).and_then(|step| step.conclusion);
    assert_eq!(ends("wait"), Some(Conclusion::Cancelled));
    assert_eq!(ends("plain"), Some(Conclusion::Skipped));
    assert_eq!(ends("tidy"), Some(Conclusion::Success));
    assert!(job.log.iter().any(|line| line == "tidy-cancelled as 0"), "{:?}", job.log);
    let after = observed.jobs_named("action")[0];
    assert!(after.log.iter().any(|line| line == "from-an-image"), "{:?}", after.log);
    assert_eq!(processes_with(&format!("sleep {seconds}")), Vec::<String>::new());
}

/// The shell ends by the signal; what it was waiting for must not hold up the job, nor be left to the clean-up at its end.
#[test]
fn a_step_that_runs_out_of_time_takes_what_it_waits_for_with_it() {
    let seconds = own_seconds();
    let step = "steps: [{run: \"echo begun; sleep SECONDS; echo never\", timeout-minutes: 0.01}]";
    let step = step.replace("SECONDS", &seconds);
    let repository = repository(&format!(
        "on: push\njobs:\n  inside:\n    runs-on: ubuntu-latest\n    container: busybox\n    {step}\n  \
         outside:\n    runs-on: ubuntu-latest\n    {step}\n"
    ));
    let test = "a_step_that_runs_out_of_time_takes_what_it_waits_for_with_it";
    let Some(repository) = with_busybox(test, repository) else { return };
    let (code, observed) = Live::start(&repository, &["run"]).finish();
    assert_eq!(code, Some(1), "{observed:#?}");
    for name in ["inside", "outside"] {
        let job = observed.jobs_named(name)[0];
        let has = |text: &str| job.log.iter().any(|line| line.contains(text));
        assert!(has("timed out after 0.01 minutes"), "{:?}", job.log);
        assert!(!has("orphan") && !has("keeps its output open"), "{:?}", job.log);
    }
    assert_eq!(processes_with(&format!("sleep {seconds}")), Vec::<String>::new());
}

#[test]
fn a_killed_run_of_containers_leaves_nothing() {
    let seconds = own_seconds();
    let repository = repository(
        &"\
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    container: busybox
    steps:
      - run: |
          (setsid nohup sleep SECONDS >/dev/null 2>&1 &)
          printf 'FROM busybox\\nRUN echo \"in-the-build\"; if [ -n \"$STAY\" ]; then sleep SECONDS; fi\\n' > Dockerfile
          echo \"begun-${{ 1 }}\"
          docker build --build-arg STAY=\"$STAY\" -t own .
          docker run -d own sleep SECONDS
          echo \"started-${{ 1 }}\"
          if [ -n \"$STAY\" ]; then sleep SECONDS; fi
"
        .replace("SECONDS", &seconds),
    );
    let Some(repository) = with_busybox("a_killed_run_of_containers_leaves_nothing", repository) else { return };
    let points = ["\"job_started\"", "\"line\":\"begun-1", "in-the-build", "\"line\":\"started-1"];
    kill_at_each(&repository, &seconds, &points, &[]);
}

#[test]
fn a_normal_user_runs_containers() {
    let test = "a_normal_user_runs_containers";
    let repository = repository(
        "\
on: push
jobs:
  inside:
    runs-on: ubuntu-latest
    container: {image: busybox, env: {SAID: by-the-job}}
    steps:
      - run: |
          echo \"inside-$(id -u)-$SAID\"
          printf 'FROM busybox\\nRUN echo built > /built\\n' > Dockerfile
          docker build -q -t own .
          docker run --rm own cat /built
      - uses: docker://busybox
        with: {args: echo from-an-image}
",
    );
    let Some(repository) = with_busybox(test, repository) else { return };
    let Some(observed) = as_a_user(&repository, &[], &[]) else {
        testkit::skip(test, "the tests cannot become a normal user who may run the program");
        return;
    };
    for line in ["inside-0-by-the-job", "built", "from-an-image"] {
        assert!(observed.log.iter().any(|one| one == line), "{line}: {:?}", observed.log);
    }
}
