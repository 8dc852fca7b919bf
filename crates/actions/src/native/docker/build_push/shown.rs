//! A build in the step's log, as `docker build --progress=plain` shows it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use builder::{Event, StepId};

use crate::native::NativeCall;

pub(super) struct Shown {
    call: Arc<NativeCall>,
    began: Instant,
    names: BTreeMap<StepId, String>,
    /// The step that spoke last.
    last: Option<StepId>,
    /// Output without a line break at its end yet.
    open: BTreeMap<StepId, Vec<u8>>,
}

impl Shown {
    pub(super) fn new(call: Arc<NativeCall>) -> Self {
        Self { call, began: Instant::now(), names: BTreeMap::new(), last: None, open: BTreeMap::new() }
    }

    pub(super) fn event(&mut self, event: Event) {
        match event {
            Event::Planned { step, name, .. } => {
                self.names.insert(step, name);
            }
            Event::Started { step } => self.turn_to(step),
            Event::Cached { step } => self.line(step, "CACHED"),
            Event::Log { step, data, .. } => self.output(step, &data),
            Event::Transfer { step, what, done, total: Some(total) } if done == total && total > 0 => {
                self.line(step, &format!("{what} {total} bytes"));
            }
            Event::Transfer { .. } => {}
            Event::Finished { step, took, error } => {
                self.flush(step);
                match error {
                    None => self.line(step, &format!("DONE {:.1}s", took.as_secs_f64())),
                    Some(error) => self.line(step, &format!("ERROR: {error}")),
                }
            }
            Event::Warning { message, line } => {
                let place = line.map_or_else(String::new, |line| format!(" (line {line})"));
                self.call.warn(format!("{message}{place}"));
            }
        }
    }

    pub(super) fn end(&mut self) {
        let left: Vec<StepId> = self.open.keys().copied().collect();
        left.into_iter().for_each(|step| self.flush(step));
    }

    fn turn_to(&mut self, step: StepId) {
        if self.last == Some(step) {
            return;
        }
        self.last = Some(step);
        let name = self.names.get(&step).map_or("", String::as_str);
        self.call.say(format!("#{} {name}", step.0));
    }

    fn line(&mut self, step: StepId, text: &str) {
        self.turn_to(step);
        for line in text.lines() {
            self.call.say(format!("#{} {line}", step.0));
        }
    }

    fn output(&mut self, step: StepId, data: &[u8]) {
        let mut all = self.open.remove(&step).unwrap_or_default();
        all.extend_from_slice(data);
        let end = all.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let rest = all.split_off(end);
        let seconds = self.began.elapsed().as_secs_f64();
        for line in String::from_utf8_lossy(&all).lines() {
            self.line(step, &format!("{seconds:.3} {line}"));
        }
        // A line without an end is not kept for ever.
        if rest.len() > 64 * 1024 {
            self.line(step, &format!("{seconds:.3} {}", String::from_utf8_lossy(&rest)));
        } else if !rest.is_empty() {
            self.open.insert(step, rest);
        }
    }

    fn flush(&mut self, step: StepId) {
        if let Some(rest) = self.open.remove(&step) {
            let seconds = self.began.elapsed().as_secs_f64();
            self.line(step, &format!("{seconds:.3} {}", String::from_utf8_lossy(&rest)));
        }
    }
}
