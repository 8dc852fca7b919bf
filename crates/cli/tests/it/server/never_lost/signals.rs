//! How servers and runners end: after their jobs when they are asked once, at once when they are asked twice.

use store::testing::Database;

use super::site::{Plan, Process, Site};
use super::steps::{UNTIL_TOLD, assert_whole, head, repository, until};

/// The first execution never ends; the second sees that there was one.
const SECOND_TIME: &str = r#"on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: |
          if [ -e "$RUNNER_TOOL_CACHE/runs" ]; then echo 'the second time'; exit 0; fi
          touch "$RUNNER_TOOL_CACHE/runs"
          sleep 4242421
"#;

/// Whether the processes of an ended job have ended.
fn no_sleeper_lives() -> bool {
    let processes = std::fs::read_dir("/proc").expect("processes").flatten();
    let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    lines.into_iter().all(|line| !line.starts_with(b"sleep\x004242421\x00"))
}

/// Waits until a process has ended by itself; how.
fn ended(site: &mut Site, process: fn(&mut Site) -> &mut Process) -> std::process::ExitStatus {
    let began = std::time::Instant::now();
    loop {
        if let Some(status) = process(site).ended() {
            return status;
        }
        assert!(began.elapsed() < std::time::Duration::from_secs(120), "it does not end:\n{}", site.said());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

fn server(site: &mut Site) -> &mut Process {
    &mut site.servers[0]
}

fn runner(site: &mut Site) -> &mut Process {
    &mut site.runners[0]
}

/// A server with a runner of its own that has a job.
fn with_local_job(workflow: &str) -> (Site, String, std::path::PathBuf) {
    let site = Site::of(Database::sqlite(), Plan { runners: 0, local: true, ..Plan::small() });
    let repository = repository(workflow);
    site.push(0, &repository).expect("a push");
    let tools = site.path("data/runner/tools");
    until(&site, "the job runs", || tools.join("runs").exists().then_some(()));
    (site, head(&repository), tools)
}

#[test]
fn a_server_that_is_asked_to_end_finishes_the_jobs_of_its_own_runner_first() {
    for signal in ["-TERM", "-INT"] {
        let (mut site, sha, tools) = with_local_job(UNTIL_TOLD);
        server(&mut site).signal(signal);
        until(&site, "it says so", || site.servers[0].said().contains("stopping").then_some(()));
        std::fs::write(tools.join("go-on"), "").expect("a file");
        let status = ended(&mut site, server);
        assert!(status.success(), "{status}: {}", site.said());
        server(&mut site).start();
        site.wait_until_ready();
        assert_eq!(site.completed(0, &sha)["conclusion"], "success", "{}", site.said());
        assert_whole(&site.log(0, &sha).expect("the log"));
        site.end();
    }
}

#[test]
fn a_server_that_is_asked_twice_ends_at_once_and_its_job_runs_again() {
    let (mut site, sha, _) = with_local_job(SECOND_TIME);
    server(&mut site).signal("-INT");
    until(&site, "it says so", || site.servers[0].said().contains("stopping").then_some(()));
    server(&mut site).signal("-INT");
    let status = ended(&mut site, server);
    assert!(status.success(), "{status}: {}", site.said());
    until(&site, "nothing of the job is left", || no_sleeper_lives().then_some(()));
    server(&mut site).start();
    site.wait_until_ready();
    assert_eq!(site.completed(0, &sha)["conclusion"], "success", "{}", site.said());
    assert!(site.log(0, &sha).expect("the log").contains("the second time"));
    site.end();
}

#[test]
fn a_runner_that_is_asked_twice_ends_at_once_and_its_job_runs_again() {
    for signals in [["-INT", "-INT"], ["-TERM", "-TERM"]] {
        let mut site = Site::of(Database::sqlite(), Plan::small());
        let repository = repository(&SECOND_TIME.replace("4242421", "4242422"));
        site.push(0, &repository).expect("a push");
        until(&site, "the job runs", || site.tools().join("runs").exists().then_some(()));
        runner(&mut site).signal(signals[0]);
        until(&site, "it says so", || site.runners[0].said().contains("taking no further jobs").then_some(()));
        runner(&mut site).signal(signals[1]);
        let status = ended(&mut site, runner);
        assert!(status.success(), "{status}: {}", site.said());
        let jobs = std::fs::read_dir(site.path("runner-0-dir/jobs")).expect("a directory");
        assert_eq!(jobs.count(), 0, "what it had to say is said");
        runner(&mut site).start();
        let sha = head(&repository);
        assert_eq!(site.completed(0, &sha)["conclusion"], "success", "{}", site.said());
        assert!(site.log(0, &sha).expect("the log").contains("the second time"));
        site.end();
    }
}

/// The first execution writes all the time; the second one sees whether it still does.
const BESIDE: &str = r#"on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: |
          cd "$RUNNER_TOOL_CACHE"
          if [ -e first ]; then
            before=$(wc -c < first); sleep 0.5; after=$(wc -c < first)
            [ "$before" = "$after" ] || { echo "it runs beside the first: $before, $after"; exit 1; }
            exit 0
          fi
          while true; do echo "$RUNNER_NAME" >> first; sleep 0.01; done
"#;

#[test]
fn a_runner_that_stands_still_executes_nothing_beside_the_one_that_gets_its_job() {
    let settings = "lease = \"10s\"\n".to_owned();
    let mut site = Site::of(Database::sqlite(), Plan { runners: 2, settings, ..Plan::small() });
    let repository = repository(BESIDE);
    site.push(0, &repository).expect("a push");
    let first = site.tools().join("first");
    let name = until(&site, "the job runs", || {
        let text = std::fs::read_to_string(&first).ok()?;
        Some(text.lines().next()?.to_owned()).filter(|_| text.contains('\n'))
    });
    let holder =
        site.runners.iter().position(|runner| runner.name.ends_with(&name[name.len() - 2..])).expect("a runner");
    site.runners[holder].signal("-STOP");
    let run = site.completed(0, &head(&repository));
    let said = site.log(0, &head(&repository));
    site.runners[holder].signal("-CONT");
    assert_eq!(run["conclusion"], "success", "{said:?}\n{}", site.said());
    // It is told that the job is not its own any more, and takes others.
    until(&site, "it hears of it", || site.runners[holder].said().contains("gave it to another").then_some(()));
    std::fs::remove_file(&first).expect("a file");
    site.runners[1 - holder].kill();
    std::fs::write(&first, "").expect("a file");
    repository.write("again", "again").expect("a file");
    repository.commit_all("again").expect("a commit");
    site.push(0, &repository).expect("a push");
    assert_eq!(site.completed(0, &head(&repository))["conclusion"], "success", "{}", site.said());
    site.runners[1 - holder].start();
    site.end();
}

/// It stood still when the answer came, and reads it when the job is another's.
#[test]
fn a_runner_that_slept_through_its_claim_does_not_begin_the_job() {
    let settings = "lease = \"5s\"\n".to_owned();
    let mut site = Site::of(Database::sqlite(), Plan { runners: 2, settings, ..Plan::small() });
    site.runners[1].kill();
    site.runners[0].signal("-STOP");
    let repository = repository("on: push\njobs: { a: { runs-on: ubuntu-latest, steps: [{ run: 'true' }] } }\n");
    site.push(0, &repository).expect("a push");
    let jobs = || site.get(0, "/actions/runs/1/jobs").map(|answer| answer.json()["jobs"][0].clone());
    until(&site, "it is given the job", || jobs().filter(|job| job["runner_name"] == "r-0"));
    site.runners[1].start();
    assert_eq!(site.completed(0, &head(&repository))["conclusion"], "success", "{}", site.said());
    site.runners[0].signal("-CONT");
    // Its next word is heard, and it has another job.
    site.runners[1].kill();
    repository.write("again", "again").expect("a file");
    repository.commit_all("again").expect("a commit");
    site.push(0, &repository).expect("a push");
    assert_eq!(site.completed(0, &head(&repository))["conclusion"], "success", "{}", site.said());
    let said = site.runners[0].said();
    assert_eq!(said.matches(" of ann/app: a").count(), 1, "{said}");
    site.runners[1].start();
    site.end();
}

/// Runners that wait for jobs and pages that are open would hold the server up for longer than any service manager waits.
#[test]
fn a_server_that_ends_answers_whoever_waits_at_it() {
    let mut site = Site::of(Database::sqlite(), Plan { runners: 0, ..Plan::small() });
    let repository = repository("on: push\njobs: { a: { runs-on: nobody, steps: [{ run: 'true' }] } }\n");
    site.push(0, &repository).expect("a push");
    let runs = || site.get(0, "/actions/runs").map(|answer| answer.json()["workflow_runs"][0]["id"].clone());
    let run = until(&site, "the run", || runs().filter(serde_json::Value::is_number));
    let token = site.admin(&["runner-token"], "").expect("a token");
    let api = site.apis[0].clone();
    let ask = move |path: &str, token: &str, body: serde_json::Value| {
        let authorization = format!("Bearer {token}");
        let headers = [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
        api.send("POST", &format!("/_trunkline/runner/v1{path}"), &headers, body.to_string().as_bytes())
    };
    let registration = serde_json::json!({ "name": "idle", "labels": ["x"], "os": "Linux", "arch": "X64", "version": "0", "slots": 1 });
    let registered = ask("/register", &token, registration).expect("an answer").json();
    let secret = registered["secret"].as_str().expect("a secret").to_owned();
    let waiting = std::thread::spawn(move || ask("/claim?wait=50", &secret, serde_json::json!({ "free": 1 })));
    let page = {
        let api = site.apis[0].clone();
        let session = api.session();
        std::thread::spawn(move || {
            api.send("GET", &format!("/ann/app/runs/{run}/changes"), &[("Cookie", &session)], &[])
        })
    };
    // Both are at the server by the time that it has told this.
    for _ in 0..20 {
        assert_eq!(site.ready(0).expect("an answer").0, 200);
    }
    server(&mut site).signal("-TERM");
    let answer = waiting.join().expect("a thread").expect("a whole answer, not a connection that breaks");
    assert_eq!(answer.status, 204, "{}", answer.text());
    assert_eq!(page.join().expect("a thread").expect("a stream that comes to its end").status, 200);
    assert!(ended(&mut site, server).success(), "{}", site.said());
}
