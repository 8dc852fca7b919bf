//! A run that is scripted event by event, with logs in real records.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use api::{
    Annotation, AnnotationLevel, Conclusion, Envelope, Event, Isolation, JobFinished, JobPlanned, JobStarted, LegId,
    Location, Reason, RunFinished, RunNumber, RunStarted, Stage, StepFinished, StepStarted, WorkflowConsidered,
    WorkflowFinished, WorkflowIndex, WorkflowStarted,
};
use runner::log::{JobLog, Stream};

use crate::report::json::Json;
use crate::report::output::{Form, Output};
use crate::report::palette::Palette;
use crate::report::quiet::Quiet;
use crate::report::reporter::Reporter;
use crate::report::screen::{Screen, Size};
use crate::report::terminal::{Terminal, TerminalOptions};

enum Happening {
    Event(Envelope),
    Log(LegId),
    Says(LegId, u32, Stream, String),
}

/// Every happening is a tenth of a second after the one before.
pub(super) struct Script {
    happenings: Vec<Happening>,
    seq: u64,
    at: i64,
}

impl Script {
    pub(super) fn new() -> Self {
        Self { happenings: Vec::new(), seq: 0, at: 1_000_000 }
    }

    fn event(&mut self, event: Event) {
        self.seq += 1;
        self.at += 100_000;
        self.happenings.push(Happening::Event(Envelope { seq: self.seq, at: self.at, event }));
    }

    pub(super) fn begin(&mut self) {
        self.event(Event::RunStarted(RunStarted {
            run: RunNumber(12),
            version: api::EVENTS_VERSION,
            trunkline: "0".to_owned(),
            event_name: "push".to_owned(),
            repository: "octo/app".to_owned(),
            git_ref: "refs/heads/main".to_owned(),
            sha: "1a2b3c4d5e".to_owned(),
            attempt: 1,
        }));
    }

    pub(super) fn left_out(&mut self, file: &str, why: &str) {
        let path = format!(".github/workflows/{file}");
        let reason = Reason { code: "paths".to_owned(), reason: why.to_owned(), location: Some(place(&path, 4)) };
        self.event(Event::WorkflowConsidered(WorkflowConsidered {
            path,
            name: String::new(),
            runs: false,
            reason,
            evidence: Vec::new(),
        }));
    }

    pub(super) fn workflow(&mut self, name: &str) {
        self.event(Event::WorkflowStarted(WorkflowStarted {
            workflow: WorkflowIndex(0),
            path: ".github/workflows/ci.yml".to_owned(),
            name: name.to_owned(),
            run_name: "Fix it".to_owned(),
            run_id: 1,
            run_number: 1,
        }));
    }

    pub(super) fn job(&mut self, leg: usize, name: &str) {
        self.event(Event::JobPlanned(JobPlanned {
            leg: id(leg),
            workflow: WorkflowIndex(0),
            job: name.split(' ').next().unwrap().to_owned(),
            name: name.to_owned(),
            needs: Vec::new(),
            matrix: None,
            condition: None,
        }));
    }

    pub(super) fn start(&mut self, leg: usize) {
        self.happenings.push(Happening::Log(id(leg)));
        self.event(Event::JobStarted(JobStarted {
            leg: id(leg),
            runs_on: vec!["ubuntu-latest".to_owned()],
            isolation: Isolation { mode: "sandbox".to_owned(), missing: vec!["limits are not applied".to_owned()] },
        }));
    }

    pub(super) fn step(&mut self, leg: usize, step: u32, name: &str) {
        self.event(Event::StepStarted(StepStarted {
            leg: id(leg),
            step,
            id: format!("s{step}"),
            name: name.to_owned(),
            stage: if name.starts_with("Post ") { Stage::Post } else { Stage::Main },
            parent: None,
        }));
    }

