//! Records under concurrency, torn lines, dead processes, retention.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use api::{Conclusion, Event, JobFinished, LegId, RunFinished};

use super::*;
use crate::dirs::Dirs;

fn store(home: &Path) -> RecordStore {
    let dirs = Dirs::resolve(|name| (name == "TRUNKLINE_HOME").then(|| home.into())).unwrap();
    RecordStore::open(&dirs, home).unwrap()
}

fn notice(message: &str) -> Event {
    Event::Notice { message: message.to_owned() }
}

fn finished(conclusion: Conclusion) -> Event {
    Event::RunFinished(RunFinished { conclusion })
}

/// Not a test of its own: what the other processes of the tests below do. Prints the numbers it got and then,
/// holding the last record, waits until it is killed or its input ends.
#[test]
fn other_process() {
    let Some(home) = std::env::var_os("RECORD_TEST_HOME") else {
        return;
    };
    let store = store(Path::new(&home));
    let mut last = None;
    for _ in 0..5 {
        let record = store.create(&RunMeta::default()).unwrap();
        record.append(notice("started")).unwrap();
        println!("number {}", record.number);
        last = Some(record);
    }
    println!("ready");
    let _ = std::io::stdin().read_line(&mut String::new());
    drop(last);
}

fn spawn(home: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["record::tests::other_process", "--exact", "--nocapture"])
        .env("RECORD_TEST_HOME", home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Reads what the process says until it is ready.
fn numbers(child: &mut Child) -> Vec<u64> {
    let out = std::io::BufReader::new(child.stdout.as_mut().unwrap());
    std::io::BufRead::lines(out)
        .map(Result::unwrap)
        .take_while(|line| line != "ready")
        .filter_map(|line| line.split_once("number ")?.1.trim().parse().ok())
        .collect()
}

#[test]
fn processes_never_share_a_number() {
    let home = tempfile::tempdir().unwrap();
    let mut children: Vec<Child> = (0..4).map(|_| spawn(home.path())).collect();
    let all: Vec<u64> = children.iter_mut().flat_map(numbers).collect();
    assert_eq!(all.iter().copied().collect::<BTreeSet<_>>(), (1..=20).collect());
    assert_eq!(all.len(), 20);
    for mut child in children {
        drop(child.stdin.take());
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn a_killed_run_is_interrupted() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path());
    let mut child = spawn(home.path());
    let last = numbers(&mut child).pop().unwrap();
    // Those before were dropped without an end; the last one is held.
    assert_eq!(store.find("last").unwrap().state, RunState::Running);
    assert_eq!(store.find("-2").unwrap().state, RunState::Interrupted);
    child.kill().unwrap();
    child.wait().unwrap();
    let run = store.find(&last.to_string()).unwrap();
    assert_eq!(run.state, RunState::Interrupted);
    assert_eq!(run.events().unwrap().count(), 1, "what was told before the kill is there");
}

#[test]
fn a_torn_last_line_is_left_out() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path());
    let record = store.create(&RunMeta::default()).unwrap();
    for number in 1..=3 {
        let envelope = record.append(notice("x")).unwrap();
        assert_eq!(envelope.seq, number);
    }
    let events = record.dir.join("events.jsonl");
    let mut file = fs::File::options().append(true).open(events).unwrap();
    file.write_all(b"{\"seq\":4,\"at\":1,\"type\":\"noti").unwrap();
    let seen: Vec<u64> = store.find("1").unwrap().events().unwrap().map(|one| one.seq).collect();
    assert_eq!(seen, [1, 2, 3]);
}

#[test]
fn the_result_is_kept() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path());
    let meta = RunMeta {
        event_name: "push".to_owned(),
        arguments: serde_json::json!({"event": "push"}),
        ..RunMeta::default()
    };
    let record = store.create(&meta).unwrap();
    assert_eq!(store.find("last").unwrap().state, RunState::Running);
    record
        .append(Event::JobFinished(JobFinished {
            leg: LegId(0),
            conclusion: Conclusion::Failure,
            reason: None,
            outputs: Default::default(),
            first_error: None,
            environment_url: None,
        }))
        .unwrap();
    record.append(finished(Conclusion::Failure)).unwrap();
    drop(record);
    let run = store.find("-1").unwrap();
    let RunState::Finished(result) = &run.state else { panic!("{:?}", run.state) };
    assert_eq!((result.conclusion, result.jobs, result.failed_jobs), (Conclusion::Failure, 1, 1));
    assert!(result.bytes > 0);
    assert_eq!(run.meta.arguments, meta.arguments);
    assert!(run.meta.started_at > 0);
    assert_eq!(run.events().unwrap().count(), 2);
}

#[test]
fn runs_are_found_by_number_and_from_the_end() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path());
    assert!(matches!(store.find("last"), Err(RecordError::Empty)));
    for _ in 0..3 {
        store.create(&RunMeta::default()).unwrap();
    }
    for (wanted, number) in [("1", Some(1)), ("#2", Some(2)), ("last", Some(3)), ("-1", Some(3)), ("-3", Some(1))] {
        assert_eq!(store.find(wanted).ok().map(|run| run.number.0), number, "{wanted}");
    }
    for (wanted, message) in [
        ("4", "there is no run 4 of this repository"),
        ("-4", "there is no run -4 of this repository"),
        ("-0", "there is no run -0 of this repository"),
        ("x", "'x' is not a run: write its number, 'last', or '-1' for the last one, '-2' for the one before"),
    ] {
        assert_eq!(store.find(wanted).unwrap_err().to_string(), message);
    }
    let listed: Vec<u64> = store.list(2).unwrap().iter().map(|run| run.number.0).collect();
    assert_eq!(listed, [3, 2]);
}

#[test]
fn the_oldest_go_first_and_running_ones_never() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path());
    let held = store.create(&RunMeta::default()).unwrap();
    for _ in 0..4 {
        let record = store.create(&RunMeta::default()).unwrap();
        fs::write(record.dir.join("artifacts/big"), vec![0; 10_000]).unwrap();
        record.append(finished(Conclusion::Success)).unwrap();
    }
    let kept = |store: &RecordStore| -> Vec<u64> { store.numbers().unwrap() };
    retention::prune(&store, retention::Limits { runs: 3, bytes: u64::MAX });
    assert_eq!(kept(&store), [1, 3, 4, 5]);
    retention::prune(&store, retention::Limits { runs: 100, bytes: 25_000 });
    assert_eq!(kept(&store), [1, 4, 5]);
    retention::prune(&store, retention::Limits { runs: 1, bytes: 1 });
    assert_eq!(kept(&store), [1, 5], "the newest and what runs stay whatever they take");
    drop(held);
    retention::prune(&store, retention::Limits { runs: 1, bytes: u64::MAX });
    assert_eq!(kept(&store), [5]);
}

/// Not a bound that a test could hold on a busy machine: run it by hand and read.
#[test]
#[ignore = "prints a figure"]
fn what_an_event_costs() {
    let home = tempfile::tempdir().unwrap();
    let record = store(home.path()).create(&RunMeta::default()).unwrap();
    let began = Instant::now();
    for _ in 0..10_000 {
        record.append(notice("a message of some length, as they are")).unwrap();
    }
    println!("{:?} an event", began.elapsed() / 10_000);
}
