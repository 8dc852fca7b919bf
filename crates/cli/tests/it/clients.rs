//! GitHub's own npm packages, unmodified, in a JavaScript action of the repository.

use std::path::PathBuf;

use api::{AnnotationLevel, Conclusion};
use testkit::{Observed, TestRepository, skip};

use crate::places;

/// Why the packages cannot be used here, if they cannot.
fn missing() -> Option<String> {
    if !places::on_path("node") {
        return Some("node is not on PATH".to_owned());
    }
    if ["/tmp", "/var/tmp"].iter().any(|covered| packages().starts_with(covered)) {
        return Some(
            "this clone lies in a directory that jobs see empty, so they cannot see its node_modules".to_owned(),
        );
    }
    (!packages().join("@actions/tool-cache").is_dir()).then(|| "tests/node has no node_modules (npm ci)".to_owned())
}

fn sources() -> PathBuf {
    places::root().join("crates/cli/tests/clients")
}

fn packages() -> PathBuf {
    places::root().join("tests/node/node_modules")
}

/// The packages lie beside the action as they would in a repository, by a link. `self_reference`: the workflow does without a
/// checkout.
fn repository(workflow: &str, self_reference: bool) -> TestRepository {
    let mut text = std::fs::read_to_string(sources().join(workflow)).expect("a workflow");
    if self_reference {
        text = text.replace("uses: ./act", "uses: $/act").replace("      - uses: actions/checkout@v4\n", "");
    }
    let repository = TestRepository::from_files(&[(".github/workflows/ci.yml", &text)]).expect("a repository");
    for entry in std::fs::read_dir(sources().join("act")).expect("an action") {
        let entry = entry.expect("an entry");
        let content = std::fs::read_to_string(entry.path()).expect("text");
        let path = format!("act/{}", entry.file_name().to_string_lossy());
        repository.write(&path, &content).expect("written");
    }
    let packages = packages().canonicalize().expect("installed");
    std::os::unix::fs::symlink(packages, repository.path().join("act/node_modules")).expect("a link");
    repository.commit_all("the action").expect("a commit");
    repository
}

fn run(repository: &TestRepository, arguments: &[&str]) -> Observed {
    let arguments: Vec<String> =
        ["run", "push", "--offline", "--json"].iter().chain(arguments).map(|word| (*word).to_owned()).collect();
    let finished = places::binary().run(repository, &arguments, &[], None).expect("it runs");
    let observed = Observed::read(&finished.stdout);
    assert_eq!(finished.code, Some(0), "{}\n{}", finished.stderr, observed.log.join("\n"));
    observed
}

fn output<'a>(observed: &'a Observed, job: &str, name: &str) -> &'a str {
    let outputs = &observed.jobs_named(job)[0].outputs;
    outputs.get(name).map_or("", String::as_str)
}

fn said(observed: &Observed, job: &str, line: &str) -> bool {
    observed.jobs_named(job)[0].log.iter().any(|logged| logged == line)
}

/// A Python with a library that checks tokens.
fn python() -> Option<PathBuf> {
    let python = places::tools().join("venv/bin/python");
    let found = std::process::Command::new(&python).args(["-c", "import jwt, cryptography"]).output();
    found.is_ok_and(|output| output.status.success()).then_some(python)
}

fn round_trips(name: &str, arguments: &[&str]) {
    if let Some(reason) = missing() {
        return skip(name, &reason);
    }
    let repository = repository("clients.yml", arguments.contains(&"never"));
    let python = python();
    let variable = match &python {
        Some(path) => format!("PYTHON={}", path.display()),
        None => {
            skip(&format!("{name}: verification"), "target/test-tools/venv has no PyJWT with cryptography");
            "PYTHON=".to_owned()
        }
    };
    let verify = sources().join("verify.py").canonicalize().expect("a script");
    let verify = format!("VERIFY={}", verify.display());
    let round = |round: &str| {
        let round = format!("ROUND={round}");
        let given = ["--var", &variable, "--var", &verify, "--var", &round];
        run(&repository, &[arguments, &given].concat())
    };
    let first = round("first");
    assert_eq!(output(&first, "cache", "before"), "none");
    core(&first);
    // Only what is there from the start has a pre stage.
    let pre = said(&first, "core", "pre of an action");
    assert_eq!(pre, arguments.contains(&"never"));
    assert_eq!(output(&first, "download", "names"), "from a client");
    assert!(said(&first, "process", "the same hash"));
    assert_eq!(output(&first, "process", "known"), "0");
    if python.is_some() {
        assert!(said(&first, "identity", "verified the identity of push"), "{:?}", first.log);
    }
    let token = &first.jobs_named("identity")[0].log;
    assert!(token.iter().any(|line| line == "the token is ***"), "{token:?}");

    let second = round("second");
    assert_eq!(output(&second, "cache", "before"), "deps-first");
    assert_eq!(output(&second, "cache", "content"), "of first");
    // The tool cache stays.
    assert_eq!(output(&second, "process", "known"), "2");
}

