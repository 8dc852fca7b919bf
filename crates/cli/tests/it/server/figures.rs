//! What the server says of itself: `/metrics`; and what it says to those who watch a job.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use testkit::TestRepository;

use super::instance::{Instance, RunnerProcess, until};

/// Figures by name, as Prometheus' text format 0.0.4 has them; whatever else it is fails the test.
fn figures(text: &str) -> BTreeMap<String, f64> {
    let fine = |name: &str| {
        let first = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_' || first == ':');
        first && name.chars().all(|one| one.is_ascii_alphanumeric() || one == '_' || one == ':')
    };
    assert!(text.ends_with('\n'), "the last line ends, too");
    let (mut figures, mut helped, mut typed) = (BTreeMap::new(), Vec::new(), Vec::new());
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, sentence) = help.split_once(' ').expect("a name and a sentence");
            assert!(fine(name) && !sentence.is_empty() && !helped.contains(&name), "{line}");
            helped.push(name);
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect("a name and a type");
            assert!(helped.last() == Some(&name) && !typed.contains(&name), "{line}");
            assert!(matches!(kind, "gauge" | "counter"), "{line}");
            typed.push(name);
        } else {
            let (name, value) = line.split_once(' ').expect("a name and a value");
            assert!(fine(name) && typed.last() == Some(&name), "{line}");
            let value = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
            assert!(figures.insert(name.to_owned(), value).is_none(), "twice: {line}");
        }
    }
    figures
}

#[test]
fn figures_are_those_of_the_server() {
    let server = Instance::start(&["--runners", "0"]);
    let key = server.bearer("ann");
    let read = || {
        let answer = server.knock("GET", "/metrics", Some(&key), "");
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(answer.head.to_lowercase().contains("content-type: text/plain; version=0.0.4"), "{}", answer.head);
        figures(&answer.body)
    };
    let before = read();
    for (name, expected) in [
        ("trunkline_database_up", 1.0),
        ("trunkline_jobs_queued", 0.0),
        ("trunkline_jobs_running", 0.0),
        ("trunkline_runners_online", 0.0),
        ("trunkline_logs", 0.0),
        ("trunkline_artifact_bytes", 0.0),
    ] {
        assert_eq!(before.get(name), Some(&expected), "{name}");
    }
    let resident = before["process_resident_memory_bytes"];
    assert!((1e6..1e10).contains(&resident), "{resident}");
    let workflow = "on: push\njobs:\n  a: { runs-on: ubuntu-latest, steps: [{ run: echo hello }] }\n  b: { runs-on: mars, steps: [{ run: 'true' }] }\n";
    server.push(&TestRepository::from_files(&[(".github/workflows/ci.yml", workflow)]).expect("a repository"), "main");
    until("both jobs are queued", || read()["trunkline_jobs_queued"] == 2.0);
    let _runner = RunnerProcess::start(&server, &["--offline"]);
    until("one is done, nobody is on mars", || {
        let now = read();
        (now["trunkline_jobs_queued"], now["trunkline_jobs_running"], now["trunkline_logs"]) == (1.0, 0.0, 1.0)
    });
    assert_eq!(read()["trunkline_runners_online"], 1.0);
}

