//! The line that says why a step failed, for the closing table: found in what the step printed.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

use super::shared::Job;
use crate::result::{AnnotationLevel, StepState};

/// How much of the end of a step's log is looked at.
const TAIL: u64 = 64 * 1024;
/// Words that mark a line as the reason. In lower case.
const MARKS: &[&str] =
    &["error", "fail", "fatal", "panicked", "exception", "not found", "no such", "denied", "cannot", "unable"];

/// An error annotation when there is one, else the first line near the end that reads like an error, else the last
/// line. `from` is where the step's text begins in the job's log. `None` when the step printed nothing.
pub(crate) fn find(job: &Job, state: &StepState, from: u64) -> Option<String> {
    if let Some(error) = state.annotations.iter().find(|one| one.level == AnnotationLevel::Error) {
        return Some(error.message.clone());
    }
    let text = tail(job, from)?;
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty() && !is_own(line));
    let reads_like_one = |line: &&str| {
        let line = line.to_lowercase();
        MARKS.iter().any(|mark| line.contains(mark))
    };
    lines().find(reads_like_one).or_else(|| lines().last()).map(str::to_owned)
}

/// Groups, headings and what Trunkline itself said.
fn is_own(line: &str) -> bool {
    line.starts_with("##[") || line.starts_with('\u{1b}') || line.starts_with("shell: ")
}

fn tail(job: &Job, from: u64) -> Option<String> {
    let mut file = File::open(job.log.path()).ok()?;
    let end = file.metadata().ok()?.len();
    let start = from.max(end.saturating_sub(TAIL));
    file.seek(SeekFrom::Start(start)).ok()?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    // What comes before the step's own output: its header.
    Some(match text.find("##[endgroup]\n") {
        Some(at) if start == from => text[at..].to_owned(),
        _ => text,
    })
}
