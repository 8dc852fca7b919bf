use std::sync::LazyLock;

use regex::Regex;
use serde::Serialize;

use super::entry::{Entry, Scope};
use super::library::Library;
use crate::text::without_colours;

/// Lines longer than this are no message of a tool.
const MAX_LINE: usize = 4096;

/// So many lines before the end of a log, what is recognised may have been got over: a step ends where it fails.
const NEAR_THE_END: usize = 60;

/// How test runners name tests, and tell that they passed: the names speak of failures that are handled.
static PASSED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let starts =
        r"^\s*(?:✓|✔|√|✅|ok\b|PASS\b|--- PASS:|\[\s*(?:OK|PASSED)\s*\]|# SKIP|# Subtest:|=== (?:RUN|CONT|PAUSE)\b)";
    let ends = r"(?:\.\.\. ok|\bPASSED(?:\s+\[\s*\d+%\])?|\.\.\. passed)$";
    Regex::new(&format!("{starts}|{ends}")).ok()
});

/// A step that failed, and what it printed.
#[derive(Clone, Copy, Debug)]
pub struct FailedStep<'a> {
    /// Masked, as it was recorded; colours may be in it.
    pub log: &'a str,
    /// Exit code of its process, when it had one.
    pub exit: Option<i32>,
    /// Code of the runner's reason: `exit`, `timeout`, `oom`, …
    pub reason: Option<&'a str>,
}

/// A failure that the library knows, found in a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Recognised {
    pub id: &'static str,
    pub title: &'static str,
    pub cause: String,
    pub remedy: Vec<String>,
    /// The line in the step's log, from 1; none where the step's reason alone was enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// It stands far from the log's end, or before the line that reads like the error: the step may have got over it.
    pub perhaps: bool,
}

/// How many lines of a step's log are its heading, which repeats the script.
pub(crate) fn heading(lines: &[&str]) -> usize {
    if !lines.first().is_some_and(|line| line.starts_with("##[group]Run ")) {
        return 0;
    }
    lines.iter().position(|line| line.starts_with("##[endgroup]")).map_or(0, |end| end + 1)
}

impl Library {
    /// What is recognised in what the step printed, in the order of the lines that show it; each entry once, by the last
    /// run of lines that do. What the step may have got over comes last.
    #[must_use]
    pub fn recognise(&self, step: &FailedStep<'_>) -> Vec<Recognised> {
        let mut found: Vec<Option<Recognised>> =
            self.known().iter().map(|known| by_reason(known.entry, step)).collect();
        let lines: Vec<&str> = step.log.lines().collect();
        for (index, line) in lines.iter().enumerate().skip(heading(&lines)) {
            let line = plain(line);
            if line.len() > MAX_LINE || has_passed(&line) {
                continue;
            }
            for at in self.hinted(&line) {
                let (known, slot) = (&self.known()[at], &mut found[at]);
                // A tool that says it in several lines is quoted with the first of them.
                let goes_on = slot.as_ref().and_then(|found| found.line).is_some_and(|at| index < at + SAME);
                if !goes_on && known.entry.scope.holds(step.exit, step.reason) {
                    let captures = known.regexes().iter().find_map(|regex| regex.captures(&line));
                    let again = captures.map(|captures| {
                        let fill = |text: &str| filled(text, &captures);
                        Recognised {
                            cause: fill(known.entry.cause),
                            remedy: known.entry.remedy.iter().map(|text| fill(text)).collect(),
                            line: Some(index + 1),
                            text: Some(line.trim().to_owned()),
                            perhaps: index + NEAR_THE_END < lines.len(),
                            ..bare(known.entry)
                        }
                    });
                    if again.is_some() {
                        *slot = again;
                    }
                }
            }
        }
        let mut found: Vec<Recognised> = found.into_iter().flatten().collect();
        let ids: Vec<&str> = found.iter().map(|one| one.id).collect();
        let better =
            |id: &str| self.entry(id).is_some_and(|entry| entry.gives_way_to.iter().any(|other| ids.contains(other)));
        found.retain(|one| !better(one.id));
        found.sort_by_key(|one| (one.perhaps, one.line));
        found
    }
}

/// Lines that belong to one message.
const SAME: usize = 20;

fn has_passed(line: &str) -> bool {
    PASSED.as_ref().is_some_and(|passed| passed.is_match(line))
}

/// An entry without patterns is recognised by the reason that the runner gave.
fn by_reason(entry: &'static Entry, step: &FailedStep<'_>) -> Option<Recognised> {
    let alone = entry.patterns.is_empty() && matches!(entry.scope, Scope::Reason(_) | Scope::Exit(_));
    (alone && entry.scope.holds(step.exit, step.reason)).then(|| bare(entry))
}

fn bare(entry: &'static Entry) -> Recognised {
    Recognised {
        id: entry.id,
        title: entry.title,
        cause: entry.cause.to_owned(),
        remedy: entry.remedy.iter().map(|text| (*text).to_owned()).collect(),
        line: None,
        text: None,
        perhaps: false,
    }
}

/// Puts named groups into `{name}`; what a group did not match is left empty.
fn filled(text: &str, captures: &regex::Captures<'_>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        match after.split_once('}') {
            Some((name, tail)) if is_name(name) => {
                out.push_str(captures.name(name).map_or("", |group| group.as_str()));
                rest = tail;
            }
            // `${{ }}` and JSON in a remedy stand for themselves.
            _ => {
                out.push('{');
                rest = after;
            }
        }
    }
    out + rest
}

pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Without colours, and without the mark of an error line.
fn plain(line: &str) -> String {
    without_colours(line.strip_prefix("##[error]").unwrap_or(line)).trim_end().to_owned()
}
