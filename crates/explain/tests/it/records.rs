//! Explanations of recorded events: made here, without a run.

use api::{
    Conclusion, Envelope, Event, Isolation, JobFinished, JobPlanned, JobStarted, LegId, Reason, RunFinished, RunNumber,
    RunStarted, Stage, StepFinished, StepStarted, WorkflowIndex, WorkflowStarted,
};
use explain::failed::{Facts, Surroundings, culprit};
use explain::run::RunModel;
use explain::text::plain;

const SECOND: i64 = 1_000_000;

/// Builds a record; times are in tenths of seconds.
struct Script {
    number: u64,
    events: Vec<Envelope>,
}

impl Script {
    fn new(number: u64, sha: &str) -> Script {
        let mut script = Script { number, events: Vec::new() };
        script.at(
            0,
            Event::RunStarted(RunStarted {
                run: RunNumber(number),
                version: 1,
                trunkline: "0".to_owned(),
                event_name: "push".to_owned(),
                repository: "octo/app".to_owned(),
                git_ref: "refs/heads/main".to_owned(),
                sha: sha.to_owned(),
                attempt: 1,
            }),
        );
        script.at(
            0,
            Event::WorkflowStarted(WorkflowStarted {
                workflow: WorkflowIndex(0),
                path: "ci.yml".to_owned(),
                name: "CI".to_owned(),
                run_name: "x".to_owned(),
                run_id: 1,
                run_number: 1,
            }),
        );
        script
    }

    fn at(&mut self, tenths: i64, event: Event) {
        let seq = self.events.len() as u64 + 1;
        self.events.push(Envelope { seq, at: tenths * SECOND / 10, event });
    }

    /// A job with one step, from `start` to `end`.
    fn job(&mut self, leg: u32, key: &str, needs: &[&str], start: i64, end: i64, conclusion: Conclusion) {
        let leg = LegId(leg);
        self.at(
            0,
            Event::JobPlanned(JobPlanned {
                leg,
                workflow: WorkflowIndex(0),
                job: key.to_owned(),
                name: key.to_owned(),
                needs: needs.iter().map(|need| (*need).to_owned()).collect(),
                matrix: None,
                condition: None,
            }),
        );
        if conclusion == Conclusion::Skipped {
            let reason = Reason { code: "needs".to_owned(), reason: format!("`{}` failed", needs[0]), location: None };
            self.at(end, finished(leg, conclusion, Some(reason)));
            return;
        }
        let isolation = Isolation { mode: "sandbox".to_owned(), missing: Vec::new() };
        self.at(start, Event::JobStarted(JobStarted { leg, runs_on: vec!["ubuntu-latest".to_owned()], isolation }));
        let name = format!("Run make {key}");
        self.at(
            start,
            Event::StepStarted(StepStarted {
                leg,
                step: 0,
                id: "s".to_owned(),
                name,
                stage: Stage::Main,
                parent: None,
            }),
        );
        let reason = Reason {
            code: "exit".to_owned(),
            reason: "Process completed with exit code 2.".to_owned(),
            location: None,
        };
        self.at(
            end,
            Event::StepFinished(StepFinished {
                leg,
                step: 0,
                outcome: conclusion,
                conclusion,
                reason: (conclusion == Conclusion::Failure).then_some(reason),
                condition: None,
                outputs: Default::default(),
            }),
        );
        self.at(end, finished(leg, conclusion, None));
    }

    fn done(mut self, end: i64, conclusion: Conclusion) -> RunModel {
        self.at(end, Event::RunFinished(RunFinished { conclusion }));
        self.events.sort_by_key(|envelope| envelope.at);
        RunModel::of(self.number, self.events)
    }
}

fn finished(leg: LegId, conclusion: Conclusion, reason: Option<Reason>) -> Event {
    let outputs = Default::default();
    Event::JobFinished(JobFinished { leg, conclusion, reason, outputs, first_error: None, environment_url: None })
}

/// build (0–20), then test (22–60) and docs (20–25), then deploy (60–70).
fn run() -> RunModel {
    let mut script = Script::new(7, "aaaaaaa");
    script.job(0, "build", &[], 0, 20, Conclusion::Success);
    script.job(1, "test", &["build"], 22, 60, Conclusion::Success);
    script.job(2, "docs", &["build"], 20, 25, Conclusion::Success);
    script.job(3, "deploy", &["test", "docs"], 60, 70, Conclusion::Success);
    script.done(70, Conclusion::Success)
}

