//! The library of failures against logs of the real tools: each entry recognises its own, and none of the others'.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use explain::failure::{FailedStep, Library};

struct Fixture {
    made_by: Option<String>,
    /// What is rightly recognised in it, for logs that are no entry's own.
    finds: Option<String>,
    exit: Option<i32>,
    reason: Option<String>,
    log: String,
}

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// The logs of a directory by their names.
fn fixtures(of: &str) -> BTreeMap<String, Fixture> {
    let mut all = BTreeMap::new();
    for file in std::fs::read_dir(directory(of)).expect("the directory of logs") {
        let path = file.expect("a log").path();
        let text = String::from_utf8_lossy(&std::fs::read(&path).expect("a log")).into_owned();
        let mut fixture = Fixture { made_by: None, finds: None, exit: None, reason: None, log: String::new() };
        for line in text.lines() {
            match line.strip_prefix("#! ").and_then(|line| line.split_once(": ")) {
                Some(("made by", how)) => fixture.made_by = Some(how.to_owned()),
                Some(("finds", id)) => fixture.finds = Some(id.to_owned()),
                Some(("exit", code)) => fixture.exit = Some(code.parse().expect("an exit code")),
                Some(("reason", code)) => fixture.reason = Some(code.to_owned()),
                Some((other, _)) => panic!("{}: a header `{other}`", path.display()),
                None => {
                    fixture.log.push_str(line);
                    fixture.log.push('\n');
                }
            }
        }
        let id = path.file_stem().expect("a name").to_string_lossy().into_owned();
        all.insert(id, fixture);
    }
    all
}

fn recognised(fixture: &Fixture) -> Vec<explain::failure::Recognised> {
    let reason = fixture.reason.as_deref().or(fixture.exit.map(|_| "exit"));
    Library::built_in().recognise(&FailedStep { log: &fixture.log, exit: fixture.exit, reason })
}

#[test]
fn each_entry_recognises_its_own_log_and_no_other() {
    let fixtures = fixtures("logs");
    let entries: BTreeSet<&str> = Library::built_in().entries().map(|entry| entry.id).collect();
    let logs: BTreeSet<&str> = fixtures.keys().map(String::as_str).collect();
    assert_eq!(entries, logs, "every entry has a log, every log an entry");
    let mut wrong = Vec::new();
    for (id, fixture) in &fixtures {
        assert!(fixture.made_by.is_some(), "{id}: the log does not say how it was made");
        let found: Vec<&str> = recognised(fixture).iter().map(|one| one.id).collect();
        if found != [id.as_str()] {
            wrong.push(format!("{id}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "recognised in the log of\n{}", wrong.join("\n"));
}

/// Logs of failures that no entry is about: names of tests speak of everything, and what was tried again is no cause.
#[test]
fn noise_is_not_taken_for_a_cause() {
    for (name, fixture) in fixtures("noise") {
        assert!(fixture.made_by.is_some(), "{name}: the log does not say how it was made");
        let sure: Vec<&str> = recognised(&fixture).iter().filter(|one| !one.perhaps).map(|one| one.id).collect();
        let expected: Vec<&str> = fixture.finds.as_deref().into_iter().collect();
        assert_eq!(sure, expected, "{name}");
    }
}

#[test]
fn the_heading_of_a_step_is_its_script_and_no_output() {
    let heading = "##[group]Run df || { echo \"No space left on device\"; exit 3; }\nshell: bash\n##[endgroup]\n";
    let library = Library::built_in();
    let quiet = format!("{heading}expected 1 to equal 2\n");
    assert!(library.recognise(&FailedStep { log: &quiet, exit: Some(1), reason: Some("exit") }).is_empty());
    let told = format!("{heading}cat: write error: No space left on device\n");
    let found = library.recognise(&FailedStep { log: &told, exit: Some(1), reason: Some("exit") });
    assert_eq!(found.iter().map(|one| (one.id, one.line)).collect::<Vec<_>>(), [("disk-full", Some(4))]);
}

#[test]
fn the_last_of_several_tries_is_quoted() {
    let refused =
        |port: u16| format!("curl: (7) Failed to connect to db port {port} after 0 ms: Could not connect to server\n");
    let log = format!("{}{}{}", refused(1), "waiting\n".repeat(100), refused(2));
    let found = Library::built_in().recognise(&FailedStep { log: &log, exit: Some(7), reason: Some("exit") });
    let lines: Vec<_> = found.iter().map(|one| (one.line, one.perhaps)).collect();
    assert_eq!(lines, [(Some(102), false)], "{found:?}");
}

#[test]
fn entries_are_well_formed() {
    let mut seen = BTreeSet::new();
    for entry in Library::built_in().entries() {
        let id = entry.id;
        assert!(seen.insert(id), "{id} stands twice");
        assert!(id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'), "{id}");
        assert!(!entry.remedy.is_empty(), "{id} says nothing to do");
        assert_eq!(entry.hints.is_empty(), entry.patterns.is_empty(), "{id}: hints and patterns go together");
        for other in entry.gives_way_to {
            assert!(Library::built_in().entry(other).is_some(), "{id} gives way to `{other}`, which is nowhere");
        }
        for pattern in entry.patterns {
            let regex = regex::Regex::new(pattern).unwrap_or_else(|error| panic!("{id}: {error}"));
            let groups: BTreeSet<&str> = regex.capture_names().flatten().collect();
            for text in std::iter::once(&entry.cause).chain(entry.remedy) {
                for name in placeholders(text) {
                    assert!(groups.contains(name), "{id}: `{pattern}` has no group `{name}`");
                }
            }
        }
    }
}

/// `{name}` in a text.
fn placeholders(text: &str) -> Vec<&str> {
    text.split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name)
        .filter(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
        .collect()
}

#[test]
fn groups_fill_the_sentences_and_colours_do_not_matter() {
    let log = "Installing\n\u{1b}[31mError: Cannot find module 'left-padd'\u{1b}[0m\n";
    let found = Library::built_in().recognise(&FailedStep { log, exit: Some(1), reason: Some("exit") });
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].cause, "`left-padd` is neither a file nor a package in `node_modules`.");
    assert_eq!((found[0].line, found[0].text.as_deref()), (Some(2), Some("Error: Cannot find module 'left-padd'")));
}

#[test]
fn the_scope_counts() {
    let log = "script.sh: line 3:  4242 Killed                  ./build\n";
    let library = Library::built_in();
    let killed = library.recognise(&FailedStep { log, exit: Some(137), reason: Some("exit") });
    assert_eq!(killed.iter().map(|one| one.id).collect::<Vec<_>>(), ["process-killed"]);
    assert!(library.recognise(&FailedStep { log, exit: Some(1), reason: Some("exit") }).is_empty());
    let limit = library.recognise(&FailedStep { log, exit: Some(137), reason: Some("oom") });
    assert_eq!(limit.iter().map(|one| one.id).collect::<Vec<_>>(), ["memory-limit"]);
}