/// A thousand lines, then it waits to be told.
const WATCHED: &str = "
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: |
          for n in $(seq 1000); do echo \"line $n\"; done
          until [ -e \"$RUNNER_TOOL_CACHE/go-on\" ]; do sleep 0.01; done
          for n in $(seq 1001 2000); do echo \"line $n\"; done
";

/// Somebody who watches a job: its events, as they come.
struct Watcher(BufReader<TcpStream>);

impl Watcher {
    fn open(server: &Instance, session: &str, head: &str) -> Self {
        let mut stream = TcpStream::connect(server.url().trim_start_matches("http://")).expect("the server");
        stream.set_read_timeout(Some(std::time::Duration::from_secs(120))).expect("a socket");
        let request = format!(
            "GET /ann/app/runs/1/jobs/1/lines HTTP/1.0\r\nCookie: {session}\r\n{head}Connection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).expect("a request");
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).expect("an answer");
        assert!(line.contains(" 200 "), "{line}");
        while !line.trim().is_empty() {
            line.clear();
            reader.read_line(&mut line).expect("a header");
        }
        Self(reader)
    }

    /// Numbers of lines of the log in what comes until `end`, and the last id.
    fn read_until(&mut self, end: impl Fn(&str, &[u64]) -> bool) -> (Vec<u64>, String) {
        let (mut numbers, mut id, mut line) = (Vec::new(), String::new(), String::new());
        loop {
            line.clear();
            assert!(self.0.read_line(&mut line).expect("a line") > 0, "it ended after {} lines", numbers.len());
            if let Some(found) = line.strip_prefix("id: ") {
                id = found.trim().to_owned();
            }
            numbers.extend(numbers_in(&line));
            // Between two messages, as where a connection breaks that is noticed.
            if line.trim().is_empty() && end(&id, &numbers) || line.starts_with("event: done") {
                return (numbers, id);
            }
        }
    }
}

fn numbers_in(text: &str) -> Vec<u64> {
    let told = text.split("line ").skip(1);
    told.filter_map(|rest| rest.split(['\\', '"']).next()?.parse().ok()).collect()
}

#[test]
fn who_watches_a_job_gets_every_line_once_packed_or_not_and_across_a_broken_connection() {
    let server = Instance::start(&["--runners", "0"]);
    let (session, key) = (server.session(), server.bearer("ann"));
    let runner = RunnerProcess::start(&server, &["--offline"]);
    server.push(&TestRepository::from_files(&[(".github/workflows/ci.yml", WATCHED)]).expect("a repository"), "main");
    until("the job has begun", || {
        server.knock("GET", "/metrics", Some(&key), "").body.contains("\ntrunkline_jobs_running 1\n")
    });
    let all: Vec<u64> = (1..=2000).collect();
    let mut first = Watcher::open(&server, &session, "");
    let (mut numbers, id) = first.read_until(|_, numbers| !numbers.is_empty());
    drop(first);
    let packed = {
        let (address, session) = (server.url(), session.clone());
        let mut stream = TcpStream::connect(address.trim_start_matches("http://")).expect("the server");
        let request =
            format!("GET /ann/app/runs/1/jobs/1/lines HTTP/1.0\r\nCookie: {session}\r\nAccept-Encoding: gzip\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("a request");
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).expect("an answer");
            let head = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
            let mut text = String::new();
            flate2::read::GzDecoder::new(&bytes[head..]).read_to_string(&mut text).expect("whole gzip");
            assert!(String::from_utf8_lossy(&bytes[..head]).to_lowercase().contains("content-encoding: gzip"));
            text
        })
    };
    std::fs::create_dir_all(runner.tools()).expect("the tools");
    std::fs::write(runner.tools().join("go-on"), "").expect("a file");
    let mut second = Watcher::open(&server, &session, &format!("Last-Event-ID: {id}\r\n"));
    numbers.extend(second.read_until(|_, _| false).0);
    assert!(numbers == all, "the second goes on where the first was: {} lines", numbers.len());
    let text = packed.join().expect("a reader");
    assert!(numbers_in(&text) == all, "{} lines of {}", numbers_in(&text).len(), all.len());
    assert!(text.contains("event: step") && text.contains("event: done"), "{text}");
    // Who comes when all is over gets the same.
    let mut late = Watcher::open(&server, &session, "");
    assert!(late.read_until(|_, _| false).0 == all, "who comes late");
}

#[test]
fn what_a_job_pushes_to_ghcr_lands_in_the_servers_registry() {
    const PUSHES: &str = "
on: push
permissions: { contents: read, packages: write }
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: |
          printf 'FROM scratch\\nCOPY hello /hello\\n' > Dockerfile
          echo hello > hello
          docker build --quiet -t ghcr.io/ann/app/tool:1 .
          docker push ghcr.io/ann/app/tool:1
          docker rmi ghcr.io/ann/app/tool:1
          docker pull ghcr.io/ann/app/tool:1
          docker tag ghcr.io/ann/app/tool:1 ghcr.io/ann/other:1
          if docker push ghcr.io/ann/other:1; then exit 1; fi
";
    let server = Instance::start(&["--runners", "1", "--offline"]);
    let token = server.feed(&["admin", "token", "ann"], "");
    let token = token.split_whitespace().last().expect("a token");
    server.push(&TestRepository::from_files(&[(".github/workflows/ci.yml", PUSHES)]).expect("a repository"), "main");
    let page = server.completed_run("ann/app", 1);
    assert!(page.contains("sign success"), "{}", server.log("ann/app", 1, 1));
    let answer = server.get_with("/v2/ann/app/tool/manifests/1", token);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.contains("\"layers\""), "{}", answer.body);
}

#[test]
fn a_run_that_is_started_again_with_debug_logging_tells_more() {
    const TELLS: &str = "
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: echo \"debug is '${{ runner.debug }}' and '$RUNNER_DEBUG'\"
      - run: echo '::debug::told only then'
";
    let server = Instance::start(&["--runners", "1", "--offline"]);
    let token = server.feed(&["admin", "token", "ann"], "");
    server.push(&TestRepository::from_files(&[(".github/workflows/ci.yml", TELLS)]).expect("a repository"), "main");
    server.completed_run("ann/app", 1);
    let log = server.log("ann/app", 1, 1);
    assert!(log.contains("debug is '' and ''") && !log.contains("##[debug]"), "{log}");
    let path = "/api/v3/repos/ann/app/actions/runs/1/rerun";
    let answer =
        server.post_json(path, r#"{"enable_debug_logging":true}"#, token.split_whitespace().last().expect("a token"));
    assert_eq!(answer.status, 201, "{}", answer.body);
    server.completed_run("ann/app", 1);
    let log = server.log("ann/app", 1, 2);
    assert!(log.contains("debug is '1' and '1'") && log.contains("##[debug]told only then"), "{log}");
}