    pub(super) fn says(&mut self, leg: usize, step: u32, stream: Stream, text: &str) {
        self.happenings.push(Happening::Says(id(leg), step, stream, text.to_owned()));
    }

    pub(super) fn annotation(&mut self, leg: usize, step: u32, file: &str, line: u32, message: &str) {
        let annotation = Annotation {
            file: Some(file.to_owned()),
            line: Some(line),
            ..Annotation::message(AnnotationLevel::Error, message)
        };
        self.event(Event::Annotation { leg: id(leg), step: Some(step), annotation });
    }

    pub(super) fn summary(&mut self, leg: usize, step: u32, markdown: &str) {
        self.event(Event::Summary { leg: id(leg), step, markdown: markdown.to_owned() });
    }

    pub(super) fn step_ends(&mut self, leg: usize, step: u32, conclusion: Conclusion) {
        let text = match conclusion {
            Conclusion::Failure => "Process completed with exit code 1.",
            _ => "an earlier step failed",
        };
        let reason = Reason {
            code: "exit".to_owned(),
            reason: text.to_owned(),
            location: Some(place(".github/workflows/ci.yml", 9)),
        };
        self.event(Event::StepFinished(StepFinished {
            leg: id(leg),
            step,
            outcome: conclusion,
            conclusion,
            reason: (conclusion != Conclusion::Success).then_some(reason),
            condition: None,
            outputs: BTreeMap::new(),
        }));
    }

    pub(super) fn ends(&mut self, leg: usize, conclusion: Conclusion, first_error: Option<&str>) {
        let reason = Reason {
            code: "needs".to_owned(),
            reason: "needs test, which failed".to_owned(),
            location: Some(place(".github/workflows/ci.yml", 30)),
        };
        self.event(Event::JobFinished(JobFinished {
            leg: id(leg),
            conclusion,
            reason: (conclusion == Conclusion::Skipped).then_some(reason),
            outputs: BTreeMap::new(),
            first_error: first_error.map(str::to_owned),
            environment_url: None,
        }));
    }

    pub(super) fn finish(&mut self, conclusion: Conclusion) {
        let workflow = WorkflowIndex(0);
        self.event(Event::WorkflowFinished(WorkflowFinished { workflow, conclusion, reason: None }));
        self.event(Event::RunFinished(RunFinished { conclusion }));
    }

    pub(super) fn terminal(&self, columns: usize, colour: bool) -> String {
        let size = Size { columns, rows: 40 };
        let text = self.shown(|out| terminal(out, false, size, colour), None);
        text.replace('\x1b', "␛")
    }

    /// What a terminal shows after the first happenings, drawn anew after each.
    pub(super) fn live(&self, columns: usize, happenings: usize) -> String {
        let size = Size { columns, rows: 40 };
        let end = happenings.min(self.happenings.len());
        let text = self.shown(|out| terminal(out, true, size, false), Some(end));
        on_a_terminal(&text)
    }

    pub(super) fn quiet(&self) -> String {
        let palette = Palette { colour: false };
        self.shown(|out| Form::Quiet(Quiet::new(Screen::new(out, false, None), palette)), None)
    }

