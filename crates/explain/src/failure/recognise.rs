use serde::Serialize;

use super::entry::{Entry, Scope};
use super::library::Library;
use crate::text::without_colours;

/// Lines longer than this are no message of a tool.
const MAX_LINE: usize = 4096;

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
}

impl Library {
    /// What is recognised in the step, in the order of the lines that show it; each entry once, by its first line.
    #[must_use]
    pub fn recognise(&self, step: &FailedStep<'_>) -> Vec<Recognised> {
        let mut found: Vec<Option<Recognised>> =
            self.known().iter().map(|known| by_reason(known.entry, step)).collect();
        for (index, line) in step.log.lines().enumerate() {
            let line = plain(line);
            if line.len() > MAX_LINE {
                continue;
            }
            for at in self.hinted(&line) {
                let (known, slot) = (&self.known()[at], &mut found[at]);
                if slot.is_none() && known.entry.scope.holds(step.exit, step.reason) {
                    let captures = known.regexes().iter().find_map(|regex| regex.captures(&line));
                    *slot = captures.map(|captures| {
                        let fill = |text: &str| filled(text, &captures);
                        Recognised {
                            cause: fill(known.entry.cause),
                            remedy: known.entry.remedy.iter().map(|text| fill(text)).collect(),
                            line: Some(index + 1),
                            text: Some(line.trim().to_owned()),
                            ..bare(known.entry)
                        }
                    });
                }
            }
        }
        let mut found: Vec<Recognised> = found.into_iter().flatten().collect();
        let ids: Vec<&str> = found.iter().map(|one| one.id).collect();
        let better =
            |id: &str| self.entry(id).is_some_and(|entry| entry.gives_way_to.iter().any(|other| ids.contains(other)));
        found.retain(|one| !better(one.id));
        found.sort_by_key(|one| one.line);
        found
    }
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
