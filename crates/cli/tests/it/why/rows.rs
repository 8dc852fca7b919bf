//! The gates of a workflow, row by row, each with a real repository and diff.

mod before;
mod filters;

use super::{explain, repository, workflow};

/// One row of the reference: what happened in the repository, what is asked, what is answered.
struct Row {
    name: &'static str,
    on: &'static str,
    /// Bash, in the repository, after the first commit on `main`.
    script: &'static str,
    args: &'static str,
    runs: &'static str,
    gate: &'static str,
    /// Part of the reason, or of a note when it begins with `note:`.
    says: &'static str,
}

const fn row(
    name: &'static str,
    on: &'static str,
    script: &'static str,
    args: &'static str,
    answer: (&'static str, &'static str, &'static str),
) -> Row {
    Row { name, on, script, args, runs: answer.0, gate: answer.1, says: answer.2 }
}

fn check(rows: &[Row]) {
    for row in rows {
        let repository = repository(row.on);
        let other = workflow("[issues, pull_request_target]").replace('\'', "'\\''");
        let script = format!("OTHER='{other}'\n{}", row.script);
        repository.script(&script).unwrap_or_else(|error| panic!("{}: {error}", row.name));
        let args: Vec<&str> = row.args.split_whitespace().collect();
        let answer = explain(&repository, &args);
        let workflows = answer["workflows"].as_array().expect("workflows");
        let one = workflows.iter().find(|one| one["path"].as_str().is_some_and(|path| path.ends_with("w.yml")));
        let one = one.unwrap_or_else(|| panic!("{}: no such workflow in {answer:#}", row.name));
        let got = (one["runs"].as_str().unwrap_or_default(), one["gate"].as_str().unwrap_or_default());
        assert_eq!(got, (row.runs, row.gate), "{}: {one:#}", row.name);
        let said = match row.says.strip_prefix("note: ") {
            Some(note) => one["notes"].to_string().contains(note),
            None => one["reason"].as_str().unwrap_or_default().contains(row.says),
        };
        assert!(said, "{}: `{}` is not said in {one:#}", row.name, row.says);
        let stopped = one["gates"].as_array().expect("gates").iter().find(|gate| gate["state"] == "stopped");
        let expected = if matches!(row.runs, "no" | "awaits_approval") { Some(row.gate) } else { None };
        assert_eq!(stopped.and_then(|gate| gate["code"].as_str()), expected, "{}: the gate that stopped it", row.name);
    }
}

const YES: (&str, &str, &str) = ("yes", "trigger/event", "");
const PUSH_PATHS: &str = "{push: {paths: ['src/**']}}";