#[test]
fn the_critical_path_and_slack() {
    let slow = explain::slow::explain(&run(), &[]);
    assert_eq!(slow.critical_path, ["build", "test", "deploy"]);
    let of = |key: &str| slow.jobs.iter().find(|job| job.key == key).expect("the job");
    assert_eq!((of("test").queued, of("test").ran), (SECOND / 5, 38 * SECOND / 10));
    // docs ends at 2.5 s and deploy, which takes 1 s, ends at 7 s.
    assert_eq!(of("docs").slack, 35 * SECOND / 10);
    assert_eq!(of("test").slack, 0);
    let split = slow.savings.iter().find(|saving| saving.job == "test").expect("a saving");
    assert_eq!(split.saves, 19 * SECOND / 10);
    insta::assert_snapshot!(plain(&explain::slow::lines(&slow)), @r"
    Run 7 took 7.0 s

    What decided its length  each waited for the one before it
      build      2.0 s  queued    0 ms  slack    0 ms
           2.0 s  100 %  Run make build
      test       3.8 s  queued   0.2 s  slack    0 ms
           3.8 s  100 %  Run make test
      deploy     1.0 s  queued    0 ms  slack    0 ms
           1.0 s  100 %  Run make deploy

    The others  slack is how much longer each could have taken
      docs       0.5 s  queued    0 ms  slack   3.5 s

    What would save time  estimates; they do not add up
      up to   1.9 s  test: split `Run make test` over two legs of a matrix
                     half of the 3.8 s of its longest step, which the way past this job allows
      up to   1.0 s  build: split `Run make build` over two legs of a matrix
                     half of the 2.0 s of its longest step, which the way past this job allows
    ");
}

#[test]
fn bars_fit_the_width() {
    for columns in [40, 60, 100] {
        let lines = explain::timeline::lines(&run(), columns);
        let widest =
            lines.iter().filter(|line| !line.to_string().contains("path")).map(explain::text::Line::width).max();
        assert!(widest.is_some_and(|width| width <= columns.max(44)), "{widest:?} of {columns}");
    }
    insta::assert_snapshot!(plain(&explain::timeline::lines(&run(), 70)), @r"
                       0                 3.5 s             7.0 s
    build            ┃ ███████████                                  2.0 s
      Run make build   ▬▬▬▬▬▬▬▬▬▬▬                                  2.0 s
    docs                          ███                               0.5 s
      Run make docs               ▬▬▬                               0.5 s
    test             ┃            ░███████████████████████          3.8 s
      Run make test                ▬▬▬▬▬▬▬▬▬▬▬▬▬▬▬▬▬▬▬▬▬▬▬          3.8 s
    deploy           ┃                                    ██████    1.0 s
      Run make deploy                                     ▬▬▬▬▬▬    1.0 s

    █ runs  ░ ready, waits  ┃ on the critical path  ▓ failed
    critical path: build → test → deploy
    ");
}

#[test]
fn the_first_failure_and_its_wake() {
    let mut script = Script::new(9, "bbbbbbb");
    script.job(0, "late", &[], 0, 40, Conclusion::Failure);
    script.job(1, "build", &[], 0, 10, Conclusion::Failure);
    script.job(2, "test", &["build"], 0, 10, Conclusion::Skipped);
    let failed = script.done(40, Conclusion::Failure);
    let mut green = Script::new(8, "aaaaaaa");
    green.job(0, "build", &[], 0, 10, Conclusion::Success);
    let earlier = [green.done(10, Conclusion::Success)];
    let job = culprit(&failed, None).expect("a failed job");
    assert_eq!(job.key, "build");
    let log = "##[group]Run make build\nmake build\nshell: bash -e\n##[endgroup]\ncc main.c\nmake: *** No rule to make target 'x'.  Stop.\n";
    let facts = Facts { commits: vec!["bbbbbbb Break it".to_owned()], ..Facts::default() };
    let explanation =
        explain::failed::explain(&failed, job, &Surroundings { log, earlier: &earlier, later: &[], facts });
    assert_eq!(
        (explanation.wake.as_slice(), explanation.others.as_slice()),
        (&["test".to_owned()][..], &["late".to_owned()][..])
    );
    assert_eq!((explanation.green, explanation.differences.len()), (Some(8), 1));
    let step = explanation.step.as_ref().expect("a step");
    assert_eq!((step.exit, step.script.as_slice()), (Some(2), &["make build".to_owned()][..]));
    assert!(step.excerpt.iter().any(|line| line.text.contains("No rule to make target")));
    // Every explanation can be sent.
    assert!(serde_json::to_value(&explanation).is_ok());
}

/// A run of one job with these facts.
fn with_facts(number: u64, conclusion: Conclusion, facts: &dyn Fn(LegId) -> Vec<Event>, missing: &[&str]) -> RunModel {
    let mut script = Script::new(number, "aaaaaaa");
    script.job(0, "build", &[], 0, 10, conclusion);
    for event in facts(LegId(0)) {
        script.at(5, event);
    }
    for envelope in &mut script.events {
        if let Event::JobStarted(started) = &mut envelope.event {
            started.isolation.missing = missing.iter().map(|text| (*text).to_owned()).collect();
        }
        if let Event::JobPlanned(planned) = &mut envelope.event {
            planned.matrix = Some(serde_json::json!({ "node": number }));
        }
    }
    // Facts come while the step runs.
    script.events.sort_by_key(|envelope| envelope.at);
    script.done(10, conclusion)
}

#[test]
fn every_kind_of_difference() {
    let facts = |version: &'static str| {
        move |leg: LegId| {
            let tool = api::Tool {
                path: "/usr/bin/node".to_owned(),
                changed_at: 1,
                size: version.bytes().map(u64::from).sum(),
                version: Some(version.to_owned()),
            };
            let env = [("LEVEL".to_owned(), version.to_owned())].into_iter().collect();
            vec![
                Event::Tools { tools: [("node".to_owned(), tool)].into_iter().collect() },
                Event::ImageUsed(api::ImageUsed {
                    leg,
                    image: "debian".to_owned(),
                    digest: format!("sha256:{version}"),
                }),
                Event::ActionUsed(api::ActionUsed {
                    leg,
                    step: 0,
                    uses: "octo/tool@main".to_owned(),
                    commit: Some(version.to_owned()),
                    from: "a mirror".to_owned(),
                }),
                Event::StepProcess(api::StepProcess {
                    leg,
                    step: 0,
                    argv: vec!["make".to_owned()],
                    cwd: "/w".to_owned(),
                    env,
                }),
            ]
        }
    };
    let green = [with_facts(1, Conclusion::Success, &facts("v1"), &[])];
    let red = with_facts(2, Conclusion::Failure, &facts("v2"), &["the network is the host's"]);
    let job = culprit(&red, None).expect("a failed job");
    let facts = Facts {
        inputs_before: [("input level".to_owned(), "1".to_owned())].into_iter().collect(),
        inputs_now: [("input level".to_owned(), "2".to_owned())].into_iter().collect(),
        ..Facts::default()
    };
    let explanation =
        explain::failed::explain(&red, job, &Surroundings { log: "", earlier: &green, later: &[], facts });
    let kinds: Vec<&str> = explanation.differences.iter().map(|one| one.kind).collect();
    assert_eq!(kinds, ["action", "image", "tool", "input", "matrix", "isolation", "environment"]);
    insta::assert_snapshot!(plain(&explain::failed::lines(&explanation, 90)), @r"
    ✗ build · Run make build  run 2
      Process completed with exit code 2.

    command  in /w
      make
      + LEVEL=v2

    different from run 1, in which it was green
      action       octo/tool@main: v1 → v2
      image        debian: sha256:v1 → sha256:v2
      tool         node: v1 (/usr/bin/node) → v2 (/usr/bin/node)
      input        input level: 1 → 2
      matrix       node: 1 → 2
      isolation    isolation: sandbox → sandbox, without the network is the host's
      environment  LEVEL: v1 → v2
    flaky: the same commit was green in 1 and red in 1 of its runs
    ");
}