fn core(observed: &Observed) {
    let job = observed.jobs_named("core")[0];
    assert_eq!(output(observed, "core", "greeting"), "hello\nthere");
    assert_eq!(output(observed, "core", "object"), "1");
    let log = job.log.join("\n");
    assert!(log.contains("[first\nsecond = << x]"), "{log}");
    for line in [
        "a program of the action",
        "the word is ***, also as ***",
        "*** again",
        "##[group]a group",
        "##[group]another",
        "it was forgiven",
        "post of core: state \"kept\\nas it is\"",
        "post of fail: state \"before it failed\"",
    ] {
        assert!(job.log.iter().any(|logged| logged == line), "no `{line}` in\n{log}");
    }
    for text in ["very-secret-word", "not shown"] {
        assert!(!log.contains(text), "`{text}` in\n{log}");
    }
    let posts: Vec<&str> = job.log.iter().filter(|line| line.starts_with("post of ")).map(String::as_str).collect();
    assert!(posts[0].starts_with("post of fail"), "{posts:?}");
    let annotation = |message: &str| {
        let found = observed.annotations.iter().find(|annotation| annotation.message.starts_with(message));
        found.unwrap_or_else(|| panic!("no annotation `{message}` in {:?}", observed.annotations))
    };
    let noted = annotation("noted");
    assert_eq!((noted.level, noted.title.as_deref()), (AnnotationLevel::Notice, Some("A title")));
    assert_eq!((noted.file.as_deref(), noted.line, noted.end_line), (Some("README.md"), Some(2), Some(3)));
    assert_eq!(annotation("careful").message, "careful: 100%, a:b\nand more");
    assert_eq!(annotation("Error: wrong").level, AnnotationLevel::Error);
    assert_eq!(annotation("on purpose").level, AnnotationLevel::Error);
    assert!(observed.summaries.iter().any(|summary| summary.contains("<h1>From a client</h1>")));
    assert_eq!(job.conclusion, Some(Conclusion::Success));
}

#[test]
fn in_a_sandbox() {
    round_trips("clients::in_a_sandbox", &[]);
}

#[test]
fn without_native_actions() {
    round_trips("clients::without_native_actions", &["--native", "never"]);
}

#[test]
fn on_the_host() {
    round_trips("clients::on_the_host", &["-P", "ubuntu-latest=host"]);
}

fn mixed(name: &str, arguments: &[&str]) {
    if let Some(reason) = missing() {
        return skip(name, &reason);
    }
    let repository = repository("mixed.yml", false);
    let first = run(&repository, arguments);
    assert_eq!(output(&first, "client", "names"), "native");
    assert!(said(&first, "client", "of the native action"));
    assert!(said(&first, "client", "cached by the native action"));
    assert!(said(&first, "back", "small"));
    assert_eq!(output(&first, "native", "before"), "");
    let second = run(&repository, arguments);
    assert!(output(&second, "native", "before").starts_with("client-"));
    assert!(said(&second, "native", "cached by a client"));
}

#[test]
fn native_and_npm_hand_each_other_artifacts_and_caches() {
    mixed("clients::native_and_npm_hand_each_other_artifacts_and_caches", &[]);
}

#[test]
fn native_and_npm_on_the_host() {
    mixed("clients::native_and_npm_on_the_host", &["-P", "ubuntu-latest=host"]);
}
