//! The line that says why a step failed, for the closing table: found in what the step printed.

use std::path::Path;

use crate::log::LogReader;
use crate::result::{AnnotationLevel, StepState};

/// How much of the end of a step's log is looked at.
const TAIL: usize = 64 * 1024;
/// Words that mark a line as the reason. In lower case.
const MARKS: &[&str] =
    &["error", "fail", "fatal", "panicked", "exception", "not found", "no such", "denied", "cannot", "unable"];

/// An error annotation when there is one, else the first line near the end that reads like an error, else the last
/// line. `from` is where the step's text begins in the job's log. `None` when the step printed nothing.
pub(crate) fn find(log: &Path, step: u32, state: &StepState, from: u64) -> Option<String> {
    if let Some(error) = state.annotations.iter().find(|one| one.level == AnnotationLevel::Error) {
        return Some(error.message.clone());
    }
    let text = tail(log, step, from)?;
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty() && !is_own(line));
    let reads_like_one = |line: &&str| {
        let line = line.to_lowercase();
        MARKS.iter().any(|mark| line.contains(mark))
    };
    lines().find(reads_like_one).or_else(|| lines().next_back()).map(str::to_owned)
}

/// Groups, headings and what Trunkline itself said.
fn is_own(line: &str) -> bool {
    line.starts_with("##[") || line.starts_with('\u{1b}') || line.starts_with("shell: ")
}

/// The end of what the step itself printed, without its header: other steps may print at the same time.
fn tail(log: &Path, step: u32, from: u64) -> Option<String> {
    let mut reader = LogReader::open(log).ok()?;
    let mut bytes: Vec<u8> = Vec::new();
    let mut cut = false;
    while let Ok(Some(piece)) = reader.next_piece_from(from) {
        if piece.step != step {
            continue;
        }
        bytes.extend_from_slice(&piece.text);
        if bytes.len() > 2 * TAIL {
            bytes.drain(..bytes.len() - TAIL);
            cut = true;
        }
    }
    if bytes.len() > TAIL {
        bytes.drain(..bytes.len() - TAIL);
        cut = true;
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Some(match text.find("##[endgroup]\n") {
        Some(at) if !cut => text[at..].to_owned(),
        _ => text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{JobLog, StepLog};

    #[test]
    fn lines_of_other_steps_are_not_taken() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("job.log");
        let log = JobLog::create(&path).unwrap();
        let start = |step| {
            let processor = crate::command::Processor::new(
                crate::command::Options::default(),
                crate::Masker::new(),
                crate::matcher::Matchers::new(),
                crate::paths::Paths::new("/"),
            );
            StepLog::start(log.clone(), step, processor)
        };
        let other = start(1);
        other.say("earlier error");
        let own = start(2);
        own.say("##[group]Run error\n##[endgroup]\none");
        other.say("error of another");
        own.say("two");
        other.say("the end of another");
        let text = tail(&path, 2, own.began_at()).unwrap();
        assert_eq!(text, "##[endgroup]\none\ntwo\n");
        other.say(&"x".repeat(3 * TAIL));
        own.say(&"y\n".repeat(2 * TAIL));
        let text = tail(&path, 2, own.began_at()).unwrap();
        assert_eq!(text.len(), TAIL);
        assert!(text.lines().all(|line| line == "y" || line.is_empty()));
    }
}
