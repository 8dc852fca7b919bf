use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

/// What the test runner said.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) success: bool,
    passed: usize,
    failed: usize,
    ignored: usize,
    /// Tests that failed and then passed (`FLAKY 2/2 [ 1.2s] forge::it name`).
    flaky: BTreeSet<String>,
    /// The runner's own last words.
    summary: Vec<String>,
}

/// A test that did not run, and why.
pub(super) struct Skipped {
    test: String,
    reason: String,
}

/// Runs the tests, passing on what they print.
pub(super) fn run(mut command: Command) -> Result<Outcome, String> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("cargo: {error}"))?;
    let outcome = Arc::new(Mutex::new(Outcome::default()));
    let readers = [
        child.stdout.take().map(|from| tee(from, std::io::stdout(), Arc::clone(&outcome))),
        child.stderr.take().map(|from| tee(from, std::io::stderr(), Arc::clone(&outcome))),
    ];
    let status = child.wait().map_err(|error| error.to_string())?;
    for reader in readers.into_iter().flatten() {
        let _ = reader.join();
    }
    let mut outcome = outcome.lock().map_or_else(|_| Outcome::default(), |mut shared| std::mem::take(&mut *shared));
    outcome.success = status.success();
    Ok(outcome)
}

fn tee(
    from: impl Read + Send + 'static,
    mut to: impl Write + Send + 'static,
    outcome: Arc<Mutex<Outcome>>,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut reader = BufReader::new(from);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let _ = to.write_all(&line);
            if let Ok(mut outcome) = outcome.lock() {
                outcome.read(&String::from_utf8_lossy(&line));
            }
            line.clear();
        }
    })
}

impl Outcome {
    /// Understands `Summary [ 1.2s] 5 tests run: 4 passed (1 slow), 1 failed, 2 skipped` and
    /// `test result: ok. 5 passed; 0 failed; 1 ignored; …`.
    fn read(&mut self, line: &str) {
        let line = line.trim();
        if let Some((_, test)) = line.strip_prefix("FLAKY ").and_then(|rest| rest.split_once("] ")) {
            self.flaky.insert(test.trim().to_owned());
        }
        // A failed test's own output holds lines like the runner's; nextest's come last and count everything.
        if line.starts_with("Summary [") {
            (self.passed, self.failed, self.ignored) = (0, 0, 0);
        }
        let counts = match (line.strip_prefix("Summary ["), line.strip_prefix("test result:")) {
            (Some(rest), _) => rest.split_once("run:").map_or(rest, |(_, counts)| counts),
            (None, Some(rest)) => rest,
            (None, None) => return,
        };
        self.summary.push(line.to_owned());
        for part in counts.split([',', ';', '.']) {
            let mut words = part.split_whitespace();
            let Some(number) = words.next().and_then(|word| word.parse::<usize>().ok()) else {
                continue;
            };
            match words.next() {
                Some("passed") => self.passed += number,
                Some("failed") => self.failed += number,
                Some("skipped" | "ignored") => self.ignored += number,
                _ => {}
            }
        }
    }

    /// The skips as a table, the runner's summary, and one plain line.
    pub(super) fn report(&self, skipped: &[Skipped]) -> String {
        let mut text = String::new();
        if !skipped.is_empty() {
            let width = skipped.iter().map(|skip| skip.test.chars().count()).max().unwrap_or(0);
            text.push_str("skipped:\n");
            for skip in skipped {
                text.push_str(&format!("  {:width$}  {}\n", skip.test, skip.reason));
            }
        }
        for test in &self.flaky {
            text.push_str(&format!("flaky, passed when run again: {test}\n"));
        }
        for line in self.summary.iter().rev().take(1) {
            text.push_str(&format!("{line}\n"));
        }
        // To the runner a test that skipped itself has passed.
        let tests: BTreeSet<&str> = skipped.iter().map(|skip| skip.test.as_str()).collect();
        let passed = self.passed.saturating_sub(tests.len());
        text.push_str(&format!("{passed} passed, {} failed, {} skipped", self.failed, self.ignored + skipped.len()));
        text
    }
}

/// Reads what tests wrote to the file named by `TRUNKLINE_SKIPS`.
pub(super) fn skipped(file: &Path) -> Vec<Skipped> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let mut skipped: Vec<Skipped> = text
        .lines()
        .filter_map(|line| line.strip_prefix("skipped: "))
        .map(|line| {
            let (test, reason) = line.split_once(": ").unwrap_or((line, ""));
            Skipped { test: test.to_owned(), reason: reason.to_owned() }
        })
        .collect();
    skipped.sort_by(|a, b| a.test.cmp(&b.test));
    skipped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_runners_are_understood() {
        let lines = [
            ("     Summary [   1.204s] 54 tests run: 53 passed (2 slow), 1 failed, 3 skipped", (53, 1, 3)),
            (
                "test result: ok. 12 passed; 0 failed; 4 ignored; 0 measured; 0 filtered out; finished in 0.02s",
                (12, 0, 4),
            ),
            ("running 3 tests", (0, 0, 0)),
        ];
        for (line, counts) in lines {
            let mut outcome = Outcome::default();
            outcome.read(line);
            assert_eq!((outcome.passed, outcome.failed, outcome.ignored), counts, "{line}");
        }
    }

    #[test]
    fn what_a_failed_test_printed_is_not_counted_again() {
        let mut outcome = Outcome::default();
        let lines = [
            "test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 9 filtered out; finished in 0.01s",
            "Summary [ 1.2s] 54 tests run: 53 passed, 1 failed, 3 skipped",
            "Summary [ 1.2s] 54 tests run: 53 passed, 1 failed, 3 skipped",
        ];
        lines.iter().for_each(|line| outcome.read(line));
        assert_eq!((outcome.passed, outcome.failed, outcome.ignored), (53, 1, 3));
    }

    #[test]
    fn the_last_line_counts_skips_apart() {
        let mut outcome = Outcome { success: true, passed: 5, ignored: 1, ..Outcome::default() };
        outcome.read("   FLAKY 2/2 [   0.8s] (12/54) forge::it races");
        outcome.summary.push("Summary".to_owned());
        let skip = |test: &str, reason: &str| Skipped { test: test.to_owned(), reason: reason.to_owned() };
        let report = outcome.report(&[skip("a", "no node"), skip("b", "no go")]);
        assert_eq!(
            report,
            "skipped:\n  a  no node\n  b  no go\n\
             flaky, passed when run again: (12/54) forge::it races\nSummary\n3 passed, 0 failed, 3 skipped"
        );
    }
}