    /// Without the times of log lines, which are those of the test.
    pub(super) fn json(&self) -> String {
        let text = self.shown(|out| Form::Json(Json::new(Screen::new(out, false, None))), None);
        let lines = text.lines().map(|line| {
            let event: serde_json::Value = serde_json::from_str(line).unwrap();
            let word = |name: &str| event.get(name).map(ToString::to_string).unwrap_or_default();
            let line = format!("{} {} {} {} {}", word("seq"), word("type"), word("leg"), word("step"), word("line"));
            line.trim_end().to_owned()
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The same as [`Script::terminal`], through the reporter's own thread, with a pause in the middle.
    pub(super) async fn reported(&self, columns: usize) -> String {
        let directory = tempfile::tempdir().unwrap();
        let shown = Shared::default();
        let size = Size { columns, rows: 40 };
        let output = Output::new(terminal(Box::new(shown.clone()), false, size, false));
        let reporter = Reporter::with_output(output, true).unwrap();
        let mut logs = BTreeMap::new();
        let mut paused = None;
        for (index, happening) in self.happenings.iter().enumerate() {
            match happening {
                Happening::Event(envelope) => reporter.event(envelope.clone()),
                Happening::Log(leg) => {
                    let log = JobLog::create(&directory.path().join(leg.to_string())).unwrap();
                    reporter.job_log(*leg, &log);
                    logs.insert(*leg, log);
                }
                Happening::Says(leg, step, stream, text) => {
                    let (log, step, stream, text) = (logs[leg].clone(), *step, *stream, text.clone());
                    let write = move || super::write_log(&log, step, stream, &text);
                    tokio::task::spawn_blocking(write).await.unwrap();
                }
            }
            if index == self.happenings.len() / 2 {
                let pause = reporter.pause().await;
                paused = Some((pause, shown.0.lock().unwrap().len()));
            }
            if index == self.happenings.len() - 2
                && let Some((pause, length)) = paused.take()
            {
                assert_eq!(shown.0.lock().unwrap().len(), length, "nothing is printed meanwhile");
                drop(pause);
            }
        }
        reporter.finish().await;
        let bytes = shown.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    fn shown(&self, form: impl FnOnce(Box<dyn Write + Send>) -> Form, live: Option<usize>) -> String {
        let directory = tempfile::tempdir().unwrap();
        let shown = Shared::default();
        let mut output = Output::new(form(Box::new(shown.clone())));
        let mut logs = BTreeMap::new();
        let mut now = 0;
        let end = live.unwrap_or(self.happenings.len());
        for happening in &self.happenings[..end] {
            match happening {
                Happening::Event(envelope) => {
                    now = envelope.at;
                    output.event(envelope);
                }
                Happening::Log(leg) => {
                    let path = directory.path().join(leg.to_string());
                    logs.insert(*leg, JobLog::create(&path).unwrap());
                    output.add_log(*leg, path);
                }
                Happening::Says(leg, step, stream, text) => {
                    super::write_log(&logs[leg], *step, *stream, text);
                    output.log_grew(*leg);
                }
            }
            if live.is_some() {
                output.flush(now);
            }
        }
        if end == self.happenings.len() {
            output.clear();
        }
        let bytes = shown.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }
}

fn terminal(out: Box<dyn Write + Send>, live: bool, size: Size, colour: bool) -> Form {
    let screen = Screen::new(out, live, Some(size));
    Form::Terminal(Box::new(Terminal::new(screen, Palette { colour }, TerminalOptions::default())))
}

/// The lines that stand there when a terminal has carried out everything.
fn on_a_terminal(text: &str) -> String {
    let mut lines = vec![String::new()];
    let (mut row, mut rest) = (0usize, text);
    while let Some(next) = rest.chars().next() {
        let mut used = next.len_utf8();
        match next {
            '\n' => {
                row += 1;
                lines.resize(lines.len().max(row + 1), String::new());
            }
            '\r' => lines[row].clear(),
            '\x1b' => {
                let end = rest.find(|c: char| c.is_ascii_alphabetic()).unwrap();
                match &rest[..=end] {
                    "\x1b[?2026h" | "\x1b[?2026l" => {}
                    "\x1b[J" => {
                        lines.truncate(row + 1);
                        lines[row].clear();
                    }
                    up => row -= up[2..end].parse::<usize>().unwrap(),
                }
                used = end + 1;
            }
            other => lines[row].push(other),
        }
        rest = &rest[used..];
    }
    lines.join("\n")
}

fn id(leg: usize) -> LegId {
    LegId(u32::try_from(leg).unwrap())
}

fn place(file: &str, line: u32) -> Location {
    Location { file: file.to_owned(), line, column: 1 }
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
